-- What did people do in their last week before they left? Those without any activity in the newest 28 complete days,
-- held against those who are still here, each in the 7 days that end with their last active day.

with complete as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

active_days as (
    select distinct activity.user_id, activity.date_day
    from {{ ref('fct_user_activity_daily') }} as activity
    inner join complete on activity.date_day <= complete.last_day
),

people as (
    select
        active_days.user_id,
        max(active_days.date_day) as last_active_day,
        case when max(active_days.date_day) < max(complete.last_day) - 27 then 'left' else 'stayed' end as fate
    from active_days
    cross join complete
    group by active_days.user_id
),

week_days as (
    select people.user_id, count(*) as days_active
    from people
    inner join active_days
        on
            people.user_id = active_days.user_id
            and people.last_active_day - 6 <= active_days.date_day
    group by people.user_id
),

week_plays as (
    select
        people.user_id,
        count(*) as plays,
        sum(case when plays.end_reason = 'skip' then 1 else 0 end) as skips,
        cast(sum(plays.seconds_listened) as double precision) / 3600.0 as hours_listened
    from people
    inner join {{ ref('fct_plays') }} as plays
        on
            people.user_id = plays.user_id
            and plays.date_day between people.last_active_day - 6 and people.last_active_day
    group by people.user_id
),

weeks as (
    select
        people.fate,
        week_days.days_active,
        coalesce(week_plays.plays, 0) as plays,
        coalesce(week_plays.skips, 0) as skips,
        coalesce(week_plays.hours_listened, 0) as hours_listened
    from people
    inner join week_days on people.user_id = week_days.user_id
    left join week_plays on people.user_id = week_plays.user_id
)

select
    fate,
    count(*) as users,
    avg(cast(days_active as double precision)) as days_active_per_user,
    avg(cast(plays as double precision)) as plays_per_user,
    avg(cast(hours_listened as double precision)) as hours_per_user,
    cast(sum(skips) as double precision) / nullif(cast(sum(plays) as double precision), 0) as skip_rate
from weeks
group by fate
order by fate asc nulls last
