with campaigns as (
    select
        campaign_id,
        client_id,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions
    from {{ ref('int_promotion_days') }}
    group by campaign_id, client_id
),

exposed as (
    select
        campaign_id,
        client_id,
        count(distinct user_id) as users_exposed,
        cast(max(first_impression_at) as date) as last_first_impression_on,
        {{ exact_sum('seconds_before') }} / 3600.0 as hours_before,
        {{ exact_sum('seconds_after') }} / 3600.0 as hours_after
    from {{ ref('int_promotion_listening') }}
    group by campaign_id, client_id
)

select
    campaigns.campaign_id,
    {{ partner_of('clients') }} as partner_id,
    campaigns.client_id,
    coalesce(exposed.users_exposed, 0) as users_exposed,
    campaigns.impressions,
    campaigns.clicks,
    campaigns.conversions,
    -- seen by nobody: there is no share to tell
    cast(campaigns.clicks as double precision)
    / nullif(cast(campaigns.impressions as double precision), 0) as click_rate,
    exposed.hours_before / cast(exposed.users_exposed as double precision) as hours_per_user_7d_before,
    exposed.hours_after / cast(exposed.users_exposed as double precision) as hours_per_user_7d_after,
    exposed.last_first_impression_on
from campaigns
left join exposed on campaigns.campaign_id = exposed.campaign_id and campaigns.client_id = exposed.client_id
left join {{ ref('clients') }} as clients on campaigns.client_id = clients.client_id
