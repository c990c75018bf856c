-- The headline number of a day is the count of distinct people in the activity behind it.

with counted as (
    select date_day, count(distinct user_id) as users
    from {{ ref('fct_user_activity_daily') }}
    group by date_day
)

select counted.date_day
from counted
left join {{ ref('fct_active_users_daily') }} as actives
    on
        counted.date_day = actives.date_day
        and actives.partner_id = 'all'
        and actives.country_code = 'all'
        and actives.activity = 'any'
where actives.dau is null or actives.dau <> counted.users
