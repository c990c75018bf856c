with source as (
    select * from {{ source('events', 'play') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        playid as play_id,
        action,
        secondslistened as seconds_listened,
        nullif(musicsource, '') as music_source,
        contentid as content_id,
        contenttype as content_type,
        showid as show_id,
        title,
        artist,
        nullif(genre, '') as genre,
        durationseconds as duration_seconds,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'play_id', 'action', 'seconds_listened', 'music_source', 'content_id', 'content_type', 'show_id', 'title', 'artist', 'genre', 'duration_seconds',
]) }}
