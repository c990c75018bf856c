-- The earliest dump that has the user tells the registration; what the account became later does not change it.

with versions as (
    select
        user_id,
        client_id,
        country_code,
        registered_at,
        row_number() over (partition by user_id order by dbt_valid_from asc nulls last) as version_number
    from {{ ref('users_snapshot') }}
    where dbt_is_deleted = 'False'
)

select
    versions.user_id,
    {{ partner_of('clients') }} as partner_id,
    versions.client_id,
    versions.country_code,
    versions.registered_at
from versions
left join {{ ref('clients') }} as clients on versions.client_id = clients.client_id
where versions.version_number = 1
