{{ config(materialized='view') }}

select event_date, device_id
from {{ ref('stg_events__play') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__navigation') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__token_request') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__music_service_auth') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__voice_feedback') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__show_interaction') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__notification') }}
where device_id is not null
union all
select event_date, device_id
from {{ ref('stg_events__promotion') }}
where device_id is not null
