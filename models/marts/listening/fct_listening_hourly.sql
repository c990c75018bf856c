{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        post_hook="{{ record_build() }}"
    )
}}

{% set dates = rebuild_dates() %}

with heard as (
    select
        hour_start,
        client_id,
        country_code,
        device_model,
        music_source,
        content_type,
        genre,
        {{ exact_sum('seconds_listened') }} / 3600.0 as hours_listened
    from {{ ref('int_listening_hourly') }}
    where {{ in_dates('date_day', dates) }}
    group by hour_start, client_id, country_code, device_model, music_source, content_type, genre
),

started as (
    select
        date_trunc('hour', started_at) as hour_start,
        client_id,
        country_code,
        device_model,
        music_source,
        content_type,
        genre,
        count(*) as plays_started,
        sum(case when is_valid_listen then 1 else 0 end) as valid_listens,
        sum(case when end_reason = 'skip' then 1 else 0 end) as skips
    from {{ ref('fct_plays') }}
    where {{ in_dates('date_day', dates) }}
    group by date_trunc('hour', started_at), client_id, country_code, device_model, music_source, content_type, genre
),

both_kinds as (
    select
        hour_start,
        client_id,
        country_code,
        device_model,
        music_source,
        content_type,
        genre,
        hours_listened,
        0 as plays_started,
        0 as valid_listens,
        0 as skips
    from heard
    union all
    select
        hour_start,
        client_id,
        country_code,
        device_model,
        music_source,
        content_type,
        genre,
        0 as hours_listened,
        plays_started,
        valid_listens,
        skips
    from started
),

combined as (
    select
        hour_start,
        client_id,
        country_code,
        device_model,
        music_source,
        content_type,
        genre,
        cast(sum(hours_listened) as double precision) as hours_listened,
        cast(sum(plays_started) as bigint) as plays_started,
        cast(sum(valid_listens) as bigint) as valid_listens,
        cast(sum(skips) as bigint) as skips
    from both_kinds
    group by hour_start, client_id, country_code, device_model, music_source, content_type, genre
)

select
    combined.hour_start,
    cast(combined.hour_start as date) as date_day,
    {{ partner_of('clients') }} as partner_id,
    combined.client_id,
    combined.country_code,
    combined.device_model,
    combined.music_source,
    combined.content_type,
    combined.genre,
    combined.hours_listened,
    combined.plays_started,
    combined.valid_listens,
    combined.skips
from combined
left join {{ ref('clients') }} as clients on combined.client_id = clients.client_id
