with source as (
    select * from {{ source('events', 'promotion') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        campaignid as campaign_id,
        placement,
        kind,
        showid as show_id,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'campaign_id', 'placement', 'kind', 'show_id',
]) }}
