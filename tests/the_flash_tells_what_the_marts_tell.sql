-- A number in the morning's mail that a dashboard doesn't show costs the trust in both.

with flash as (
    select * from {{ ref('rpt_daily_flash') }}
),

shows as (
    select cast(peak_at as date) as date_day, max(peak_concurrent_listeners) as largest_crowd
    from {{ ref('fct_show_performance') }}
    where peak_at is not null
    group by cast(peak_at as date)
),

fleet as (
    select
        date_day,
        cast(sum(active_devices) as double precision) as active_devices,
        cast(sum(case when is_latest_stable then active_devices else 0 end) as double precision) as devices_on_latest
    from {{ ref('fct_firmware_uptake_daily') }}
    group by date_day
),

expected as (
    select date_day, 'dau' as metric, cast(dau as double precision) as least_value, cast(dau as double precision) as most_value
    from {{ ref('fct_active_users_daily') }}
    where partner_id = 'all' and country_code = 'all' and activity = 'any'
    union all
    select date_day, 'user_registrations' as metric, cast(sum(registrations) as double precision), cast(sum(registrations) as double precision)
    from {{ ref('fct_registrations_daily') }}
    where entity = 'user'
    group by date_day
    union all
    select date_day, 'hours_listened' as metric, {{ exact_sum('hours_listened') }}, {{ exact_sum('hours_listened') }}
    from {{ ref('fct_listening_daily') }}
    group by date_day
    union all
    select date_day, 'valid_listens' as metric, cast(sum(valid_listens) as double precision), cast(sum(valid_listens) as double precision)
    from {{ ref('fct_listening_daily') }}
    group by date_day
    union all
    select date_day, 'voice_utterances' as metric, cast(sum(utterances) as double precision), cast(sum(utterances) as double precision)
    from {{ ref('fct_voice_daily') }}
    group by date_day
    union all
    select date_day, 'music_service_signons' as metric, cast(sum(successes) as double precision), cast(sum(successes) as double precision)
    from {{ ref('fct_music_service_signons_daily') }}
    group by date_day
    union all
    select date_day, 'share_on_latest_firmware' as metric, devices_on_latest / active_devices, devices_on_latest / active_devices
    from fleet
    where active_devices > 0
    union all
    -- all shows at once have at least the crowd of the largest
    select date_day, 'peak_concurrent_listeners' as metric, cast(largest_crowd as double precision), null as most_value
    from shows
),

first_days as (
    select min(date_day) as first_day from flash
)

select expected.date_day, expected.metric
from expected
inner join first_days on expected.date_day >= first_days.first_day
inner join {{ ref('int_data_horizon') }} as horizon on expected.date_day <= horizon.newest_day
left join flash on expected.date_day = flash.date_day and expected.metric = flash.metric and flash.partner_id = 'all'
where
    flash.value is null
    or flash.value < expected.least_value - 0.000001
    or flash.value > expected.most_value + 0.000001
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
