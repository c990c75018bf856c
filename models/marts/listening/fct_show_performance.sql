{{
    config(
        materialized='incremental',
        incremental_strategy='replace_keys',
        unique_key='show_id',
        meta={'rebuild': {'column': 'first_day', 'stale': 'stale_performance'}},
        post_hook="{{ record_build() }}"
    )
}}

-- depends_on: {{ ref('int_show_days') }}

{% set rebuild = performance_to_rebuild() %}

with acts as (
    select * from {{ ref('stg_events__show_interaction') }}
    where
        {{ in_dates('event_date', rebuild.event_dates) }}
        {% if rebuild['keys'] %}
        and show_id in ({{ rebuild['keys'] }})
        {% endif %}
),

-- each stay once: it has a row on every date that it touches
stays as (
    select * from {{ ref('int_show_attendance') }}
    where
        date_day = cast(joined_at as date)
        and {{ in_dates('date_day', rebuild.event_dates) }}
        {% if rebuild['keys'] %}
        and show_id in ({{ rebuild['keys'] }})
        {% endif %}
),

attended as (
    select
        show_id,
        count(distinct user_id) as unique_listeners,
        count(*) as joins,
        {{ exact_sum(seconds_between('joined_at', 'left_at')) }} / 60.0 as minutes_listened
    from stays
    group by show_id
),

-- who leaves at a moment is gone before somebody else comes at it
steps as (
    select show_id, joined_at as stepped_at, 1 as step
    from stays
    where joined_at < left_at
    union all
    select show_id, left_at as stepped_at, -1 as step
    from stays
    where joined_at < left_at
),

crowds as (
    select
        show_id,
        stepped_at,
        cast(sum(step) over (
            partition by show_id
            order by stepped_at asc nulls last, step asc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as listeners
    from steps
),

peaks as (
    select
        show_id,
        listeners,
        stepped_at,
        row_number() over (
            partition by show_id order by listeners desc nulls last, stepped_at asc nulls last
        ) as place
    from crowds
),

opinions as (
    select
        show_id,
        kind,
        row_number() over (
            partition by show_id, user_id
            order by occurred_at desc nulls last, received_at desc nulls last, event_id desc nulls last
        ) as opinions_back
    from acts
    where kind in ('like', 'unlike') and user_id is not null
),

liked as (
    select
        show_id,
        count(*) as likes
    from opinions
    where opinions_back = 1 and kind = 'like'
    group by show_id
),

counted as (
    select
        show_id,
        count(distinct case when kind = 'follow_creator' then user_id end) as follows,
        cast(sum(case when kind = 'chat' then 1 else 0 end) as bigint) as chats,
        cast(sum(case when kind = 'share' then 1 else 0 end) as bigint) as shares,
        cast(sum(case when kind = 'call_in' then 1 else 0 end) as bigint) as call_ins,
        cast(sum(case when kind = 'poll_vote' then 1 else 0 end) as bigint) as poll_votes,
        min(event_date) as first_day,
        max(event_date) as last_day
    from acts
    group by show_id
)

select
    counted.show_id,
    coalesce(attended.unique_listeners, 0) as unique_listeners,
    coalesce(attended.joins, 0) as joins,
    coalesce(peaks.listeners, 0) as peak_concurrent_listeners,
    peaks.stepped_at as peak_at,
    coalesce(attended.minutes_listened, 0) as minutes_listened,
    coalesce(liked.likes, 0) as likes,
    counted.follows,
    counted.chats,
    counted.shares,
    counted.call_ins,
    counted.poll_votes,
    counted.first_day,
    counted.last_day
from counted
left join attended on counted.show_id = attended.show_id
left join peaks on counted.show_id = peaks.show_id and peaks.place = 1
left join liked on counted.show_id = liked.show_id
where
    coalesce(attended.joins, 0) + coalesce(liked.likes, 0)
    + counted.follows + counted.chats + counted.shares + counted.call_ins + counted.poll_votes > 0
