{{ config(materialized='incremental', incremental_strategy='replace_dates', post_hook="{{ record_build() }}") }}

-- A user counts once per kind of act, show and day: one fan cannot buy a trend.

{% set dates = rebuild_dates() %}

with acts as (
    select event_date, user_id, country_code, show_id, 'play' as kind
    from {{ ref('stg_events__play') }}
    where show_id is not null and user_id is not null and {{ in_dates('event_date', dates) }}
    union all
    select event_date, user_id, country_code, show_id, kind
    from {{ ref('stg_events__show_interaction') }}
    where user_id is not null and {{ in_dates('event_date', dates) }}
),

scopes as (
    select 'country' as scope_type
    union all
    select 'all' as scope_type
),

weighted as (
    select distinct
        acts.event_date as date_day,
        case when scopes.scope_type = 'country' then 'country' else 'all' end as scope_type,
        case when scopes.scope_type = 'country' then acts.country_code else 'all' end as scope_value,
        acts.show_id,
        acts.user_id,
        acts.kind,
        weights.weight
    from acts
    inner join {{ ref('engagement_weights') }} as weights on acts.kind = weights.kind
    cross join scopes
)

select
    date_day,
    scope_type,
    scope_value,
    show_id,
    cast(sum(weight) as bigint) as engagement,
    count(distinct user_id) as listeners
from weighted
group by date_day, scope_type, scope_value, show_id
