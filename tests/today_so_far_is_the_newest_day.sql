-- Who watches today and opens the day's report tomorrow must not see the numbers jump: of the newest day nothing
-- happened after what is shown, and of earlier days no more can be shown than the whole day had.

with tracks as (
    select
        started.date_day,
        {{ in_client_scope('started') }},
        started.plays_started
    from {{ ref('fct_listening_daily') }} as started
    cross join ({{ client_scopes() }}) as scopes
    where started.content_type = 'track' and started.plays_started > 0
),

days as (
    select
        date_day,
        partner_id,
        client_id,
        'tracks_started' as metric,
        cast(sum(plays_started) as double precision) as value
    from tracks
    group by date_day, partner_id, client_id
    union all
    select
        cast(period_start as date) as date_day,
        partner_id,
        client_id,
        'hours_listened' as metric,
        hours_listened as value
    from {{ ref('fct_listening_totals') }}
    where period_type = 'day' and hours_listened > 0
    union all
    select date_day, partner_id, client_id, 'active_users' as metric, cast(dau as double precision) as value
    from {{ ref('fct_active_users_daily') }}
    where country_code = 'all' and activity = 'any' and dau > 0
),

so_far as (
    select horizon.newest_day as date_day, so_far.partner_id, so_far.client_id, so_far.metric, so_far.value
    from {{ ref('rpt_so_far_today') }} as so_far
    cross join {{ ref('int_data_horizon') }} as horizon
    where so_far.metric <> 'show_joins'
    union all
    select
        horizon.newest_day - 1 as date_day,
        so_far.partner_id,
        so_far.client_id,
        so_far.metric,
        so_far.same_time_yesterday
    from {{ ref('rpt_so_far_today') }} as so_far
    cross join {{ ref('int_data_horizon') }} as horizon
    where so_far.metric <> 'show_joins'
    union all
    select
        horizon.newest_day - 7 as date_day,
        so_far.partner_id,
        so_far.client_id,
        so_far.metric,
        so_far.same_time_last_week
    from {{ ref('rpt_so_far_today') }} as so_far
    cross join {{ ref('int_data_horizon') }} as horizon
    where so_far.metric <> 'show_joins'
)

select so_far.date_day, so_far.partner_id, so_far.client_id, so_far.metric
from so_far
left join days
    on
        so_far.date_day = days.date_day
        and so_far.partner_id = days.partner_id
        and so_far.client_id = days.client_id
        and so_far.metric = days.metric
where so_far.value > coalesce(days.value, 0) + 0.000001
union all
select days.date_day, days.partner_id, days.client_id, days.metric
from days
inner join {{ ref('int_data_horizon') }} as horizon on days.date_day = horizon.newest_day
left join {{ ref('rpt_so_far_today') }} as so_far
    on days.partner_id = so_far.partner_id and days.client_id = so_far.client_id and days.metric = so_far.metric
where so_far.value is null or so_far.value < days.value - 0.000001
