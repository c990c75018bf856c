-- A dashboard by hour and one by day must tell the same: plays, valid listens, skips and hours of each day agree.

with hourly as (
    select
        date_day,
        {{ exact_sum('hours_listened') }} as hours_listened,
        cast(sum(plays_started) as bigint) as plays_started,
        cast(sum(valid_listens) as bigint) as valid_listens,
        cast(sum(skips) as bigint) as skips
    from {{ ref('fct_listening_hourly') }}
    group by date_day
),

daily as (
    select
        date_day,
        {{ exact_sum('hours_listened') }} as hours_listened,
        cast(sum(plays_started) as bigint) as plays_started,
        cast(sum(valid_listens) as bigint) as valid_listens,
        cast(sum(skips) as bigint) as skips
    from {{ ref('fct_listening_daily') }}
    group by date_day
),

both_kinds as (
    select date_day from hourly
    union
    select date_day from daily
)

select both_kinds.date_day
from both_kinds
left join hourly on both_kinds.date_day = hourly.date_day
left join daily on both_kinds.date_day = daily.date_day
where
    abs(coalesce(hourly.hours_listened, 0) - coalesce(daily.hours_listened, 0)) > 0.000001
    or coalesce(hourly.plays_started, 0) <> coalesce(daily.plays_started, 0)
    or coalesce(hourly.valid_listens, 0) <> coalesce(daily.valid_listens, 0)
    or coalesce(hourly.skips, 0) <> coalesce(daily.skips, 0)
