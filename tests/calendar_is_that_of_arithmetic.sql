-- Every weekly and monthly figure hangs on the calendar: it is counted again from 1 January 1838, a Monday, without
-- the engine's own weeks.

with counted as (
    select
        date_day,
        week_start,
        month_start,
        day_of_week,
        is_weekend,
        cast(date_day - date '1838-01-01' as integer) as day_number
    from {{ ref('dim_dates') }}
)

select date_day
from counted
where
    week_start <> date_day - cast(mod(day_number, 7) as integer)
    or month_start <> date_day - cast(extract(day from date_day) - 1 as integer)
    or day_of_week <> mod(day_number, 7) + 1
    or is_weekend <> (mod(day_number, 7) >= 5)
