-- How soon after registering do people play something, by client? Accounts that were registered since plays are in the
-- data, and early enough for a week to have passed by the end of the newest complete day. Who played before registering
-- counts as at once.

with started as (
    select min(date_day) as first_day
    from {{ ref('fct_plays') }}
),

complete as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

registered as (
    select
        users.user_id,
        users.client_id,
        {{ dbt.dateadd('hour', 1, 'users.registered_at') }} as hour_end,
        {{ dbt.dateadd('day', 1, 'users.registered_at') }} as day_end,
        {{ dbt.dateadd('day', 7, 'users.registered_at') }} as week_end
    from {{ ref('dim_users') }} as users
    inner join started on users.registered_at >= started.first_day
    inner join complete on users.registered_at <= complete.last_day - 6
),

firsts as (
    select user_id, min(started_at) as started_at
    from {{ ref('fct_plays') }}
    where user_id is not null
    group by user_id
),

counted as (
    select
        registered.client_id,
        count(*) as registrations,
        cast(sum(case when firsts.started_at <= registered.hour_end then 1 else 0 end) as bigint) as within_1_hour,
        cast(sum(case when firsts.started_at <= registered.day_end then 1 else 0 end) as bigint) as within_1_day,
        cast(sum(case when firsts.started_at <= registered.week_end then 1 else 0 end) as bigint) as within_7_days
    from registered
    left join firsts on registered.user_id = firsts.user_id
    group by registered.client_id
)

select
    client_id,
    registrations,
    within_1_hour,
    within_1_day,
    within_7_days,
    cast(within_1_day as double precision) / cast(registrations as double precision) as share_within_1_day,
    cast(within_7_days as double precision) / cast(registrations as double precision) as share_within_7_days
from counted
order by registrations desc nulls last, client_id asc nulls last
