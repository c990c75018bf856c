-- A number in the morning's mail that a dashboard doesn't show costs the trust in both.

with flash as (
    select * from {{ ref('rpt_daily_flash') }}
),

fleet as (
    select
        date_day,
        sum(active_devices) as active_devices,
        sum(case when is_latest_stable then active_devices else 0 end) as devices_on_latest
    from {{ ref('fct_firmware_uptake_daily') }}
    group by date_day
    having sum(active_devices) > 0
),

expected as (
    select date_day, 'dau' as metric, cast(dau as double precision) as value
    from {{ ref('fct_active_users_daily') }}
    where partner_id = 'all' and country_code = 'all' and activity = 'any'
    union all
    select period_start as date_day, 'new_users' as metric, cast(new_users as double precision) as value
    from {{ ref('fct_user_growth') }}
    where period_type = 'day' and partner_id = 'all'
    union all
    select date_day, entity || '_registrations' as metric, cast(sum(registrations) as double precision) as value
    from {{ ref('fct_registrations_daily') }}
    group by date_day, entity
    union all
    select date_day, 'hours_listened' as metric, {{ exact_sum('hours_listened') }} as value
    from {{ ref('fct_listening_daily') }}
    group by date_day
    union all
    select date_day, 'valid_listens' as metric, cast(sum(valid_listens) as double precision) as value
    from {{ ref('fct_listening_daily') }}
    group by date_day
    union all
    select date_day, 'voice_utterances' as metric, cast(sum(utterances) as double precision) as value
    from {{ ref('fct_voice_daily') }}
    group by date_day
    union all
    select date_day, 'music_service_signons' as metric, cast(sum(successes) as double precision) as value
    from {{ ref('fct_music_service_signons_daily') }}
    group by date_day
    union all
    select
        date_day,
        'share_on_latest_firmware' as metric,
        cast(devices_on_latest as double precision) / cast(active_devices as double precision) as value
    from fleet
),

-- all shows at once have at least the crowd of the largest
crowds as (
    select
        cast(peak_at as date) as date_day,
        'peak_concurrent_listeners' as metric,
        max(peak_concurrent_listeners) as largest_crowd
    from {{ ref('fct_show_performance') }}
    where peak_at is not null
    group by cast(peak_at as date)
),

first_days as (
    select min(date_day) as first_day from flash
)

select expected.date_day, expected.metric
from expected
inner join first_days on expected.date_day >= first_days.first_day
inner join {{ ref('int_data_horizon') }} as horizon on expected.date_day <= horizon.newest_day
left join flash on expected.date_day = flash.date_day and expected.metric = flash.metric and flash.partner_id = 'all'
where flash.value is null or abs(flash.value - expected.value) > 0.000001
union all
select crowds.date_day, crowds.metric
from crowds
inner join first_days on crowds.date_day >= first_days.first_day
inner join {{ ref('int_data_horizon') }} as horizon on crowds.date_day <= horizon.newest_day
left join flash on crowds.date_day = flash.date_day and crowds.metric = flash.metric and flash.partner_id = 'all'
where flash.value is null or flash.value < crowds.largest_crowd
union all
-- earlier days are those that the report itself told of them
select flash.date_day, flash.metric
from flash
left join flash as before
    on
        flash.date_day = before.date_day + 7
        and flash.partner_id = before.partner_id
        and flash.client_id = before.client_id
        and flash.metric = before.metric
where
    coalesce(flash.same_day_last_week, -1) <> coalesce(before.value, -1)
    or flash.value is null and flash.metric <> 'share_on_latest_firmware'
    or flash.change_vs_last_week is not null and flash.same_day_last_week = 0
