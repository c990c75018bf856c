-- The loaders pick the partition, the models compute when it happened: were the two to differ, events would be missed
-- when their date is rebuilt.

select event_id, 'play' as stream
from {{ ref('stg_events__play') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'navigation' as stream
from {{ ref('stg_events__navigation') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'token_request' as stream
from {{ ref('stg_events__token_request') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'music_service_auth' as stream
from {{ ref('stg_events__music_service_auth') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'voice_feedback' as stream
from {{ ref('stg_events__voice_feedback') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'show_interaction' as stream
from {{ ref('stg_events__show_interaction') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'notification' as stream
from {{ ref('stg_events__notification') }}
where event_date <> cast(occurred_at as date)
union all
select event_id, 'promotion' as stream
from {{ ref('stg_events__promotion') }}
where event_date <> cast(occurred_at as date)
