{{
    config(
        materialized='incremental',
        incremental_strategy='replace_keys',
        unique_key='registration_id',
        meta={'rebuild': {'column': 'date_day', 'stale': 'stale_registrations'}},
        post_hook="{{ record_build() }}"
    )
}}

-- The earliest dump that has the user or device tells the registration; what became of it later does not change it.
-- Snapshots can't tell which rows are new, so an incremental run compares all and keeps what differs: then readers
-- learn the dates on which something changed.

with versions as (
    select
        'user' as entity,
        user_id as entity_id,
        client_id,
        country_code,
        'none' as device_model,
        registered_at,
        row_number() over (partition by user_id order by dbt_valid_from asc nulls last) as version_number
    from {{ ref('users_snapshot') }}
    where dbt_is_deleted = 'False'
    union all
    select
        'device' as entity,
        device_id as entity_id,
        client_id,
        country_code,
        coalesce(nullif(model, ''), 'unknown') as device_model,
        registered_at,
        row_number() over (partition by device_id order by dbt_valid_from asc nulls last) as version_number
    from {{ ref('devices_snapshot') }}
    where dbt_is_deleted = 'False'
),

registered as (
    select
        versions.entity || ':' || versions.entity_id as registration_id,
        versions.entity,
        versions.entity_id,
        {{ partner_of('clients') }} as partner_id,
        versions.client_id,
        versions.country_code,
        versions.device_model,
        versions.registered_at
    from versions
    left join {{ ref('clients') }} as clients on versions.client_id = clients.client_id
    where versions.version_number = 1
)

select
    registered.registration_id,
    registered.entity,
    registered.entity_id,
    registered.partner_id,
    registered.client_id,
    registered.country_code,
    registered.device_model,
    registered.registered_at,
    cast(registered.registered_at as date) as date_day
from registered
{% if is_incremental() %}
left join {{ this }} as known on registered.registration_id = known.registration_id
where
    known.registration_id is null
    or registered.partner_id <> known.partner_id
    or registered.client_id <> known.client_id
    or registered.country_code <> known.country_code
    or registered.device_model <> known.device_model
    or registered.registered_at <> known.registered_at
{% endif %}
