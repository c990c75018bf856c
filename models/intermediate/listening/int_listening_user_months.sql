{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'column': 'month_start', 'also': 'starts_of_changed_months'}},
        post_hook="{{ record_build() }}"
    )
}}

-- A year counts its listeners from these: a new day reads a month of days and twelve months, not a year of days.

{% set dates = rebuild_dates() %}

with days as (
    select
        cast(date_trunc('month', date_day) as date) as month_start,
        client_id,
        user_id,
        seconds_listened,
        plays_started,
        valid_listens
    from {{ ref('int_listening_user_days') }}
    where {{ in_dates('date_day', dates, days_after=30) }}
)

select
    month_start,
    client_id,
    user_id,
    {{ exact_sum('seconds_listened') }} as seconds_listened,
    cast(sum(plays_started) as bigint) as plays_started,
    cast(sum(valid_listens) as bigint) as valid_listens
from days
where {{ in_dates('month_start', dates) }}
group by month_start, client_id, user_id
