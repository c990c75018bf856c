-- Creators are paid by their crowd: a peak that nobody joined, or an act that nobody did, is a wrong bill.

with shows as (
    select
        coalesce(cast(sum(joins) as bigint), 0) as joins,
        coalesce({{ exact_sum('minutes_listened') }}, 0) as minutes_listened,
        coalesce(cast(sum(chats + shares + call_ins + poll_votes) as bigint), 0) as acts
    from {{ ref('fct_show_performance') }}
),

stays as (
    select
        count(*) as joins,
        coalesce({{ exact_sum(seconds_between('joined_at', 'left_at')) }}, 0) / 60.0 as minutes_listened
    from {{ ref('int_show_attendance') }}
    where date_day = cast(joined_at as date)
),

events as (
    select count(*) as acts
    from {{ ref('stg_events__show_interaction') }}
    where kind in ('chat', 'share', 'call_in', 'poll_vote')
)

select show_id
from {{ ref('fct_show_performance') }}
where
    peak_concurrent_listeners > unique_listeners
    or unique_listeners > joins
    or (peak_concurrent_listeners = 0) <> (peak_at is null)
    or (peak_concurrent_listeners = 0) <> (minutes_listened = 0)
union all
select 'all shows' as show_id
from shows
cross join stays
cross join events
where
    shows.joins <> stays.joins
    or abs(shows.minutes_listened - stays.minutes_listened) > 0.000001 + 0.000000001 * stays.minutes_listened
    or shows.acts <> events.acts
