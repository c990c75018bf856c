{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

{% set dates = rebuild_dates() %}

-- one row per notification and person who opened it, so notifications are counted distinct
with notifications as (
    select * from {{ ref('int_notifications') }}
    where is_sent and {{ in_dates('date_day', dates) }}
),

daily as (
    select
        date_day,
        client_id,
        campaign_id,
        count(distinct notification_id) as sent,
        count(distinct case when is_delivered then notification_id end) as delivered,
        count(distinct case when is_opened then notification_id end) as opened,
        count(distinct case when is_dismissed then notification_id end) as dismissed,
        count(distinct opened_by) as users_opened,
        count(distinct case when joined_show_within_1h then opened_by end) as users_joined_show_within_1h
    from notifications
    group by date_day, client_id, campaign_id
)

select
    daily.date_day,
    {{ partner_of('clients') }} as partner_id,
    daily.client_id,
    daily.campaign_id,
    daily.sent,
    daily.delivered,
    daily.opened,
    daily.dismissed,
    daily.users_opened,
    daily.users_joined_show_within_1h
from daily
left join {{ ref('clients') }} as clients on daily.client_id = clients.client_id
