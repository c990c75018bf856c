{{ config(materialized='view') }}

with registered as (
    select
        registrations.entity_id as user_id,
        {{ in_client_scope('registrations') }},
        registrations.country_code,
        registrations.date_day
    from {{ ref('int_registrations') }} as registrations
    cross join ({{ client_scopes() }}) as clients
    where registrations.entity = 'user'
),

joined as (
    select 'first_active' as cohort_kind, user_id, partner_id, client_id, country_code, date_day
    from {{ ref('int_user_firsts') }}
    union all
    select 'registered' as cohort_kind, user_id, partner_id, client_id, country_code, date_day
    from registered
)

select
    cohort_kind,
    'week' as period_type,
    cast(date_trunc('week', date_day) as date) as cohort_start,
    user_id,
    partner_id,
    client_id,
    country_code
from joined
union all
select
    cohort_kind,
    'month' as period_type,
    cast(date_trunc('month', date_day) as date) as cohort_start,
    user_id,
    partner_id,
    client_id,
    country_code
from joined
