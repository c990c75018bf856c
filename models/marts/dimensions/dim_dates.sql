-- Every day a valid timestamp can fall on (1970 to 2100): no fact can have a date that is not here.

with days as (
    select date '1970-01-01' + cast(generated_number - 1 as integer) as date_day
    from ({{ dbt.generate_series(47847) }}) as numbers
)

select
    date_day,
    cast(date_trunc('week', date_day) as date) as week_start,
    cast(date_trunc('month', date_day) as date) as month_start,
    cast(date_day - cast(date_trunc('week', date_day) as date) as integer) + 1 as day_of_week,
    date_day - cast(date_trunc('week', date_day) as date) >= 5 as is_weekend
from days
