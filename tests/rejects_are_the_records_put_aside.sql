-- Nothing is lost on the way in: what the loads say they put aside lies in quarantine, dataset by dataset.

with rejects as (
    select
        dataset,
        cast(sum(records) as bigint) as records
    from {{ ref('fct_landing_rejects_daily') }}
    group by dataset
),

loads as (
    select
        dataset,
        cast(sum(records_quarantined) as bigint) as records
    from {{ ref('fct_landing_loads') }}
    group by dataset
),

datasets as (
    select dataset from rejects
    union
    select dataset from loads
)

select datasets.dataset
from datasets
left join rejects on datasets.dataset = rejects.dataset
left join loads on datasets.dataset = loads.dataset
where coalesce(rejects.records, 0) <> coalesce(loads.records, 0)
