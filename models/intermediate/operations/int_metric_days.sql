{{ config(materialized='view') }}

-- The time spine of the metrics in the YAML of marts. It ends with the data: a window that is counted for days to come
-- would sink to nothing.

select dates.date_day
from {{ ref('dim_dates') }} as dates
inner join {{ ref('int_data_horizon') }} as horizon on dates.date_day <= horizon.newest_day
