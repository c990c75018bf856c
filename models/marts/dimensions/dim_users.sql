-- The current version of each user, or the last one of a user that was deleted.

with versions as (
    select
        *,
        row_number() over (partition by user_id order by valid_from desc nulls last) as versions_back
    from {{ ref('dim_users_history') }}
)

select
    user_id,
    partner_id,
    client_id,
    country_code,
    region_name,
    language,
    registered_at,
    status,
    deleted_at,
    first_active_date,
    last_active_date,
    music_services
from versions
where versions_back = 1
