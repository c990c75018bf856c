{% set dates = so_far_dates() %}
{% set spans = {'value': 0, 'same_time_yesterday': 1, 'same_time_last_week': 7} %}

with spans as (
    {% for span, days_back in spans.items() %}
    select
        '{{ span }}' as span,
        newest_occurred_at as as_of,
        newest_day - {{ days_back }} as date_day,
        {{ dbt.dateadd('day', -days_back, 'newest_occurred_at') }} as until_at
    from {{ ref('int_data_horizon') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

tracks as (
    select
        spans.span,
        plays.client_id
    from {{ ref('fct_plays') }} as plays
    inner join spans on plays.date_day = spans.date_day and plays.started_at <= spans.until_at
    where plays.content_type = 'track' and {{ in_dates('plays.date_day', dates) }}
),

-- an event after its play's two last dates belongs to no play: it speaks for itself
heard as (
    select
        spans.span,
        case when plays.play_id is null then events.client_id else plays.client_id end as client_id,
        -- what was heard before midnight belongs to the day before
        least(
            events.seconds_listened, {{ seconds_between('cast(spans.date_day as timestamp)', 'events.occurred_at') }}
        ) as seconds_listened
    from {{ ref('stg_events__play') }} as events
    inner join spans on events.event_date = spans.date_day and events.occurred_at <= spans.until_at
    left join {{ ref('fct_plays') }} as plays
        on
            events.play_id = plays.play_id
            and events.event_date between plays.date_day and plays.date_day + 2
            and {{ in_dates('plays.date_day', dates, days_before=2) }}
    where events.seconds_listened > 0 and {{ in_dates('events.event_date', dates) }}
),

active as (
    select distinct
        spans.span,
        activity.client_id,
        activity.user_id
    from {{ ref('int_user_activity_events') }} as activity
    inner join spans on activity.event_date = spans.date_day and activity.occurred_at <= spans.until_at
    where {{ in_dates('activity.event_date', dates) }}
),

joins as (
    select
        spans.span,
        acts.client_id
    from {{ ref('stg_events__show_interaction') }} as acts
    inner join spans on acts.event_date = spans.date_day and acts.occurred_at <= spans.until_at
    where acts.kind = 'join' and {{ in_dates('acts.event_date', dates) }}
),

acts as (
    select 'active_users' as metric, span, client_id, user_id, 0.0 as amount from active
    union all
    select 'tracks_started' as metric, span, client_id, null as user_id, 1.0 as amount from tracks
    union all
    select 'hours_listened' as metric, span, client_id, null as user_id, seconds_listened as amount from heard
    union all
    select 'show_joins' as metric, span, client_id, null as user_id, 1.0 as amount from joins
),

partnered as (
    select
        acts.*,
        {{ partner_of('clients') }} as partner_id
    from acts
    left join {{ ref('clients') }} as clients on acts.client_id = clients.client_id
),

scoped as (
    select
        {{ in_client_scope('partnered') }},
        partnered.metric,
        partnered.span,
        partnered.user_id,
        partnered.amount
    from partnered
    cross join ({{ client_scopes() }}) as scopes
),

counted as (
    select
        partner_id,
        client_id,
        metric,
        {{ so_far_total('value') }} as value,
        {{ so_far_total('same_time_yesterday') }} as same_time_yesterday,
        {{ so_far_total('same_time_last_week') }} as same_time_last_week
    from scoped
    group by partner_id, client_id, metric
)

select
    counted.partner_id,
    counted.client_id,
    counted.metric,
    spans.as_of,
    cast(counted.value as double precision) as value,
    cast(counted.same_time_yesterday as double precision) as same_time_yesterday,
    cast(counted.same_time_last_week as double precision) as same_time_last_week
from counted
inner join spans on spans.span = 'value'
where counted.value > 0 or counted.same_time_yesterday > 0 or counted.same_time_last_week > 0
