{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

{% set dates = rebuild_dates() %}

with utterances as (
    select
        event_date as date_day,
        client_id,
        country_code,
        coalesce(nullif(language, ''), 'unknown') as language,
        coalesce(nullif(intent, ''), 'unknown') as intent,
        outcome,
        cast(latency_ms as double precision) as latency_ms
    from {{ ref('stg_events__voice_feedback') }}
    where {{ in_dates('event_date', dates) }}
),

daily as (
    select
        date_day,
        client_id,
        country_code,
        language,
        intent,
        count(*) as utterances,
        sum(case when outcome = 'understood' then 1 else 0 end) as understood,
        sum(case when outcome = 'misunderstood' then 1 else 0 end) as misunderstood,
        sum(case when outcome = 'unsupported' then 1 else 0 end) as unsupported,
        -- utterances without a latency are passed over
        percentile_cont(0.5) within group (order by latency_ms) as p50_latency_ms,
        percentile_cont(0.95) within group (order by latency_ms) as p95_latency_ms
    from utterances
    group by date_day, client_id, country_code, language, intent
)

select
    daily.date_day,
    {{ partner_of('clients') }} as partner_id,
    daily.client_id,
    daily.country_code,
    daily.language,
    daily.intent,
    daily.utterances,
    cast(daily.understood as bigint) as understood,
    cast(daily.misunderstood as bigint) as misunderstood,
    cast(daily.unsupported as bigint) as unsupported,
    cast(daily.p50_latency_ms as double precision) as p50_latency_ms,
    cast(daily.p95_latency_ms as double precision) as p95_latency_ms
from daily
left join {{ ref('clients') }} as clients on daily.client_id = clients.client_id
