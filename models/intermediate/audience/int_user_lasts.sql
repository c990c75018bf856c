{{
    config(
        materialized='incremental',
        incremental_strategy='replace_keys',
        unique_key=['user_id', 'partner_id', 'client_id'],
        meta={'rebuild': {'stale': 'on_rebuilt_dates'}},
        post_hook="{{ record_build() }}"
    )
}}

select user_id, partner_id, client_id, date_day
from ({{ edge_of_activity('last', rebuild_dates()) }}) as lasts
