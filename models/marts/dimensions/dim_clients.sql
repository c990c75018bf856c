select
    client_id,
    client_name,
    partner_id,
    partner_name
from {{ ref('clients') }}
