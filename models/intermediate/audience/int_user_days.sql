{{ config(materialized='view') }}

with country_scopes as (
    select 'country' as country_scope
    union all
    select 'all' as country_scope
),

kinds as (
    select 'any' as activity, 0 as least_listening
    union all
    select 'listening' as activity, 1 as least_listening
),

activity as (
    select distinct
        date_day,
        user_id,
        partner_id,
        client_id,
        country_code,
        case when activity = 'play' then 1 else 0 end as is_listening
    from {{ ref('fct_user_activity_daily') }}
)

select distinct
    activity.date_day,
    activity.user_id,
    {{ in_client_scope('activity') }},
    case when country_scopes.country_scope = 'all' then 'all' else activity.country_code end as country_code,
    kinds.activity
from activity
cross join ({{ client_scopes() }}) as clients
cross join country_scopes
inner join kinds on activity.is_listening >= kinds.least_listening
