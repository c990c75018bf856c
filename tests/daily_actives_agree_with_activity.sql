-- The headline number of a day is the count of distinct people in the activity behind it, in total and for each client
-- and country, and nobody is active who did nothing.

with counted as (
    select
        date_day,
        client_id,
        country_code,
        count(distinct user_id) as users
    from {{ ref('fct_user_activity_daily') }}
    group by date_day, client_id, country_code
    union all
    select
        date_day,
        'all' as client_id,
        'all' as country_code,
        count(distinct user_id) as users
    from {{ ref('fct_user_activity_daily') }}
    group by date_day
),

shown as (
    select date_day, client_id, country_code, dau as users
    from {{ ref('fct_active_users_daily') }}
    where
        activity = 'any' and dau > 0
        and (partner_id = 'all' or client_id <> 'all')
        and (client_id = 'all') = (country_code = 'all')
),

both_sides as (
    select date_day, client_id, country_code, users as counted_users, 0 as shown_users
    from counted
    union all
    select date_day, client_id, country_code, 0 as counted_users, users as shown_users
    from shown
)

select
    date_day,
    client_id,
    country_code
from both_sides
group by date_day, client_id, country_code
having sum(counted_users) <> sum(shown_users)
