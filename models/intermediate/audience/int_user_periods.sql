with user_days as (
    select
        date_day,
        user_id,
        partner_id,
        client_id
    from {{ ref('int_user_days') }}
    where country_code = 'all' and activity = 'any'
),

periods as (
    select
        user_id,
        partner_id,
        client_id,
        'week' as period_type,
        cast(date_trunc('week', date_day) as date) as period_start
    from user_days
    union all
    select
        user_id,
        partner_id,
        client_id,
        'month' as period_type,
        cast(date_trunc('month', date_day) as date) as period_start
    from user_days
)

select distinct
    period_type,
    period_start,
    user_id,
    partner_id,
    client_id
from periods
