with counted as (
    select
        date_day,
        model,
        firmware_version,
        cast(sum(devices) as bigint) as devices,
        cast(sum(active_devices) as bigint) as active_devices
    from {{ ref('int_firmware_uptake_by_client') }}
    group by date_day, model, firmware_version
),

stable as (
    select
        model,
        firmware_version,
        cast(released_at as date) as first_day,
        row_number() over (
            partition by model, cast(released_at as date)
            order by released_at desc nulls last, firmware_version desc nulls last
        ) as releases_back
    from {{ ref('dim_firmware_releases') }}
    where channel = 'stable'
),

-- the days at whose end a stable release was its model's newest
latest_stable as (
    select
        model,
        firmware_version,
        first_day,
        lead(first_day) over (partition by model order by first_day asc nulls last) as next_day
    from stable
    where releases_back = 1
)

select
    counted.date_day,
    counted.model,
    counted.firmware_version,
    counted.devices,
    counted.active_devices,
    cast(counted.active_devices as double precision)
    / nullif(
        cast(sum(counted.active_devices) over (partition by counted.date_day, counted.model) as double precision), 0
    ) as share_of_active,
    cast(counted.date_day - cast(releases.released_at as date) as integer) as days_since_release,
    latest_stable.model is not null as is_latest_stable
from counted
left join {{ ref('dim_firmware_releases') }} as releases
    on counted.model = releases.model and counted.firmware_version = releases.firmware_version
left join latest_stable
    on
        counted.model = latest_stable.model
        and counted.firmware_version = latest_stable.firmware_version
        and counted.date_day >= latest_stable.first_day
        and (latest_stable.next_day is null or counted.date_day < latest_stable.next_day)
