{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

{% set dates = rebuild_dates() %}

with activity as (
    select * from {{ ref('int_user_activity_events') }}
    where {{ in_dates('event_date', dates) }}
),

daily as (
    select
        event_date as date_day,
        user_id,
        client_id,
        country_code,
        activity,
        count(*) as events,
        min(occurred_at) as first_occurred_at
    from activity
    group by event_date, user_id, client_id, country_code, activity
)

select
    daily.date_day,
    daily.user_id,
    {{ partner_of('clients') }} as partner_id,
    daily.client_id,
    daily.country_code,
    daily.activity,
    daily.events,
    daily.first_occurred_at
from daily
left join {{ ref('clients') }} as clients on daily.client_id = clients.client_id
