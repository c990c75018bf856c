{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

select
    date_day,
    client_id,
    user_id,
    {{ exact_sum('seconds_listened') }} as seconds_listened,
    cast(sum(plays_started) as bigint) as plays_started,
    cast(sum(valid_listens) as bigint) as valid_listens
from {{ ref('int_listening_user_hours') }}
where {{ in_dates('date_day', rebuild_dates()) }}
group by date_day, client_id, user_id
