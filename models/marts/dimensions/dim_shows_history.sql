with versions as (
    select
        *,
        lead(is_deleted) over (partition by show_id order by dbt_valid_from asc nulls last) as next_is_deleted
    from {{ ref('shows_snapshot') }}
),

creators as (
    select creator_id, display_name
    from {{ ref('creators_snapshot') }}
    where dbt_valid_to is null and not is_deleted
)

select
    versions.show_id,
    versions.title,
    versions.creator_id,
    creators.display_name as creator_name,
    versions.category,
    versions.language,
    versions.status,
    versions.scheduled_start_at,
    versions.started_at,
    versions.ended_at,
    case when versions.next_is_deleted then versions.dbt_valid_to end as deleted_at,
    versions.dbt_valid_from as valid_from,
    versions.dbt_valid_to as valid_to,
    versions.dbt_valid_to is null as is_current
from versions
left join creators on versions.creator_id = creators.creator_id
where not versions.is_deleted
