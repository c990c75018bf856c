-- A client that nobody has entered in the seed `clients` is counted under partner `unassigned`: enter it, with its
-- partner.

{{ config(severity='warn') }}

with seen as (
    select client_id from {{ ref('fct_plays') }}
    union
    select client_id from {{ ref('fct_user_activity_daily') }}
    union
    select client_id from {{ ref('dim_users') }}
    union
    select client_id from {{ ref('dim_devices') }}
)

select seen.client_id
from seen
left join {{ ref('dim_clients') }} as clients on seen.client_id = clients.client_id
where clients.client_id is null
