with horizon as (
    select
        (select newest_day from {{ ref('int_data_horizon') }}) as newest_day,
        (select min(snapshot_date) from {{ ref('stg_dynamodb__devices') }}) as first_day
),

-- the days at whose end a version of a device held
versions as (
    select
        device_id,
        model,
        coalesce(nullif(firmware_version, ''), 'unknown') as firmware_version,
        cast(valid_from as date) as first_day,
        coalesce(cast(valid_to as date) - 1, date '2100-12-31') as last_day
    from {{ ref('dim_devices_history') }}
),

active as (
    select
        versions.model,
        versions.firmware_version,
        greatest(versions.first_day, spans.first_day) as first_day,
        least(versions.last_day, spans.last_day) as last_day
    from versions
    inner join {{ ref('int_device_active_spans') }} as spans
        on
            versions.device_id = spans.device_id
            and versions.first_day <= spans.last_day
            and versions.last_day >= spans.first_day
    where versions.first_day <= versions.last_day
),

-- each span counts one more from its first day on and one less from the day after its last
changes as (
    select model, firmware_version, first_day as date_day, 1 as devices, 0 as active_devices
    from versions
    where first_day <= last_day
    union all
    select model, firmware_version, last_day + 1 as date_day, -1 as devices, 0 as active_devices
    from versions
    where first_day <= last_day
    union all
    select model, firmware_version, first_day as date_day, 0 as devices, 1 as active_devices
    from active
    union all
    select model, firmware_version, last_day + 1 as date_day, 0 as devices, -1 as active_devices
    from active
),

daily_changes as (
    select
        model,
        firmware_version,
        date_day,
        sum(devices) as devices,
        sum(active_devices) as active_devices
    from changes
    group by model, firmware_version, date_day
),

days as (
    select
        pairs.model,
        pairs.firmware_version,
        dates.date_day
    from (select distinct model, firmware_version from versions) as pairs
    cross join horizon
    inner join {{ ref('dim_dates') }} as dates
        on horizon.first_day <= dates.date_day and horizon.newest_day >= dates.date_day
),

counted as (
    select
        days.date_day,
        days.model,
        days.firmware_version,
        cast(sum(coalesce(daily_changes.devices, 0)) over (
            partition by days.model, days.firmware_version
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as devices,
        cast(sum(coalesce(daily_changes.active_devices, 0)) over (
            partition by days.model, days.firmware_version
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as active_devices
    from days
    left join daily_changes
        on
            days.model = daily_changes.model
            and days.firmware_version = daily_changes.firmware_version
            and days.date_day = daily_changes.date_day
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
where counted.devices > 0
