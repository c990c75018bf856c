with datasets as (
    select
        dataset,
        source
    from ({{ declared_datasets() }}) as declared
),

seen as (
    select
        dataset,
        min(date_day) as first_day,
        max(newest_happened_at) as newest_event_at,
        max(newest_known_at) as newest_known_at
    from {{ ref('int_dataset_days') }}
    group by dataset
),

-- the newest day of all datasets is partial: the day before it is the last whole one
horizon as (
    select
        cast(max(newest_known_at) as date) as newest_day,
        cast(max(newest_known_at) as date) - 1 as last_day
    from seen
),

recent as (
    select
        days.dataset,
        cast(sum(case when days.date_day = horizon.last_day then days.records else 0 end) as bigint) as rows_last_day,
        cast(sum(
            case
                when
                    days.date_day in (
                        horizon.last_day - 7, horizon.last_day - 14, horizon.last_day - 21, horizon.last_day - 28
                    )
                    then days.records
                else 0
            end
        ) as bigint) as rows_of_weeks,
        sum(case when days.date_day > horizon.last_day - 7 then days.records else 0 end) as rows_7d,
        sum(case when days.date_day > horizon.last_day - 7 then days.late_records else 0 end) as late_7d
    from {{ ref('int_dataset_days') }} as days
    inner join horizon on days.date_day between horizon.last_day - 28 and horizon.last_day
    group by days.dataset
),

newest_load as (
    select cast(max(landed_at) as date) - 6 as first_day from {{ ref('fct_landing_loads') }}
),

loads as (
    select
        loads.dataset,
        max(loads.landed_at) as newest_load_at,
        sum(case when loads.landed_at >= newest_load.first_day then loads.records_read else 0 end) as read_7d,
        sum(case when loads.landed_at >= newest_load.first_day then loads.records_quarantined else 0 end) as rejected_7d
    from {{ ref('fct_landing_loads') }} as loads
    cross join newest_load
    group by loads.dataset
),

measured as (
    select
        datasets.dataset,
        datasets.source,
        horizon.last_day,
        cast(horizon.newest_day - cast(seen.newest_event_at as date) as integer) as days_behind,
        seen.newest_event_at,
        loads.newest_load_at,
        coalesce(recent.rows_last_day, 0) as rows_last_day,
        -- of the four weeks, those in which there was anything yet
        cast(coalesce(recent.rows_of_weeks, 0) as double precision)
        / cast(
            case
                when horizon.last_day - seen.first_day >= 28 then 4
                when horizon.last_day - seen.first_day >= 21 then 3
                when horizon.last_day - seen.first_day >= 14 then 2
                when horizon.last_day - seen.first_day >= 7 then 1
            end as double precision
        ) as rows_expected,
        case
            when datasets.source = 'events'
                then cast(recent.late_7d as double precision) / nullif(cast(recent.rows_7d as double precision), 0)
        end as late_share_7d,
        cast(loads.rejected_7d as double precision) / nullif(cast(loads.read_7d as double precision), 0)
            as reject_share_7d
    from datasets
    cross join horizon
    left join seen on datasets.dataset = seen.dataset
    left join recent on datasets.dataset = recent.dataset
    left join loads on datasets.dataset = loads.dataset
)

select
    dataset,
    source,
    last_day,
    newest_event_at,
    newest_load_at,
    rows_last_day,
    rows_expected,
    late_share_7d,
    reject_share_7d,
    -- what stops everything is told before what spoils some of it; rejects before the missing rows that they explain
    case
        when newest_event_at is null then 'stale'
        when source <> 'catalog' and days_behind > {{ var('stale_after_days') | int }} then 'stale'
        when source = 'catalog' and days_behind > {{ var('catalog_stale_after_days') | int }} then 'stale'
        when reject_share_7d > {{ var('high_reject_share') | float }} then 'high_rejects'
        -- nobody knows how many changes of the catalog a day should have
        when source <> 'catalog' and rows_last_day < {{ var('low_volume_share') | float }} * rows_expected
            then 'low_volume'
        else 'ok'
    end as status
from measured
