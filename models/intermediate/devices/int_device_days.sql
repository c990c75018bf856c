{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

select distinct
    event_date as date_day,
    device_id
from {{ ref('int_device_events') }}
where {{ in_dates('event_date', rebuild_dates()) }}
