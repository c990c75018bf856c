{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'days_before': 1, 'days_after': 2, 'also': 'dates_of_late_devices'}},
        post_hook="{{ record_build() }}"
    )
}}

-- The seconds an event reports were heard just before it: they are spread backwards over the hours of hearing.

{% set dates = rebuild_dates() %}

with events as (
    select
        *,
        date_trunc('hour', occurred_at) as event_hour,
        {{ seconds_between("date_trunc('hour', occurred_at)", 'occurred_at') }} as seconds_into_hour
    from {{ ref('stg_events__play') }}
    where seconds_listened > 0 and {{ in_dates('event_date', dates, days_after=1) }}
),

plays as (
    select * from {{ ref('fct_plays') }}
    where {{ in_dates('date_day', dates, days_before=2, days_after=1) }}
),

-- an event after its play's two last dates belongs to no play: it speaks for itself
attributed as (
    select
        events.event_hour,
        events.seconds_into_hour,
        events.seconds_listened,
        case when plays.play_id is null then events.user_id else plays.user_id end as user_id,
        case when plays.play_id is null then events.device_id end as device_id,
        case when plays.play_id is null then events.client_id else plays.client_id end as client_id,
        case when plays.play_id is null then events.country_code else plays.country_code end as country_code,
        case
            when plays.play_id is null then coalesce(devices.model, 'unknown') else plays.device_model
        end as device_model,
        case
            when plays.play_id is null then coalesce(events.music_source, 'unknown') else plays.music_source
        end as music_source,
        case when plays.play_id is null then events.content_type else plays.content_type end as content_type,
        case when plays.play_id is null then coalesce(events.genre, 'unknown') else plays.genre end as genre
    from events
    left join plays
        on events.play_id = plays.play_id and events.event_date between plays.date_day and plays.date_day + 2
    left join {{ ref('dim_devices') }} as devices on events.device_id = devices.device_id
),

-- hour 0 is the event's own, hour 24 the furthest that 86,400 seconds can reach back
hours_back as (
    select cast(generated_number - 1 as integer) as hours_back
    from ({{ dbt.generate_series(25) }}) as numbers
),

reached as (
    select
        attributed.*,
        hours_back.hours_back,
        case
            when hours_back.hours_back = 0 then 0.0
            else attributed.seconds_into_hour + 3600.0 * (hours_back.hours_back - 1)
        end as seconds_to_end,
        attributed.seconds_into_hour + 3600.0 * hours_back.hours_back as seconds_to_start
    from attributed
    inner join hours_back
        on
            hours_back.hours_back = 0
            or attributed.seconds_into_hour + 3600.0 * (hours_back.hours_back - 1) < attributed.seconds_listened
),

spread as (
    select
        {{ dbt.dateadd('hour', '-hours_back', 'event_hour') }} as hour_start,
        user_id,
        device_id,
        client_id,
        country_code,
        device_model,
        music_source,
        content_type,
        genre,
        -- to the billionth that exact_sum adds: what doubles leave of less at the edge of an hour was not heard in it
        cast(least(seconds_listened, seconds_to_start) - seconds_to_end as decimal(28, 9)) as seconds_listened
    from reached
)

select
    hour_start,
    cast(hour_start as date) as date_day,
    user_id,
    device_id,
    client_id,
    country_code,
    device_model,
    music_source,
    content_type,
    genre,
    {{ exact_sum('seconds_listened') }} as seconds_listened
from spread
where seconds_listened > 0 and {{ in_dates('cast(hour_start as date)', dates) }}
group by hour_start, user_id, device_id, client_id, country_code, device_model, music_source, content_type, genre
