-- The newest day of the firmware mart counts the devices that were not deleted by its end; none is missing, none counts
-- twice.

with newest as (
    select max(date_day) as date_day from {{ ref('fct_firmware_uptake_daily') }}
),

fleet as (
    select cast(sum(uptake.devices) as bigint) as devices
    from {{ ref('fct_firmware_uptake_daily') }} as uptake
    inner join newest on uptake.date_day = newest.date_day
),

history as (
    select count(distinct versions.device_id) as devices
    from {{ ref('dim_devices_history') }} as versions
    inner join newest
        on
            versions.valid_from < newest.date_day + 1
            and (versions.valid_to is null or versions.valid_to >= newest.date_day + 1)
)

select
    fleet.devices,
    history.devices as devices_in_history
from fleet
cross join history
where coalesce(fleet.devices, 0) <> history.devices
