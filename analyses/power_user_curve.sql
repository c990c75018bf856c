-- How many people come on how many of 28 days, and how much of the listening is theirs? The newest 28 complete days; a
-- curve that bends up at its right end means people for whom we are a habit. Hours are those of plays started then.

with days as (
    select max(date_day) - 27 as first_day, max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

active as (
    select activity.user_id, count(distinct activity.date_day) as days_active
    from {{ ref('fct_user_activity_daily') }} as activity
    inner join days on activity.date_day between days.first_day and days.last_day
    group by activity.user_id
),

heard as (
    select plays.user_id, cast(sum(plays.seconds_listened) as double precision) / 3600.0 as hours_listened
    from {{ ref('fct_plays') }} as plays
    inner join days on plays.date_day between days.first_day and days.last_day
    group by plays.user_id
),

curve as (
    select
        active.days_active,
        count(*) as users,
        cast(sum(coalesce(heard.hours_listened, 0)) as double precision) as hours_listened
    from active
    left join heard on active.user_id = heard.user_id
    group by active.days_active
),

compared as (
    select
        curve.*,
        cast(sum(users) over () as double precision) as all_users,
        sum(hours_listened) over () as all_hours
    from curve
)

select
    days_active,
    users,
    cast(users as double precision) / all_users as share_of_users,
    hours_listened,
    cast(hours_listened as double precision) / nullif(cast(all_hours as double precision), 0) as share_of_hours
from compared
order by days_active asc nulls last
