-- Campaigns are compared by these steps: no step has more messages than were sent, nobody joins who didn't open, nobody
-- opens where nothing was opened, and each message that was ever sent is sent on exactly one day.

with wrong as (
    select count(*) as row_count
    from {{ ref('fct_notification_funnel_daily') }}
    where
        sent < 1 or delivered > sent or opened > sent or dismissed > sent
        or users_joined_show_within_1h > users_opened
        or (opened = 0 and users_opened > 0)
),

counted as (
    select coalesce(cast(sum(sent) as bigint), 0) as sent
    from {{ ref('fct_notification_funnel_daily') }}
),

told as (
    select count(distinct notification_id) as sent
    from {{ ref('stg_events__notification') }}
    where kind = 'sent'
)

select
    wrong.row_count as wrong_rows,
    counted.sent as sent_counted,
    told.sent as sent_told
from wrong
cross join counted
cross join told
where wrong.row_count > 0 or counted.sent <> told.sent
