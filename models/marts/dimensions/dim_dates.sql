-- Every day on which an event can have happened: no fact can have a date that is not here. Valid timestamps lie between
-- 1970 and 2100, but a wrong clock is set right by as much as it was wrong, as far as to the end of 1838.

with days as (
    select date '1838-01-01' + cast(generated_number - 1 as integer) as date_day
    from ({{ dbt.generate_series(96059) }}) as numbers
)

select
    date_day,
    cast(date_trunc('week', date_day) as date) as week_start,
    cast(date_trunc('month', date_day) as date) as month_start,
    cast(date_day - cast(date_trunc('week', date_day) as date) as integer) + 1 as day_of_week,
    date_day - cast(date_trunc('week', date_day) as date) >= 5 as is_weekend
from days
