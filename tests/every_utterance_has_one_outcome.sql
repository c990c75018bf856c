-- The share that is understood is the voice team's target: every utterance is understood, misunderstood or unsupported,
-- and none that was told is missing.

with counted as (
    select coalesce(cast(sum(utterances) as bigint), 0) as utterances
    from {{ ref('fct_voice_daily') }}
),

told as (
    select count(*) as utterances from {{ ref('stg_events__voice_feedback') }}
),

unbalanced as (
    select count(*) as row_count
    from {{ ref('fct_voice_daily') }}
    where utterances <> understood + misunderstood + unsupported or p50_latency_ms > p95_latency_ms
)

select
    counted.utterances as utterances_counted,
    told.utterances as utterances_told,
    unbalanced.row_count as unbalanced_rows
from counted
cross join told
cross join unbalanced
where counted.utterances <> told.utterances or unbalanced.row_count > 0
