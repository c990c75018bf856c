with activity as (
    select * from {{ ref('fct_user_activity_daily') }}
),

first_activity as (
    select
        activity.user_id,
        {{ in_client_scope('activity') }},
        activity.country_code,
        activity.date_day as joined_on,
        activity.first_occurred_at
    from activity
    cross join ({{ client_scopes() }}) as clients
),

first_active as (
    select
        user_id,
        partner_id,
        client_id,
        country_code,
        joined_on,
        row_number() over (
            partition by user_id, partner_id, client_id
            order by first_occurred_at asc nulls last, country_code asc nulls last
        ) as activity_number
    from first_activity
),

registered as (
    select
        registrations.entity_id as user_id,
        {{ in_client_scope('registrations') }},
        registrations.country_code,
        registrations.date_day as joined_on
    from {{ ref('int_registrations') }} as registrations
    cross join ({{ client_scopes() }}) as clients
    where registrations.entity = 'user'
),

joined as (
    select 'first_active' as cohort_kind, user_id, partner_id, client_id, country_code, joined_on
    from first_active
    where activity_number = 1
    union all
    select 'registered' as cohort_kind, user_id, partner_id, client_id, country_code, joined_on
    from registered
)

select
    cohort_kind,
    'week' as period_type,
    cast(date_trunc('week', joined_on) as date) as cohort_start,
    user_id,
    partner_id,
    client_id,
    country_code
from joined
union all
select
    cohort_kind,
    'month' as period_type,
    cast(date_trunc('month', joined_on) as date) as cohort_start,
    user_id,
    partner_id,
    client_id,
    country_code
from joined
