with source as (
    select * from {{ source('events', 'navigation') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        screen,
        previousscreen as previous_screen,
        option as selected_option,
        secondsonscreen as seconds_on_previous_screen,
        sessionid as session_id,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'screen', 'previous_screen', 'selected_option', 'seconds_on_previous_screen', 'session_id',
]) }}
