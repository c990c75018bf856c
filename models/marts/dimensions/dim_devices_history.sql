with versions as (
    select
        *,
        lead(dbt_is_deleted) over (partition by device_id order by dbt_valid_from asc nulls last) as next_is_deleted
    from {{ ref('devices_snapshot') }}
)

select
    versions.device_id,
    coalesce(nullif(versions.model, ''), 'unknown') as model,
    {{ partner_of('clients') }} as partner_id,
    versions.client_id,
    versions.country_code,
    versions.owner_user_id,
    versions.firmware_version,
    versions.registered_at,
    versions.last_seen_at,
    case when versions.next_is_deleted = 'True' then versions.dbt_valid_to end as deleted_at,
    versions.dbt_valid_from as valid_from,
    versions.dbt_valid_to as valid_to,
    versions.dbt_valid_to is null as is_current
from versions
left join {{ ref('clients') }} as clients on versions.client_id = clients.client_id
where versions.dbt_is_deleted = 'False'
