select
    country_code,
    name,
    region_name,
    continent
from {{ ref('countries') }}
