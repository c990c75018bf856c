{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

with attendance as (
    select * from {{ ref('int_show_attendance') }}
    where from_at < until_at and {{ in_dates('date_day', rebuild_dates()) }}
),

partnered as (
    select
        attendance.*,
        {{ partner_of('clients') }} as partner_id
    from attendance
    left join {{ ref('clients') }} as clients on attendance.client_id = clients.client_id
),

scoped as (
    select
        partnered.date_day,
        {{ in_client_scope('partnered') }},
        partnered.user_id,
        partnered.from_at,
        partnered.until_at
    from partnered
    cross join ({{ client_scopes() }}) as scopes
),

steps as (
    select date_day, partner_id, client_id, user_id, from_at as stepped_at, 1 as step
    from scoped
    union all
    select date_day, partner_id, client_id, user_id, until_at as stepped_at, -1 as step
    from scoped
),

-- in how many shows each person is: who leaves at a moment is gone before coming at it
shows as (
    select
        steps.*,
        sum(step) over (
            partition by date_day, partner_id, client_id, user_id
            order by stepped_at asc nulls last, step asc nulls last
            rows between unbounded preceding and current row
        ) as shows
    from steps
),

-- a person comes with the first show and goes with the last
crowds as (
    select
        date_day,
        partner_id,
        client_id,
        sum(step) over (
            partition by date_day, partner_id, client_id
            order by stepped_at asc nulls last, step asc nulls last
            rows between unbounded preceding and current row
        ) as listeners
    from shows
    where (step = 1 and shows = 1) or (step = -1 and shows = 0)
)

select
    date_day,
    partner_id,
    client_id,
    cast(max(listeners) as bigint) as peak_concurrent_listeners
from crowds
group by date_day, partner_id, client_id
