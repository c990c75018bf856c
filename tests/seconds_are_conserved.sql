-- Hours listened are what partners are billed by: every second that play events report is in exactly one hour and one day.

with reported as (
    select {{ exact_sum('seconds_listened') }} as seconds_listened from {{ ref('stg_events__play') }}
),

hourly as (
    select {{ exact_sum('hours_listened * 3600.0') }} as seconds_listened from {{ ref('fct_listening_hourly') }}
),

daily as (
    select {{ exact_sum('hours_listened * 3600.0') }} as seconds_listened from {{ ref('fct_listening_daily') }}
)

select
    reported.seconds_listened as reported_seconds,
    hourly.seconds_listened as hourly_seconds,
    daily.seconds_listened as daily_seconds
from reported
cross join hourly
cross join daily
where
    abs(coalesce(reported.seconds_listened, 0) - coalesce(hourly.seconds_listened, 0)) > 0.001 + 0.000000001 * coalesce(reported.seconds_listened, 0)
    or abs(coalesce(reported.seconds_listened, 0) - coalesce(daily.seconds_listened, 0)) > 0.001 + 0.000000001 * coalesce(reported.seconds_listened, 0)
