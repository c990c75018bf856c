-- Campaigns are paid by impressions and clicks: every one that was told is in exactly one campaign and client, and no
-- more people saw a campaign than impressions were made.

with told as (
    select
        coalesce(cast(sum(case when kind = 'impression' then 1 else 0 end) as bigint), 0) as impressions,
        coalesce(cast(sum(case when kind = 'click' then 1 else 0 end) as bigint), 0) as clicks,
        coalesce(cast(sum(case when kind = 'conversion' then 1 else 0 end) as bigint), 0) as conversions
    from {{ ref('stg_events__promotion') }}
),

counted as (
    select
        coalesce(cast(sum(impressions) as bigint), 0) as impressions,
        coalesce(cast(sum(clicks) as bigint), 0) as clicks,
        coalesce(cast(sum(conversions) as bigint), 0) as conversions,
        coalesce(cast(sum(case when users_exposed > impressions then 1 else 0 end) as bigint), 0) as wrong_rows
    from {{ ref('fct_promotion_effectiveness') }}
)

select
    told.impressions as impressions_told,
    counted.impressions as impressions_counted,
    told.clicks as clicks_told,
    counted.clicks as clicks_counted
from told
cross join counted
where
    told.impressions <> counted.impressions
    or told.clicks <> counted.clicks
    or told.conversions <> counted.conversions
    or counted.wrong_rows > 0
