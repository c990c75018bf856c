{{ config(materialized='view') }}

select occurred_at, event_date, user_id, client_id, country_code, 'play' as activity
from {{ ref('stg_events__play') }}
where user_id is not null
union all
select occurred_at, event_date, user_id, client_id, country_code, 'navigation' as activity
from {{ ref('stg_events__navigation') }}
where user_id is not null
union all
select occurred_at, event_date, user_id, client_id, country_code, 'token_request' as activity
from {{ ref('stg_events__token_request') }}
where user_id is not null and outcome = 'granted'
union all
select occurred_at, event_date, user_id, client_id, country_code, 'music_service_auth' as activity
from {{ ref('stg_events__music_service_auth') }}
where user_id is not null
union all
select occurred_at, event_date, user_id, client_id, country_code, 'voice' as activity
from {{ ref('stg_events__voice_feedback') }}
where user_id is not null
union all
select occurred_at, event_date, user_id, client_id, country_code, 'show_interaction' as activity
from {{ ref('stg_events__show_interaction') }}
where user_id is not null
union all
select occurred_at, event_date, user_id, client_id, country_code, 'notification' as activity
from {{ ref('stg_events__notification') }}
where user_id is not null and kind = 'opened'
union all
select occurred_at, event_date, user_id, client_id, country_code, 'promotion' as activity
from {{ ref('stg_events__promotion') }}
where user_id is not null and kind in ('click', 'conversion')
