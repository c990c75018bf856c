-- How do people find their first show? Of the users who played one, by what they began last before it on that day: to
-- open notifications, click promotions, speak, go through screens, or hear something else. And who came back to a show
-- on a later day within two weeks. First plays of the newest 14 complete days are left out: they had no such chance.
-- The first is the first in the data.

with complete as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

show_plays as (
    select user_id, started_at, date_day
    from {{ ref('fct_plays') }}
    where show_id is not null and user_id is not null
),

firsts as (
    select
        show_plays.user_id,
        min(show_plays.started_at) as started_at,
        min(show_plays.date_day) as date_day
    from show_plays
    group by show_plays.user_id
),

finders as (
    select firsts.*
    from firsts
    inner join complete on firsts.date_day <= complete.last_day - 14
),

steps as (
    select
        finders.user_id,
        activity.activity,
        row_number() over (
            partition by finders.user_id
            order by activity.first_occurred_at desc nulls last, activity.activity asc nulls last
        ) as steps_back
    from finders
    inner join {{ ref('fct_user_activity_daily') }} as activity
        on
            finders.user_id = activity.user_id
            and finders.date_day = activity.date_day
            and finders.started_at > activity.first_occurred_at
    where activity.activity in ('navigation', 'notification', 'promotion', 'voice', 'play')
),

returns as (
    select distinct finders.user_id
    from finders
    inner join show_plays
        on
            finders.user_id = show_plays.user_id
            and finders.date_day < show_plays.date_day
            and finders.date_day + 14 >= show_plays.date_day
),

found as (
    select
        coalesce(steps.activity, 'nothing') as found_after,
        count(*) as users,
        count(returns.user_id) as users_again
    from finders
    left join steps on finders.user_id = steps.user_id and steps.steps_back = 1
    left join returns on finders.user_id = returns.user_id
    group by coalesce(steps.activity, 'nothing')
)

select
    found_after,
    users,
    cast(users as double precision) / cast(sum(users) over () as double precision) as share_of_users,
    users_again,
    cast(users_again as double precision) / cast(users as double precision) as return_rate
from found
order by users desc nulls last, found_after asc nulls last
