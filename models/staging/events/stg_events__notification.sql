with source as (
    select * from {{ source('events', 'notification') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        notificationid as notification_id,
        campaignid as campaign_id,
        kind,
        showid as show_id,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'notification_id', 'campaign_id', 'kind', 'show_id',
]) }}
