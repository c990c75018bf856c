{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

{% set dates = rebuild_dates() %}

with moves as (
    select
        event_date as date_day,
        client_id,
        previous_screen as from_screen,
        coalesce(nullif(screen, ''), 'unknown') as to_screen
    from {{ ref('stg_events__navigation') }}
    where nullif(previous_screen, '') is not null and {{ in_dates('event_date', dates) }}
),

daily as (
    select
        date_day,
        client_id,
        from_screen,
        to_screen,
        count(*) as transitions
    from moves
    group by date_day, client_id, from_screen, to_screen
)

select
    daily.date_day,
    {{ partner_of('clients') }} as partner_id,
    daily.client_id,
    daily.from_screen,
    daily.to_screen,
    daily.transitions
from daily
left join {{ ref('clients') }} as clients on daily.client_id = clients.client_id
