{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

{% set dates = rebuild_dates() %}

with events as (
    select
        event_date,
        client_id,
        coalesce(platform, 'unknown') as platform,
        coalesce(nullif(screen, ''), 'unknown') as screen,
        nullif(previous_screen, '') as previous_screen,
        user_id,
        seconds_on_previous_screen
    from {{ ref('stg_events__navigation') }}
    where {{ in_dates('event_date', dates) }}
),

shown as (
    select
        event_date as date_day,
        client_id,
        platform,
        screen,
        count(*) as views,
        count(distinct user_id) as users
    from events
    group by event_date, client_id, platform, screen
),

-- how long a screen was looked at is told by the event that leaves it
timed as (
    select
        event_date as date_day,
        client_id,
        platform,
        previous_screen as screen,
        percentile_cont(0.5) within group (order by seconds_on_previous_screen) as median_seconds,
        percentile_cont(0.9) within group (order by seconds_on_previous_screen) as p90_seconds
    from events
    where previous_screen is not null and seconds_on_previous_screen is not null
    group by event_date, client_id, platform, previous_screen
),

screens as (
    select date_day, client_id, platform, screen from shown
    union
    select date_day, client_id, platform, screen from timed
)

select
    screens.date_day,
    {{ partner_of('clients') }} as partner_id,
    screens.client_id,
    screens.platform,
    screens.screen,
    cast(coalesce(shown.views, 0) as bigint) as views,
    cast(coalesce(shown.users, 0) as bigint) as users,
    cast(timed.median_seconds as double precision) as median_seconds,
    cast(timed.p90_seconds as double precision) as p90_seconds
from screens
left join shown
    on
        screens.date_day = shown.date_day
        and screens.client_id = shown.client_id
        and screens.platform = shown.platform
        and screens.screen = shown.screen
left join timed
    on
        screens.date_day = timed.date_day
        and screens.client_id = timed.client_id
        and screens.platform = timed.platform
        and screens.screen = timed.screen
left join {{ ref('clients') }} as clients on screens.client_id = clients.client_id
