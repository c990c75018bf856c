{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'column': 'period_start', 'also': 'starts_of_cohort_activity'}},
        post_hook="{{ record_build() }}"
    )
}}

{% set dates = rebuild_dates() %}

select
    members.cohort_kind,
    members.period_type,
    members.cohort_start,
    active.period_start,
    members.partner_id,
    members.client_id,
    members.country_code,
    count(*) as active_users
from {{ ref('int_user_periods') }} as active
inner join {{ ref('int_cohort_members') }} as members
    on
        active.user_id = members.user_id
        and active.partner_id = members.partner_id
        and active.client_id = members.client_id
        and active.period_type = members.period_type
        and active.period_start >= members.cohort_start
where {{ in_dates('active.period_start', dates) }}
group by
    members.cohort_kind,
    members.period_type,
    members.cohort_start,
    active.period_start,
    members.partner_id,
    members.client_id,
    members.country_code
