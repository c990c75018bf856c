with activity as (
    select distinct
        user_id,
        partner_id,
        client_id,
        date_day
    from {{ ref('fct_user_activity_daily') }}
),

scoped as (
    select distinct
        activity.user_id,
        {{ in_client_scope('activity') }},
        activity.date_day
    from activity
    cross join ({{ client_scopes() }}) as clients
),

periods as (
    select
        user_id,
        partner_id,
        client_id,
        'week' as period_type,
        cast(date_trunc('week', date_day) as date) as period_start
    from scoped
    union all
    select
        user_id,
        partner_id,
        client_id,
        'month' as period_type,
        cast(date_trunc('month', date_day) as date) as period_start
    from scoped
)

select distinct
    period_type,
    period_start,
    user_id,
    partner_id,
    client_id
from periods
