-- Days, weeks and months as numbered periods: the difference of two numbers is the count of periods between them.

with days as (
    select 'day' as period_type, date_day as period_start, date_day from {{ ref('dim_dates') }}
    union all
    select 'week' as period_type, week_start as period_start, date_day from {{ ref('dim_dates') }}
    union all
    select 'month' as period_type, month_start as period_start, date_day from {{ ref('dim_dates') }}
),

periods as (
    select
        period_type,
        period_start,
        max(date_day) as period_end
    from days
    group by period_type, period_start
)

select
    period_type,
    period_start,
    period_end,
    row_number() over (partition by period_type order by period_start asc nulls last) as period_index
from periods
