-- When do people listen? Hours heard in an average week by day of week and hour, over the complete weeks there are.
-- Hours are UTC: for local habits keep one country and shift.

with listening as (
    select
        cast(date_trunc('week', hour_start) as date) as week_start,
        cast(extract(isodow from hour_start) as integer) as day_of_week,
        cast(extract(hour from hour_start) as integer) as hour_of_day,
        hours_listened
    from {{ ref('fct_listening_hourly') }}
),

-- the first week may have begun before the data
span as (
    select min(week_start) + 7 as first_day
    from listening
),

finished as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

whole_weeks as (
    select listening.*
    from listening
    cross join span
    cross join finished
    where listening.week_start >= span.first_day and listening.week_start + 6 <= finished.last_day
),

heard as (
    select day_of_week, hour_of_day, sum(hours_listened) as hours_listened
    from whole_weeks
    group by day_of_week, hour_of_day
),

size as (
    select count(distinct week_start) as weeks, sum(hours_listened) as hours_listened
    from whole_weeks
)

select
    heard.day_of_week,
    heard.hour_of_day,
    size.weeks,
    heard.hours_listened / cast(size.weeks as double precision) as hours_per_week,
    cast(heard.hours_listened as double precision) / cast(size.hours_listened as double precision) as share_of_week
from heard
cross join size
order by heard.day_of_week asc nulls last, heard.hour_of_day asc nulls last
