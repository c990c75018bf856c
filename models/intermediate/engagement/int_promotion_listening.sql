{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'days_after': 2, 'also': 'dates_of_moved_exposures'}},
        post_hook="{{ record_build() }}"
    )
}}

-- A week is 168 hours from moment to moment. The week after a moment reaches the 7th date after it, and what was heard
-- then may be told on the 8th.

{% set dates = rebuild_dates() %}
{% set week = '604800.0' %}

with exposures as (
    select * from {{ ref('int_promotion_exposures') }}
    where {{ in_dates('date_day', dates, days_before=8, days_after=7) }}
),

events as (
    select * from {{ ref('stg_events__play') }}
    where seconds_listened > 0 and {{ in_dates('event_date', dates) }}
),

plays as (
    select * from {{ ref('fct_plays') }}
    where {{ in_dates('date_day', dates, days_before=2) }}
),

-- an event after its play's two last dates belongs to no play: it speaks for itself
attributed as (
    select
        events.occurred_at,
        events.event_date,
        events.seconds_listened,
        case when plays.play_id is null then events.user_id else plays.user_id end as user_id,
        case when plays.play_id is null then events.client_id else plays.client_id end as client_id
    from events
    left join plays
        on events.play_id = plays.play_id and events.event_date between plays.date_day and plays.date_day + 2
),

heard as (
    select
        attributed.*,
        {{ partner_of('clients') }} as partner_id
    from attributed
    left join {{ ref('clients') }} as clients on attributed.client_id = clients.client_id
),

-- in seconds from the first impression, negative before it
placed as (
    select
        heard.event_date as date_day,
        exposures.campaign_id,
        exposures.client_id,
        exposures.user_id,
        exposures.first_impression_at,
        {{ seconds_between('exposures.first_impression_at', 'heard.occurred_at') }} - heard.seconds_listened
            as heard_from,
        {{ seconds_between('exposures.first_impression_at', 'heard.occurred_at') }} as heard_to
    from exposures
    inner join heard
        on
            exposures.user_id = heard.user_id
            and exposures.partner_id = heard.partner_id
            and heard.event_date between exposures.date_day - 7 and exposures.date_day + 8
),

parted as (
    select
        date_day,
        campaign_id,
        client_id,
        user_id,
        first_impression_at,
        greatest(least(heard_to, 0.0) - greatest(heard_from, -{{ week }}), 0.0) as seconds_before,
        greatest(least(heard_to, {{ week }}) - greatest(heard_from, 0.0), 0.0) as seconds_after
    from placed
    union all
    -- who heard nothing has a row on the day of the impression
    select
        date_day,
        campaign_id,
        client_id,
        user_id,
        first_impression_at,
        0.0 as seconds_before,
        0.0 as seconds_after
    from exposures
    where {{ in_dates('date_day', dates) }}
)

select
    date_day,
    campaign_id,
    client_id,
    user_id,
    first_impression_at,
    {{ exact_sum('seconds_before') }} as seconds_before,
    {{ exact_sum('seconds_after') }} as seconds_after
from parted
group by date_day, campaign_id, client_id, user_id, first_impression_at
