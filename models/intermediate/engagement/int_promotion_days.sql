{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

select
    event_date as date_day,
    coalesce(nullif(campaign_id, ''), 'none') as campaign_id,
    client_id,
    user_id,
    cast(sum(case when kind = 'impression' then 1 else 0 end) as bigint) as impressions,
    cast(sum(case when kind = 'click' then 1 else 0 end) as bigint) as clicks,
    cast(sum(case when kind = 'conversion' then 1 else 0 end) as bigint) as conversions,
    min(case when kind = 'impression' then occurred_at end) as first_impression_at
from {{ ref('stg_events__promotion') }}
where kind in ('impression', 'click', 'conversion') and {{ in_dates('event_date', rebuild_dates()) }}
group by event_date, coalesce(nullif(campaign_id, ''), 'none'), client_id, user_id
