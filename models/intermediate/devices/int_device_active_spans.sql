-- A device is active on a day when it was seen on it or in the 27 days before, by an event or by its own report in a
-- dump: days seen at most 28 days apart make one span, which lasts 27 days longer than its last day seen.

with seen as (
    select device_id, date_day from {{ ref('int_device_days') }}
    union
    select device_id, cast(last_seen_at as date) as date_day
    from {{ ref('stg_dynamodb__devices') }}
    where last_seen_at is not null
),

starts as (
    select
        device_id,
        date_day,
        case
            when date_day - lag(date_day) over (partition by device_id order by date_day asc nulls last) <= 28 then 0
            else 1
        end as is_start
    from seen
),

spans as (
    select
        device_id,
        date_day,
        sum(is_start) over (
            partition by device_id
            order by date_day asc nulls last
            rows between unbounded preceding and current row
        ) as span_number
    from starts
)

select
    device_id,
    cast(span_number as bigint) as span_number,
    min(date_day) as first_day,
    max(date_day) + 27 as last_day
from spans
group by device_id, span_number
