{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

{% set dates = rebuild_dates() %}

with attempts as (
    select
        event_date as date_day,
        client_id,
        country_code,
        coalesce(nullif(service, ''), 'unknown') as service,
        user_id,
        outcome
    from {{ ref('stg_events__music_service_auth') }}
    where {{ in_dates('event_date', dates) }}
),

daily as (
    select
        date_day,
        client_id,
        country_code,
        service,
        count(*) as attempts,
        sum(case when outcome = 'success' then 1 else 0 end) as successes,
        sum(case when outcome = 'failure' then 1 else 0 end) as failures,
        sum(case when outcome = 'cancelled' then 1 else 0 end) as cancellations,
        count(distinct case when outcome = 'success' then user_id end) as users_signed_on
    from attempts
    group by date_day, client_id, country_code, service
)

select
    daily.date_day,
    {{ partner_of('clients') }} as partner_id,
    daily.client_id,
    daily.country_code,
    daily.service,
    daily.attempts,
    cast(daily.successes as bigint) as successes,
    cast(daily.failures as bigint) as failures,
    cast(daily.cancellations as bigint) as cancellations,
    daily.users_signed_on
from daily
left join {{ ref('clients') }} as clients on daily.client_id = clients.client_id
