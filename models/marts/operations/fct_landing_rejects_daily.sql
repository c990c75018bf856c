with rejects as (
    select
        dataset,
        cast(landed_at as date) as landed_on,
        reason
    from {{ ref('stg_lake__quarantine') }}
)

select
    dataset,
    landed_on as date,
    reason,
    count(*) as records
from rejects
group by dataset, landed_on, reason
