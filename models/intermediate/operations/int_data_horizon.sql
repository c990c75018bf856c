with streams as (
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__play') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__navigation') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__token_request') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__music_service_auth') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__voice_feedback') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__show_interaction') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__notification') }}
    union all
    select max(occurred_at) as newest_occurred_at, max(received_at) as newest_received_at
    from {{ ref('stg_events__promotion') }}
)

select
    max(newest_occurred_at) as newest_occurred_at,
    cast(max(newest_occurred_at) as date) as newest_day,
    max(newest_received_at) as newest_received_at,
    cast(max(newest_received_at) as date) as newest_received_day
from streams
