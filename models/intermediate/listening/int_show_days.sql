{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

-- Small, so that the dates of a show are found without looking through all that ever happened in shows.

select distinct
    event_date as date_day,
    show_id
from {{ ref('stg_events__show_interaction') }}
where {{ in_dates('event_date', rebuild_dates()) }}
