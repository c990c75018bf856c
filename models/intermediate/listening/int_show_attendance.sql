{{
    config(
        materialized='incremental',
        incremental_strategy='replace_keys',
        unique_key='show_id',
        meta={'rebuild': {'stale': 'stale_attendance'}},
        post_hook="{{ record_build() }}"
    )
}}

-- depends_on: {{ ref('int_show_days') }}

{% set rebuild = attendance_to_rebuild() %}

with recursive acts as (
    select
        show_id,
        user_id,
        client_id,
        kind,
        occurred_at,
        row_number() over (
            partition by show_id, user_id
            order by occurred_at asc nulls last, received_at asc nulls last, event_id asc nulls last
        ) as act_number,
        sum(case when kind = 'leave' then 1 else 0 end) over (
            partition by show_id, user_id
            order by occurred_at asc nulls last, received_at asc nulls last, event_id asc nulls last
            rows between unbounded preceding and current row
        ) as leaves,
        case when kind = 'leave' then 1 else 0 end as is_leave
    from {{ ref('stg_events__show_interaction') }}
    where
        kind in ('join', 'leave')
        and user_id is not null
        and {{ in_dates('event_date', rebuild.event_dates) }}
        {% if rebuild['keys'] %}
        and show_id in ({{ rebuild['keys'] }})
        {% endif %}
),

-- joins without a leave between them share the leave that comes after them, if there is one
followed as (
    select
        acts.*,
        leaves - is_leave as leaves_before,
        max(case when is_leave = 1 then occurred_at end) over (
            partition by show_id, user_id, leaves - is_leave
        ) as next_leave_at
    from acts
),

joins as (
    select
        followed.show_id,
        followed.user_id,
        followed.client_id,
        followed.act_number,
        followed.leaves_before,
        followed.occurred_at as joined_at,
        followed.next_leave_at,
        -- without a leave: 4 hours, or until the show's end; nothing is left of a join after that
        greatest(
            followed.occurred_at,
            least(
                {{ dbt.dateadd('hour', 4, 'followed.occurred_at') }},
                coalesce(shows.ended_at, {{ dbt.dateadd('hour', 4, 'followed.occurred_at') }})
            )
        ) as lapses_at,
        shows.ended_at as show_ended_at
    from followed
    left join {{ ref('dim_shows') }} as shows on followed.show_id = shows.show_id
    where followed.kind = 'join'
),

-- who did not leave comes again with the first join that finds the time of the one before over
returns as (
    select
        joins.show_id,
        joins.user_id,
        joins.act_number,
        min(later.act_number) as next_number
    from joins
    inner join joins as later
        on
            joins.show_id = later.show_id
            and joins.user_id = later.user_id
            and joins.leaves_before = later.leaves_before
            and joins.act_number < later.act_number
            and joins.lapses_at <= later.joined_at
    group by joins.show_id, joins.user_id, joins.act_number
),

-- the joins that count: all others find one open
openings (show_id, user_id, act_number) as (
    select
        show_id,
        user_id,
        min(act_number) as act_number
    from joins
    group by show_id, user_id, leaves_before
    union all
    select
        returns.show_id,
        returns.user_id,
        returns.next_number as act_number
    from openings
    inner join returns
        on
            openings.show_id = returns.show_id
            and openings.user_id = returns.user_id
            and openings.act_number = returns.act_number
),

stays as (
    select
        joins.*,
        row_number() over (
            partition by joins.show_id, joins.user_id order by joins.act_number asc nulls last
        ) as stay_number,
        row_number() over (
            partition by joins.show_id, joins.user_id, joins.leaves_before order by joins.act_number desc nulls last
        ) as stays_to_leave
    from openings
    inner join joins
        on
            openings.show_id = joins.show_id
            and openings.user_id = joins.user_id
            and openings.act_number = joins.act_number
),

ended as (
    select
        stays.*,
        case when stays_to_leave = 1 then coalesce(next_leave_at, lapses_at) else lapses_at end as left_at
    from stays
),

-- nearly all end on the day they begin: only the others are worth a look at the calendar
days as (
    select show_id, user_id, stay_number, cast(joined_at as date) as date_day
    from ended
    union all
    select ended.show_id, ended.user_id, ended.stay_number, dates.date_day
    from ended
    inner join {{ ref('dim_dates') }} as dates
        on dates.date_day > cast(ended.joined_at as date) and dates.date_day <= cast(ended.left_at as date)
    where cast(ended.joined_at as date) < cast(ended.left_at as date)
)

select
    days.date_day,
    ended.show_id,
    ended.user_id,
    ended.stay_number,
    ended.client_id,
    ended.joined_at,
    ended.left_at,
    greatest(ended.joined_at, cast(days.date_day as timestamp)) as from_at,
    least(ended.left_at, cast(days.date_day + 1 as timestamp)) as until_at,
    ended.show_ended_at
from ended
inner join days
    on ended.show_id = days.show_id and ended.user_id = days.user_id and ended.stay_number = days.stay_number
