{{ config(materialized='view') }}

-- Users are joined and counted by country, before the country `all` makes two rows of each.

with country_scopes as (
    select 'country' as country_scope
    union all
    select 'all' as country_scope
),

members as (
    select
        members.cohort_kind,
        members.period_type,
        members.cohort_start,
        members.partner_id,
        members.client_id,
        members.country_code,
        case members.period_type
            when 'week' then cast(date_trunc('week', lasts.date_day) as date)
            else cast(date_trunc('month', lasts.date_day) as date)
        end as last_period_start
    from {{ ref('int_cohort_members') }} as members
    left join {{ ref('int_user_lasts') }} as lasts
        on
            members.user_id = lasts.user_id
            and members.partner_id = lasts.partner_id
            and members.client_id = lasts.client_id
            and members.cohort_start <= lasts.date_day
),

counted as (
    select
        cohort_kind,
        period_type,
        cohort_start,
        period_start,
        partner_id,
        client_id,
        country_code,
        active_users,
        0 as users_last_active
    from {{ ref('int_cohort_activity') }}
    union all
    select
        cohort_kind,
        period_type,
        cohort_start,
        last_period_start as period_start,
        partner_id,
        client_id,
        country_code,
        0 as active_users,
        count(*) as users_last_active
    from members
    group by cohort_kind, period_type, cohort_start, last_period_start, partner_id, client_id, country_code
)

select
    counted.cohort_kind,
    counted.period_type,
    counted.cohort_start,
    counted.period_start,
    counted.partner_id,
    counted.client_id,
    case when country_scopes.country_scope = 'all' then 'all' else counted.country_code end as country_code,
    cast(sum(counted.active_users) as bigint) as active_users,
    cast(sum(counted.users_last_active) as bigint) as users_last_active
from counted
cross join country_scopes
group by
    counted.cohort_kind,
    counted.period_type,
    counted.cohort_start,
    counted.period_start,
    counted.partner_id,
    counted.client_id,
    case when country_scopes.country_scope = 'all' then 'all' else counted.country_code end
