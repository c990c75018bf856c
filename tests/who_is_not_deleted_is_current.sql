-- "How many accounts, devices and shows are there now?" must have one answer: what is not deleted has exactly one
-- current version in its history, what is deleted has none, and nothing is in one table and not in the other.

with now_there as (
    select 'user' as entity, user_id as entity_id, deleted_at from {{ ref('dim_users') }}
    union all
    select 'device' as entity, device_id as entity_id, deleted_at from {{ ref('dim_devices') }}
    union all
    select 'show' as entity, show_id as entity_id, deleted_at from {{ ref('dim_shows') }}
),

versions as (
    select 'user' as entity, user_id as entity_id, is_current from {{ ref('dim_users_history') }}
    union all
    select 'device' as entity, device_id as entity_id, is_current from {{ ref('dim_devices_history') }}
    union all
    select 'show' as entity, show_id as entity_id, is_current from {{ ref('dim_shows_history') }}
),

counted as (
    select
        entity,
        entity_id,
        sum(case when is_current then 1 else 0 end) as current_versions
    from versions
    group by entity, entity_id
)

select
    coalesce(now_there.entity, counted.entity) as entity,
    coalesce(now_there.entity_id, counted.entity_id) as entity_id
from now_there
full outer join counted on now_there.entity = counted.entity and now_there.entity_id = counted.entity_id
where
    now_there.entity_id is null
    or counted.entity_id is null
    or counted.current_versions <> case when now_there.deleted_at is null then 1 else 0 end
