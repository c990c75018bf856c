{{
    config(
        materialized='incremental',
        incremental_strategy='replace_keys',
        unique_key='notification_id',
        meta={'rebuild': {'stale': 'stale_notifications'}},
        post_hook="{{ record_build() }}"
    )
}}

-- What becomes of a notification may be told days after it was sent, so notifications are made anew by key.

{% set rebuild = notifications_to_rebuild() %}

with events as (
    select
        notification_id,
        kind,
        occurred_at,
        event_date,
        user_id,
        client_id,
        nullif(campaign_id, '') as campaign_id,
        show_id,
        row_number() over (
            partition by notification_id, kind
            order by occurred_at asc nulls last, received_at asc nulls last, event_id asc nulls last
        ) as event_number
    from {{ ref('stg_events__notification') }}
    where
        {{ in_dates('event_date', rebuild.event_dates) }}
        {% if rebuild['keys'] %}
        and notification_id in ({{ rebuild['keys'] }})
        {% endif %}
),

-- where it was never sent there is no client: its row only remembers when something was heard of it
notifications as (
    select
        notification_id,
        max(case when kind = 'sent' and event_number = 1 then event_date end) as sent_date,
        max(case when kind = 'sent' and event_number = 1 then client_id end) as client_id,
        max(case when kind = 'sent' and event_number = 1 then campaign_id end) as campaign_id,
        max(case when kind = 'sent' and event_number = 1 then show_id end) as show_id,
        max(case when kind = 'delivered' then 1 else 0 end) as is_delivered,
        max(case when kind = 'opened' then 1 else 0 end) as is_opened,
        max(case when kind = 'dismissed' then 1 else 0 end) as is_dismissed,
        min(event_date) as first_event_date,
        max(event_date) as last_event_date
    from events
    group by notification_id
),

openings as (
    select
        events.notification_id,
        events.user_id,
        events.occurred_at,
        events.event_date,
        notifications.show_id
    from events
    inner join notifications on events.notification_id = notifications.notification_id
    where events.kind = 'opened' and events.user_id is not null and notifications.sent_date is not null
),

joins as (
    select user_id, show_id, occurred_at, event_date
    from {{ ref('stg_events__show_interaction') }}
    where
        kind = 'join' and user_id is not null
        and {{ in_dates('event_date', rebuild.event_dates, days_after=1) }}
),

openers as (
    select
        openings.notification_id,
        openings.user_id,
        max(case when joins.user_id is not null then 1 else 0 end) as has_joined
    from openings
    left join joins
        on
            openings.user_id = joins.user_id
            and openings.show_id = joins.show_id
            and joins.event_date between openings.event_date and openings.event_date + 1
            and joins.occurred_at between openings.occurred_at and {{ dbt.dateadd('hour', 1, 'openings.occurred_at') }}
    group by openings.notification_id, openings.user_id
)

select
    notifications.notification_id,
    coalesce(notifications.sent_date, notifications.first_event_date) as date_day,
    notifications.client_id,
    coalesce(notifications.campaign_id, 'none') as campaign_id,
    notifications.show_id,
    notifications.sent_date is not null as is_sent,
    notifications.is_delivered = 1 as is_delivered,
    notifications.is_opened = 1 as is_opened,
    notifications.is_dismissed = 1 as is_dismissed,
    openers.user_id as opened_by,
    coalesce(openers.has_joined, 0) = 1 as joined_show_within_1h,
    notifications.first_event_date,
    notifications.last_event_date
from notifications
left join openers on notifications.notification_id = openers.notification_id
