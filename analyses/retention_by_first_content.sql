-- Of the people whose first play was a track, a show, a podcast or a station: how many play again in the weeks after?
-- Only weeks that are over count, so the youngest users are in fewer rows. A play without a user is nobody's.

with plays as (
    select
        user_id,
        play_id,
        content_type,
        started_at,
        cast(date_trunc('week', date_day) as date) as week_start
    from {{ ref('fct_plays') }}
    where user_id is not null
),

numbered as (
    select
        plays.*,
        row_number() over (
            partition by user_id order by started_at asc nulls last, play_id asc nulls last
        ) as play_number
    from plays
),

firsts as (
    select user_id, content_type as first_content_type, week_start as first_week
    from numbered
    where play_number = 1
),

active_weeks as (
    select distinct user_id, week_start
    from plays
),

complete as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

weeks as (
    select distinct dates.week_start
    from {{ ref('dim_dates') }} as dates
    cross join complete
    where dates.week_start + 6 <= complete.last_day
),

chances as (
    select
        firsts.first_content_type,
        cast(cast(weeks.week_start - firsts.first_week as double precision) / 7.0 as integer) as week_number,
        firsts.user_id,
        active_weeks.user_id is not null as is_retained
    from firsts
    inner join weeks on firsts.first_week <= weeks.week_start
    left join active_weeks on firsts.user_id = active_weeks.user_id and weeks.week_start = active_weeks.week_start
)

select
    first_content_type,
    week_number,
    count(*) as users,
    cast(sum(case when is_retained then 1 else 0 end) as bigint) as retained_users,
    cast(sum(case when is_retained then 1 else 0 end) as double precision) / cast(count(*) as double precision)
        as retention_rate
from chances
group by first_content_type, week_number
order by first_content_type asc nulls last, week_number asc nulls last
