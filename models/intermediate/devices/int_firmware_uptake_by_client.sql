-- Counted by intervals: a device counts one more from the first day on, at whose end a version of it held, and one less
-- from the day after the last.

with horizon as (
    select
        (select newest_day from {{ ref('int_data_horizon') }}) as newest_day,
        (select min(snapshot_date) from {{ ref('stg_dynamodb__devices') }}) as first_day
),

versions as (
    select
        device_id,
        partner_id,
        client_id,
        model,
        coalesce(nullif(firmware_version, ''), 'unknown') as firmware_version,
        cast(valid_from as date) as first_day,
        coalesce(cast(valid_to as date) - 1, date '2100-12-31') as last_day
    from {{ ref('dim_devices_history') }}
),

counted as (
    select
        partner_id,
        client_id,
        model,
        firmware_version,
        first_day,
        last_day,
        1 as devices,
        0 as active_devices
    from versions
    where first_day <= last_day
    union all
    select
        versions.partner_id,
        versions.client_id,
        versions.model,
        versions.firmware_version,
        greatest(versions.first_day, spans.first_day) as first_day,
        least(versions.last_day, spans.last_day) as last_day,
        0 as devices,
        1 as active_devices
    from versions
    inner join {{ ref('int_device_active_spans') }} as spans
        on
            versions.device_id = spans.device_id
            and versions.first_day <= spans.last_day
            and versions.last_day >= spans.first_day
    where versions.first_day <= versions.last_day
),

changes as (
    select partner_id, client_id, model, firmware_version, first_day as date_day, devices, active_devices
    from counted
    union all
    select
        partner_id,
        client_id,
        model,
        firmware_version,
        last_day + 1 as date_day,
        -devices as devices,
        -active_devices as active_devices
    from counted
),

daily_changes as (
    select
        partner_id,
        client_id,
        model,
        firmware_version,
        date_day,
        cast(sum(devices) as bigint) as devices,
        cast(sum(active_devices) as bigint) as active_devices
    from changes
    group by partner_id, client_id, model, firmware_version, date_day
),

days as (
    select
        dates.date_day,
        cells.*
    from (select distinct partner_id, client_id, model, firmware_version from versions) as cells
    cross join horizon
    inner join {{ ref('dim_dates') }} as dates
        on horizon.first_day <= dates.date_day and horizon.newest_day >= dates.date_day
),

daily as (
    select
        days.*,
        cast(sum(coalesce(daily_changes.devices, 0)) over (
            partition by days.client_id, days.model, days.firmware_version
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as devices,
        cast(sum(coalesce(daily_changes.active_devices, 0)) over (
            partition by days.client_id, days.model, days.firmware_version
            order by days.date_day asc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as active_devices
    from days
    left join daily_changes
        on
            days.client_id = daily_changes.client_id
            and days.model = daily_changes.model
            and days.firmware_version = daily_changes.firmware_version
            and days.date_day = daily_changes.date_day
)

select
    date_day,
    partner_id,
    client_id,
    model,
    firmware_version,
    devices,
    active_devices
from daily
where devices > 0
