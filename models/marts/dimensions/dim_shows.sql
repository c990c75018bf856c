-- The current version of each show, or the last one of a show that was deleted.

with versions as (
    select
        *,
        row_number() over (partition by show_id order by valid_from desc nulls last) as versions_back
    from {{ ref('dim_shows_history') }}
)

select
    show_id,
    title,
    creator_id,
    creator_name,
    category,
    language,
    status,
    scheduled_start_at,
    started_at,
    ended_at,
    deleted_at
from versions
where versions_back = 1
