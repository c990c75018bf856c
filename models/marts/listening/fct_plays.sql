{{
    config(
        materialized='incremental',
        incremental_strategy='replace_keys',
        unique_key='play_id',
        meta={'rebuild': {'stale': 'stale_plays'}},
        post_hook="{{ record_build() }}"
    )
}}

{% set rebuild = plays_to_rebuild() %}
{% set attributes = [
    'user_id', 'device_id', 'client_id', 'country_code', 'platform', 'music_source', 'content_id', 'content_type', 'show_id', 'title',
    'artist', 'genre', 'duration_seconds',
] %}

with events as (
    select
        play_id,
        event_id,
        occurred_at,
        received_at,
        event_date,
        action,
        seconds_listened,
        user_id,
        device_id,
        client_id,
        nullif(country_code, 'zz') as country_code,
        platform,
        music_source,
        content_id,
        content_type,
        show_id,
        title,
        artist,
        genre,
        duration_seconds,
        min(event_date) over (partition by play_id) as first_date
    from {{ ref('stg_events__play') }}
    where
        {{ in_dates('event_date', rebuild.event_dates) }}
        {% if rebuild['keys'] %}
        and play_id in ({{ rebuild['keys'] }})
        {% endif %}
),

numbered as (
    select
        events.*,
        row_number() over (
            partition by play_id
            order by occurred_at asc nulls last, received_at asc nulls last, event_id asc nulls last
        ) as event_number,
        count(*) over (partition by play_id) as event_count
    from events
    where event_date <= first_date + 2
),

known as (
    -- of each attribute, the number of the first event that has it
    select
        {% for attribute in attributes %}
        min(case when {{ attribute }} is not null then event_number end) over (partition by play_id)
            as {{ attribute }}_number,
        {% endfor %}
        numbered.*
    from numbered
),

plays as (
    select
        play_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        min(first_date) as date_day,
        {% for attribute in attributes %}
        max(case when event_number = {{ attribute }}_number then {{ attribute }} end) as {{ attribute }},
        {% endfor %}
        {{ exact_sum('coalesce(seconds_listened, 0)') }} as seconds_listened,
        max(case when event_number = event_count then action end) as last_action
    from known
    group by play_id
)

select
    plays.play_id,
    plays.started_at,
    plays.ended_at,
    plays.date_day,
    plays.user_id,
    plays.device_id,
    {{ partner_of('clients') }} as partner_id,
    plays.client_id,
    coalesce(plays.country_code, 'zz') as country_code,
    plays.platform,
    coalesce(devices.model, 'unknown') as device_model,
    coalesce(plays.music_source, 'unknown') as music_source,
    plays.content_id,
    plays.content_type,
    plays.show_id,
    plays.title,
    plays.artist,
    coalesce(plays.genre, 'unknown') as genre,
    plays.duration_seconds,
    plays.seconds_listened,
    case
        when plays.duration_seconds is not null then least(1.0, plays.seconds_listened / plays.duration_seconds)
    end as completion,
    plays.seconds_listened >= 30
    or coalesce(plays.seconds_listened >= plays.duration_seconds * 0.5, false) as is_valid_listen,
    case when plays.last_action in ('stop', 'skip') then plays.last_action else 'open' end as end_reason
from plays
left join {{ ref('clients') }} as clients on plays.client_id = clients.client_id
left join {{ ref('dim_devices') }} as devices on plays.device_id = devices.device_id
