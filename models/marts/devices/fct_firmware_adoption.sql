with uptake as (
    select
        uptake.date_day,
        uptake.model,
        releases.release_rank,
        -- versions that the catalog does not know come last: they are devices of the model, and none of a release
        sum(uptake.active_devices) over (
            partition by uptake.date_day, uptake.model
            order by releases.release_rank desc nulls last
            rows between unbounded preceding and current row
        ) as devices_so_new,
        sum(uptake.active_devices) over (partition by uptake.date_day, uptake.model) as devices
    from {{ ref('fct_firmware_uptake_daily') }} as uptake
    left join {{ ref('dim_firmware_releases') }} as releases
        on uptake.model = releases.model and uptake.firmware_version = releases.firmware_version
),

-- of each day the newest release that so many run, or a later one; who has passed it has passed all before it
reached as (
    select
        date_day,
        model,
        max(case when devices_so_new * 10 >= devices then release_rank end) as rank_10,
        max(case when devices_so_new * 2 >= devices then release_rank end) as rank_50,
        max(case when devices_so_new * 10 >= devices * 9 then release_rank end) as rank_90
    from uptake
    where devices_so_new > 0
    group by date_day, model
),

first_dump as (
    select min(date_day) as first_day from {{ ref('fct_firmware_uptake_daily') }}
),

past_before as (
    select
        reached.model,
        reached.rank_10,
        reached.rank_50,
        reached.rank_90
    from reached
    inner join first_dump on reached.date_day = first_dump.first_day
),

first_days as (
    select
        releases.model,
        releases.firmware_version,
        min(case when reached.rank_10 >= releases.release_rank then reached.date_day end) as day_10,
        min(case when reached.rank_50 >= releases.release_rank then reached.date_day end) as day_50,
        min(case when reached.rank_90 >= releases.release_rank then reached.date_day end) as day_90
    from {{ ref('dim_firmware_releases') }} as releases
    inner join reached
        on releases.model = reached.model and cast(releases.released_at as date) <= reached.date_day
    group by releases.model, releases.firmware_version
)

select
    releases.model,
    releases.firmware_version,
    releases.released_at,
    case
        when coalesce(past_before.rank_10, 0) < releases.release_rank
            then cast(first_days.day_10 - cast(releases.released_at as date) as integer)
    end as days_to_10_pct,
    case
        when coalesce(past_before.rank_50, 0) < releases.release_rank
            then cast(first_days.day_50 - cast(releases.released_at as date) as integer)
    end as days_to_50_pct,
    case
        when coalesce(past_before.rank_90, 0) < releases.release_rank
            then cast(first_days.day_90 - cast(releases.released_at as date) as integer)
    end as days_to_90_pct
from {{ ref('dim_firmware_releases') }} as releases
left join first_days
    on releases.model = first_days.model and releases.firmware_version = first_days.firmware_version
left join past_before on releases.model = past_before.model
