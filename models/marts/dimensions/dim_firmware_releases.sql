select
    model,
    firmware_version,
    channel,
    released_at,
    row_number() over (
        partition by model
        order by released_at asc nulls last, firmware_version asc nulls last
    ) as release_rank
from {{ ref('firmware_snapshot') }}
where dbt_valid_to is null and not is_deleted
