{{ config(materialized='view') }}

-- Seconds count where they were heard, plays where they started.

select
    hour_start,
    date_day,
    client_id,
    user_id,
    seconds_listened,
    0 as plays_started,
    0 as valid_listens
from {{ ref('int_listening_hourly') }}
union all
select
    date_trunc('hour', started_at) as hour_start,
    date_day,
    client_id,
    user_id,
    0 as seconds_listened,
    1 as plays_started,
    case when is_valid_listen then 1 else 0 end as valid_listens
from {{ ref('fct_plays') }}
