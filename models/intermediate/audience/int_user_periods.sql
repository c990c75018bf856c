{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'column': 'period_start', 'also': 'starts_of_changed_weeks_and_months'}},
        post_hook="{{ record_build() }}"
    )
}}

{% set dates = rebuild_dates() %}

with user_days as (
    select date_day, user_id, partner_id, client_id
    from {{ ref('int_user_days') }}
    where country_code = 'all' and activity = 'any' and {{ in_dates('date_day', dates, days_after=30) }}
),

periods as (
    select
        'week' as period_type,
        cast(date_trunc('week', date_day) as date) as period_start,
        user_id,
        partner_id,
        client_id
    from user_days
    union all
    select
        'month' as period_type,
        cast(date_trunc('month', date_day) as date) as period_start,
        user_id,
        partner_id,
        client_id
    from user_days
)

select distinct
    period_type,
    period_start,
    user_id,
    partner_id,
    client_id
from periods
where {{ in_dates('period_start', dates) }}
