{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'column': 'period_start', 'also': 'starts_of_changed_growth'}},
        post_hook="{{ record_build() }}"
    )
}}

-- A row belongs to the date on which its period starts. It needs who was active in the period, who was in the one
-- before, and since when each has been; never the periods before those.

{% set dates = rebuild_dates() %}

with active as (
    select 'day' as period_type, date_day as period_start, user_id, partner_id, client_id
    from {{ ref('int_user_days') }}
    where country_code = 'all' and activity = 'any' and {{ in_dates('date_day', dates, days_before=1) }}
    {% for period_type, longest in [('week', 7), ('month', 31)] %}
    union all
    select period_type, period_start, user_id, partner_id, client_id
    from {{ ref('int_user_periods') }}
    where period_type = '{{ period_type }}' and {{ in_dates('period_start', dates, days_before=longest) }}
    {% endfor %}
),

presence as (
    select period_type, period_start, user_id, partner_id, client_id, 1 as in_this, 0 as in_before
    from active
    union all
    select
        period_type,
        cast({{ next_period_start('period_type', 'period_start') }} as date) as period_start,
        user_id,
        partner_id,
        client_id,
        0 as in_this,
        1 as in_before
    from active
),

users as (
    select
        presence.period_type,
        presence.period_start,
        presence.partner_id,
        presence.client_id,
        max(presence.in_this) as in_this,
        max(presence.in_before) as in_before,
        max(case when firsts.date_day >= presence.period_start then 1 else 0 end) as began
    from presence
    inner join {{ ref('int_user_firsts') }} as firsts
        on
            presence.user_id = firsts.user_id
            and presence.partner_id = firsts.partner_id
            and presence.client_id = firsts.client_id
    where {{ in_dates('presence.period_start', dates) }}
    group by
        presence.period_type, presence.period_start, presence.partner_id, presence.client_id, presence.user_id
),

counted as (
    select
        period_type,
        period_start,
        partner_id,
        client_id,
        sum(in_this) as active_users,
        sum(in_this * began) as new_users,
        sum(in_this * in_before) as retained_users,
        sum(in_this * (1 - in_before) * (1 - began)) as resurrected_users,
        sum(1 - in_this) as churned_users
    from users
    group by period_type, period_start, partner_id, client_id
),

scopes as (
    select
        partner_id,
        client_id,
        min(date_day) as first_day
    from {{ ref('int_user_firsts') }}
    group by partner_id, client_id
)

select
    periods.period_type,
    periods.period_start,
    scopes.partner_id,
    scopes.client_id,
    cast(coalesce(counted.active_users, 0) as bigint) as active_users,
    cast(coalesce(counted.new_users, 0) as bigint) as new_users,
    cast(coalesce(counted.retained_users, 0) as bigint) as retained_users,
    cast(coalesce(counted.resurrected_users, 0) as bigint) as resurrected_users,
    cast(coalesce(counted.churned_users, 0) as bigint) as churned_users,
    periods.period_end < horizon.newest_received_day as is_complete
from scopes
cross join {{ ref('int_data_horizon') }} as horizon
inner join {{ ref('int_periods') }} as periods
    on scopes.first_day <= periods.period_end and horizon.newest_day >= periods.period_start
left join counted
    on
        periods.period_type = counted.period_type
        and periods.period_start = counted.period_start
        and scopes.partner_id = counted.partner_id
        and scopes.client_id = counted.client_id
where {{ in_dates('periods.period_start', dates) }}
