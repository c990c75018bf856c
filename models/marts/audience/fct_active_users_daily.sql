{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'days_after': 27, 'open': true}},
        post_hook="{{ record_build() }}"
    )
}}

-- Windows are counted by intervals: a user enters a window of n days with an active day that has none in the n - 1 days
-- before, and leaves it n days after an active day that has none in the n - 1 days behind; a running sum of enters and
-- leaves is exact.

{% set dates = rebuild_dates() %}

with horizon as (
    select newest_day, newest_received_day from {{ ref('int_data_horizon') }}
),

user_days as (
    select * from {{ ref('int_user_days') }}
    where {{ between_dates('date_day', dates, days_before=27) }}
),

neighbours as (
    select
        user_days.*,
        date_day - lag(date_day) over (
            partition by partner_id, client_id, country_code, activity, user_id order by date_day asc nulls last
        ) as days_since_last,
        lead(date_day) over (
            partition by partner_id, client_id, country_code, activity, user_id order by date_day asc nulls last
        ) - date_day as days_to_next
    from user_days
),

changes as (
    select date_day, partner_id, client_id, country_code, activity, 1 as today, 0 as week, 0 as month
    from neighbours
    union all
    select date_day, partner_id, client_id, country_code, activity, 0 as today, 1 as week, 0 as month
    from neighbours
    where days_since_last is null or days_since_last > 6
    union all
    select date_day + 7 as date_day, partner_id, client_id, country_code, activity, 0 as today, -1 as week, 0 as month
    from neighbours
    where days_to_next is null or days_to_next > 6
    union all
    select date_day, partner_id, client_id, country_code, activity, 0 as today, 0 as week, 1 as month
    from neighbours
    where days_since_last is null or days_since_last > 27
    union all
    select date_day + 28 as date_day, partner_id, client_id, country_code, activity, 0 as today, 0 as week, -1 as month
    from neighbours
    where days_to_next is null or days_to_next > 27
),

daily_changes as (
    select
        date_day,
        partner_id,
        client_id,
        country_code,
        activity,
        sum(today) as today,
        sum(week) as week,
        sum(month) as month
    from changes
    group by date_day, partner_id, client_id, country_code, activity
),

combinations as (
    select
        partner_id,
        client_id,
        country_code,
        activity,
        min(date_day) as first_day
    from daily_changes
    group by partner_id, client_id, country_code, activity
),

days as (
    select
        dates.date_day,
        combinations.partner_id,
        combinations.client_id,
        combinations.country_code,
        combinations.activity,
        horizon.newest_received_day
    from combinations
    cross join horizon
    inner join {{ ref('dim_dates') }} as dates
        on combinations.first_day <= dates.date_day and horizon.newest_day >= dates.date_day
),

counted as (
    select
        days.date_day,
        days.partner_id,
        days.client_id,
        days.country_code,
        days.activity,
        days.newest_received_day,
        coalesce(daily_changes.today, 0) as dau,
        sum(coalesce(daily_changes.week, 0)) over (
            partition by days.partner_id, days.client_id, days.country_code, days.activity
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as wau,
        sum(coalesce(daily_changes.month, 0)) over (
            partition by days.partner_id, days.client_id, days.country_code, days.activity
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as mau
    from days
    left join daily_changes
        on
            days.date_day = daily_changes.date_day
            and days.partner_id = daily_changes.partner_id
            and days.client_id = daily_changes.client_id
            and days.country_code = daily_changes.country_code
            and days.activity = daily_changes.activity
)

select
    date_day,
    partner_id,
    client_id,
    country_code,
    activity,
    cast(dau as bigint) as dau,
    cast(wau as bigint) as wau,
    cast(mau as bigint) as mau,
    cast(dau as double precision) / cast(mau as double precision) as stickiness,
    date_day < newest_received_day as is_complete
from counted
where mau > 0 and {{ in_dates('date_day', dates) }}
