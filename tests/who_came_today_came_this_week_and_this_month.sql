-- Who was active today was active this week and this month: dau <= wau <= mau, and stickiness lies between 0 and 1.

select
    date_day,
    partner_id,
    client_id,
    country_code,
    activity
from {{ ref('fct_active_users_daily') }}
where dau > wau or wau > mau or mau < 1 or stickiness < 0 or stickiness > 1
