-- Hours listened are what partners are billed by: every second that play events report is in exactly one hour and one
-- day.

with reported as (
    select coalesce({{ exact_sum('seconds_listened') }}, 0) as seconds_listened
    from {{ ref('stg_events__play') }}
),

hourly as (
    select coalesce({{ exact_sum('hours_listened * 3600.0') }}, 0) as seconds_listened
    from {{ ref('fct_listening_hourly') }}
),

daily as (
    select coalesce({{ exact_sum('hours_listened * 3600.0') }}, 0) as seconds_listened
    from {{ ref('fct_listening_daily') }}
)

select
    reported.seconds_listened as reported_seconds,
    hourly.seconds_listened as hourly_seconds,
    daily.seconds_listened as daily_seconds
from reported
cross join hourly
cross join daily
where
    abs(reported.seconds_listened - hourly.seconds_listened) > 0.001 + 0.000000001 * reported.seconds_listened
    or abs(reported.seconds_listened - daily.seconds_listened) > 0.001 + 0.000000001 * reported.seconds_listened
