with source as (
    select * from {{ source('events', 'musicserviceauth') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        service,
        outcome,
        errorcode as error_code,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'service', 'outcome', 'error_code',
]) }}
