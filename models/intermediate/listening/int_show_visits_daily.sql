{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

with visits as (
    select distinct
        attendance.date_day,
        attendance.show_id,
        {{ partner_of('clients') }} as partner_id,
        attendance.client_id
    from {{ ref('int_show_attendance') }} as attendance
    left join {{ ref('clients') }} as clients on attendance.client_id = clients.client_id
    where {{ in_dates('attendance.date_day', rebuild_dates()) }}
)

select distinct
    visits.date_day,
    visits.show_id,
    {{ in_client_scope('visits') }}
from visits
cross join ({{ client_scopes() }}) as scopes
