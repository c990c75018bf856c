with newest as (
    select
        periods.period_type,
        periods.period_index as newest_index,
        horizon.newest_received_day
    from {{ ref('int_data_horizon') }} as horizon
    inner join {{ ref('int_periods') }} as periods
        on horizon.newest_day between periods.period_start and periods.period_end
),

country_scopes as (
    select 'country' as country_scope
    union all
    select 'all' as country_scope
),

members as (
    select
        members.cohort_kind,
        members.period_type,
        members.cohort_start,
        members.user_id,
        members.partner_id,
        members.client_id,
        case when country_scopes.country_scope = 'all' then 'all' else members.country_code end as country_code
    from {{ ref('int_cohort_members') }} as members
    cross join country_scopes
),

activity as (
    select
        activity.cohort_kind,
        activity.period_type,
        activity.cohort_start,
        activity.partner_id,
        activity.client_id,
        case when country_scopes.country_scope = 'all' then 'all' else activity.country_code end as country_code,
        activity.period_start,
        cast(sum(activity.active_users) as bigint) as active_users
    from {{ ref('int_cohort_activity') }} as activity
    cross join country_scopes
    group by
        activity.cohort_kind,
        activity.period_type,
        activity.cohort_start,
        activity.partner_id,
        activity.client_id,
        case when country_scopes.country_scope = 'all' then 'all' else activity.country_code end,
        activity.period_start
),

last_periods as (
    {% for period_type in ['week', 'month'] %}
    select
        '{{ period_type }}' as period_type,
        cast(date_trunc('{{ period_type }}', date_day) as date) as period_start,
        user_id,
        partner_id,
        client_id
    from {{ ref('int_user_lasts') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

last_activity as (
    select
        members.cohort_kind,
        members.period_type,
        members.cohort_start,
        members.partner_id,
        members.client_id,
        members.country_code,
        lasts.period_start,
        count(*) as users_last_active
    from members
    inner join last_periods as lasts
        on
            members.user_id = lasts.user_id
            and members.partner_id = lasts.partner_id
            and members.client_id = lasts.client_id
            and members.period_type = lasts.period_type
            and members.cohort_start <= lasts.period_start
    group by
        members.cohort_kind,
        members.period_type,
        members.cohort_start,
        members.partner_id,
        members.client_id,
        members.country_code,
        lasts.period_start
),

cohorts as (
    select
        cohort_kind,
        period_type,
        cohort_start,
        partner_id,
        client_id,
        country_code,
        count(*) as cohort_users
    from members
    group by cohort_kind, period_type, cohort_start, partner_id, client_id, country_code
),

cells as (
    select
        cohorts.cohort_kind,
        cohorts.period_type,
        cohorts.cohort_start,
        periods.period_index - starts.period_index as period_number,
        cohorts.partner_id,
        cohorts.client_id,
        cohorts.country_code,
        cohorts.cohort_users,
        coalesce(activity.active_users, 0) as retained_users,
        -- active in this period or later: those whose last active period is this or a later one
        cast(sum(coalesce(last_activity.users_last_active, 0)) over (
            partition by
                cohorts.cohort_kind,
                cohorts.period_type,
                cohorts.cohort_start,
                cohorts.partner_id,
                cohorts.client_id,
                cohorts.country_code
            order by periods.period_index desc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as returning_users,
        periods.period_end < newest.newest_received_day as is_complete
    from cohorts
    inner join newest on cohorts.period_type = newest.period_type
    inner join {{ ref('int_periods') }} as starts
        on cohorts.period_type = starts.period_type and cohorts.cohort_start = starts.period_start
    inner join {{ ref('int_periods') }} as periods
        on
            cohorts.period_type = periods.period_type
            and starts.period_index <= periods.period_index
            and newest.newest_index >= periods.period_index
    left join activity
        on
            cohorts.cohort_kind = activity.cohort_kind
            and cohorts.period_type = activity.period_type
            and cohorts.cohort_start = activity.cohort_start
            and cohorts.partner_id = activity.partner_id
            and cohorts.client_id = activity.client_id
            and cohorts.country_code = activity.country_code
            and periods.period_start = activity.period_start
    left join last_activity
        on
            cohorts.cohort_kind = last_activity.cohort_kind
            and cohorts.period_type = last_activity.period_type
            and cohorts.cohort_start = last_activity.cohort_start
            and cohorts.partner_id = last_activity.partner_id
            and cohorts.client_id = last_activity.client_id
            and cohorts.country_code = last_activity.country_code
            and periods.period_start = last_activity.period_start
)

select
    cohort_kind,
    period_type,
    cohort_start,
    period_number,
    partner_id,
    client_id,
    country_code,
    cohort_users,
    retained_users,
    returning_users,
    cast(retained_users as double precision) / cast(cohort_users as double precision) as retention_rate,
    cast(returning_users as double precision) / cast(cohort_users as double precision) as returning_rate,
    is_complete
from cells
