{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

with activity as (
    select distinct
        date_trunc('hour', occurred_at) as hour_start,
        event_date,
        user_id,
        client_id
    from {{ ref('int_user_activity_events') }}
    where {{ in_dates('event_date', rebuild_dates()) }}
),

partnered as (
    select
        activity.*,
        {{ partner_of('clients') }} as partner_id
    from activity
    left join {{ ref('clients') }} as clients on activity.client_id = clients.client_id
),

scoped as (
    select
        partnered.hour_start,
        partnered.event_date,
        {{ in_client_scope('partnered') }},
        partnered.user_id
    from partnered
    cross join ({{ client_scopes() }}) as scopes
)

select
    hour_start,
    event_date as date_day,
    partner_id,
    client_id,
    count(distinct user_id) as active_users
from scoped
group by hour_start, event_date, partner_id, client_id
