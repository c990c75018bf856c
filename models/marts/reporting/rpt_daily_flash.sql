{% set metrics = [
    'dau', 'wau', 'mau', 'new_users', 'user_registrations', 'device_registrations', 'hours_listened', 'valid_listens',
    'shows_held', 'peak_concurrent_listeners', 'music_service_signons', 'voice_utterances', 'share_on_latest_firmware',
] %}

with metrics as (
    {% for metric in metrics %}
    select '{{ metric }}' as metric
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

flash_values as (
    select * from {{ ref('int_flash_values') }}
),

-- what is only on file, registrations and shows, can lie years before anything happens
scopes as (
    select
        partner_id,
        client_id,
        min(date_day) as first_day
    from flash_values
    where
        metric = 'share_on_latest_firmware'
        or (value > 0 and metric not in ('user_registrations', 'device_registrations', 'shows_held'))
    group by partner_id, client_id
),

days as (
    select
        dates.date_day,
        scopes.partner_id,
        scopes.client_id,
        metrics.metric,
        horizon.newest_received_day
    from scopes
    cross join {{ ref('int_data_horizon') }} as horizon
    inner join {{ ref('dim_dates') }} as dates
        on scopes.first_day <= dates.date_day and horizon.newest_day >= dates.date_day
    cross join metrics
),

filled as (
    select
        days.*,
        -- nothing of what is counted is 0, a share of no devices is unknown
        case
            when days.metric = 'share_on_latest_firmware' then flash_values.value else coalesce(flash_values.value, 0)
        end as value
    from days
    left join flash_values
        on
            days.date_day = flash_values.date_day
            and days.partner_id = flash_values.partner_id
            and days.client_id = flash_values.client_id
            and days.metric = flash_values.metric
),

compared as (
    select
        filled.*,
        lag(value, 1) over (
            partition by partner_id, client_id, metric order by date_day asc nulls last
        ) as day_before,
        lag(value, 7) over (
            partition by partner_id, client_id, metric order by date_day asc nulls last
        ) as same_day_last_week,
        avg(cast(value as double precision)) over (
            partition by partner_id, client_id, metric
            order by date_day asc nulls last
            rows between 7 preceding and 1 preceding
        ) as mean_7d
    from filled
)

select
    date_day,
    partner_id,
    client_id,
    metric,
    value,
    day_before,
    same_day_last_week,
    mean_7d,
    cast(value as double precision) / nullif(cast(same_day_last_week as double precision), 0)
    - 1 as change_vs_last_week,
    date_day < newest_received_day as is_complete
from compared
