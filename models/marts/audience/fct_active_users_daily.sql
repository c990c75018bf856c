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

country_scopes as (
    select 'country' as country_scope
    union all
    select 'all' as country_scope
),

kinds as (
    select 'any' as activity, 0 as least_listening
    union all
    select 'listening' as activity, 1 as least_listening
),

activity as (
    select distinct
        date_day,
        user_id,
        partner_id,
        client_id,
        country_code,
        case when activity = 'play' then 1 else 0 end as is_listening
    from {{ ref('fct_user_activity_daily') }}
    where {{ between_dates('date_day', dates, days_before=27) }}
),

user_days as (
    select distinct
        activity.date_day,
        activity.user_id,
        {{ in_client_scope('activity') }},
        case when country_scopes.country_scope = 'all' then 'all' else activity.country_code end as country_code,
        kinds.activity
    from activity
    cross join ({{ client_scopes() }}) as clients
    cross join country_scopes
    inner join kinds on activity.is_listening >= kinds.least_listening
),

neighbours as (
    select
        date_day,
        partner_id,
        client_id,
        country_code,
        activity,
        date_day - lag(date_day) over (
            partition by partner_id, client_id, country_code, activity, user_id order by date_day asc nulls last
        ) as days_since_last,
        lead(date_day) over (
            partition by partner_id, client_id, country_code, activity, user_id order by date_day asc nulls last
        ) - date_day as days_to_next
    from user_days
),

changes as (
    select
        date_day,
        partner_id,
        client_id,
        country_code,
        activity,
        1 as active_today,
        case when days_since_last is null or days_since_last > 6 then 1 else 0 end as week_change,
        case when days_since_last is null or days_since_last > 27 then 1 else 0 end as month_change
    from neighbours
    union all
    select
        date_day + 7 as date_day,
        partner_id,
        client_id,
        country_code,
        activity,
        0 as active_today,
        -1 as week_change,
        0 as month_change
    from neighbours
    where days_to_next is null or days_to_next > 6
    union all
    select
        date_day + 28 as date_day,
        partner_id,
        client_id,
        country_code,
        activity,
        0 as active_today,
        0 as week_change,
        -1 as month_change
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
        sum(active_today) as active_today,
        sum(week_change) as week_change,
        sum(month_change) as month_change
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
        coalesce(daily_changes.active_today, 0) as dau,
        sum(coalesce(daily_changes.week_change, 0)) over (
            partition by days.partner_id, days.client_id, days.country_code, days.activity
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as wau,
        sum(coalesce(daily_changes.month_change, 0)) over (
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
