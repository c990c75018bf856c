-- A join on a history at a moment must find one version: versions of one key follow each other without overlap, and
-- none is empty.

with versions as (
    select 'user' as entity, user_id as entity_id, valid_from, valid_to from {{ ref('dim_users_history') }}
    union all
    select 'device' as entity, device_id as entity_id, valid_from, valid_to from {{ ref('dim_devices_history') }}
    union all
    select 'show' as entity, show_id as entity_id, valid_from, valid_to from {{ ref('dim_shows_history') }}
),

followed as (
    select
        *,
        lead(valid_from) over (partition by entity, entity_id order by valid_from asc nulls last) as next_from
    from versions
)

select
    entity,
    entity_id,
    valid_from
from followed
where valid_to <= valid_from or next_from < valid_to or (valid_to is null and next_from is not null)
