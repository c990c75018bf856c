-- The current version of each device, or the last one of a device that was deleted.
-- When it was last seen makes no version, so that comes from the newest dump that has the device.

with versions as (
    select
        *,
        row_number() over (partition by device_id order by valid_from desc nulls last) as versions_back
    from {{ ref('dim_devices_history') }}
),

last_dumps as (
    select device_id, max(snapshot_at) as snapshot_at
    from {{ ref('stg_dynamodb__devices') }}
    group by device_id
)

select
    versions.device_id,
    versions.model,
    versions.partner_id,
    versions.client_id,
    versions.country_code,
    versions.owner_user_id,
    versions.firmware_version,
    versions.registered_at,
    dumps.last_seen_at,
    versions.deleted_at
from versions
inner join last_dumps on versions.device_id = last_dumps.device_id
inner join {{ ref('stg_dynamodb__devices') }} as dumps
    on last_dumps.device_id = dumps.device_id and last_dumps.snapshot_at = dumps.snapshot_at
where versions.versions_back = 1
