{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

-- Every declared dataset: its name, the model that stages it, its date, when a row happened and when that was known.
{% set datasets = [
    ('play', 'stg_events__play', 'event_date', 'occurred_at', 'received_at'),
    ('navigation', 'stg_events__navigation', 'event_date', 'occurred_at', 'received_at'),
    ('tokenrequest', 'stg_events__token_request', 'event_date', 'occurred_at', 'received_at'),
    ('musicserviceauth', 'stg_events__music_service_auth', 'event_date', 'occurred_at', 'received_at'),
    ('voicefeedback', 'stg_events__voice_feedback', 'event_date', 'occurred_at', 'received_at'),
    ('showinteraction', 'stg_events__show_interaction', 'event_date', 'occurred_at', 'received_at'),
    ('notification', 'stg_events__notification', 'event_date', 'occurred_at', 'received_at'),
    ('promotion', 'stg_events__promotion', 'event_date', 'occurred_at', 'received_at'),
    ('users', 'stg_dynamodb__users', 'snapshot_date', 'snapshot_at', 'snapshot_at'),
    ('devices', 'stg_dynamodb__devices', 'snapshot_date', 'snapshot_at', 'snapshot_at'),
    ('shows', 'stg_catalog__shows', 'event_date', 'updated_at', 'updated_at'),
    ('creators', 'stg_catalog__creators', 'event_date', 'updated_at', 'updated_at'),
    ('firmware', 'stg_catalog__firmware', 'event_date', 'updated_at', 'updated_at'),
] %}

{% set dates = rebuild_dates() %}

{% for dataset, staged, date, happened_at, known_at in datasets %}
select
    '{{ dataset }}' as dataset,
    {{ date }} as date_day,
    count(*) as records,
    cast(sum(case when cast({{ known_at }} as date) > {{ date }} then 1 else 0 end) as bigint) as late_records,
    max({{ happened_at }}) as newest_happened_at,
    max({{ known_at }}) as newest_known_at
from {{ ref(staged) }}
where {{ in_dates(date, dates) }}
group by {{ date }}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
