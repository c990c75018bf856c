-- Capacity is planned by the hour, success is told by the day: both count the same people.

with hours as (
    select
        date_day,
        partner_id,
        client_id,
        max(active_users) as busiest_hour,
        cast(sum(active_users) as bigint) as all_hours
    from {{ ref('fct_active_users_hourly') }}
    group by date_day, partner_id, client_id
),

days as (
    select date_day, partner_id, client_id, dau
    from {{ ref('fct_active_users_daily') }}
    where country_code = 'all' and activity = 'any' and dau > 0
)

select days.date_day, days.partner_id, days.client_id
from days
left join hours
    on days.date_day = hours.date_day and days.partner_id = hours.partner_id and days.client_id = hours.client_id
where hours.date_day is null or days.dau not between hours.busiest_hour and hours.all_hours
union all
select hours.date_day, hours.partner_id, hours.client_id
from hours
left join days
    on hours.date_day = days.date_day and hours.partner_id = days.partner_id and hours.client_id = days.client_id
where days.date_day is null
