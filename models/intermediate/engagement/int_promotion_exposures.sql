select
    days.campaign_id,
    {{ partner_of('clients') }} as partner_id,
    days.client_id,
    days.user_id,
    min(days.first_impression_at) as first_impression_at,
    min(case when days.first_impression_at is not null then days.date_day end) as date_day
from {{ ref('int_promotion_days') }} as days
left join {{ ref('clients') }} as clients on days.client_id = clients.client_id
where days.user_id is not null and days.first_impression_at is not null
group by days.campaign_id, {{ partner_of('clients') }}, days.client_id, days.user_id
