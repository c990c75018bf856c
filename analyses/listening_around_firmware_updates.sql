-- Do devices fall silent after an update? Hours heard on a device in the 7 days before and after it went to another
-- firmware version, by model and version. Only updates with both weeks in the data. A dump tells of an update up to a
-- day after it; what was heard in between counts as before.

with started as (
    select min(date_day) as first_day
    from {{ ref('fct_plays') }}
),

complete as (
    select max(date_day) as last_day
    from {{ ref('fct_active_users_daily') }}
    where is_complete
),

versions as (
    select
        device_id,
        model,
        firmware_version,
        valid_from,
        lag(firmware_version) over (
            partition by device_id order by valid_from asc nulls last
        ) as version_before
    from {{ ref('dim_devices_history') }}
),

updates as (
    select
        versions.device_id,
        versions.model,
        versions.firmware_version,
        versions.valid_from as updated_at
    from versions
    inner join started on versions.valid_from >= started.first_day + 7
    inner join complete on versions.valid_from <= complete.last_day - 6
    where versions.firmware_version <> versions.version_before
),

heard as (
    select
        updates.device_id,
        updates.model,
        updates.firmware_version,
        updates.updated_at,
        sum(case when plays.started_at < updates.updated_at then plays.seconds_listened else 0 end) as seconds_before,
        sum(case when plays.started_at >= updates.updated_at then plays.seconds_listened else 0 end) as seconds_after
    from updates
    left join {{ ref('fct_plays') }} as plays
        on
            updates.device_id = plays.device_id
            and plays.started_at >= {{ dbt.dateadd('day', -7, 'updates.updated_at') }}
            and plays.started_at < {{ dbt.dateadd('day', 7, 'updates.updated_at') }}
    group by updates.device_id, updates.model, updates.firmware_version, updates.updated_at
)

select
    model,
    firmware_version,
    count(*) as updates,
    avg(cast(seconds_before as double precision)) / 3600.0 as hours_per_device_7d_before,
    avg(cast(seconds_after as double precision)) / 3600.0 as hours_per_device_7d_after,
    cast(sum(case when seconds_before > 0 and seconds_after = 0 then 1 else 0 end) as bigint) as devices_gone_silent
from heard
group by model, firmware_version
order by updates desc nulls last, model asc nulls last, firmware_version asc nulls last
