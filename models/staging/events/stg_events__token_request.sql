with source as (
    select * from {{ source('events', 'tokenrequest') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        granttype as grant_type,
        outcome,
        reason,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'grant_type', 'outcome', 'reason',
]) }}
