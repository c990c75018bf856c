with source as (
    select * from {{ source('events', 'showinteraction') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        showid as show_id,
        kind,
        value,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'show_id', 'kind', 'value',
]) }}
