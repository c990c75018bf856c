with source as (
    select * from {{ source('events', 'voicefeedback') }}
    where {{ newly_landed() }}
),

renamed as (
    select
        {{ event_envelope() }},
        utterance,
        language,
        intent,
        confidence,
        outcome,
        responsetype as response_type,
        latencyms as latency_ms,
        {{ event_lineage() }}
    from source
)

{{ first_copies([
    'utterance', 'language', 'intent', 'confidence', 'outcome', 'response_type', 'latency_ms',
]) }}
