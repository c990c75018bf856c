-- Retention divides by cohorts: were somebody in two of them, or in none, every rate would be off. Over all clients the
-- cohorts of first activity are the people ever active, those of registration at most the accounts there are, and
-- countries part a cohort without overlap.

with cohorts as (
    select cohort_kind, period_type, cohort_start, partner_id, client_id, country_code, cohort_users
    from {{ ref('fct_retention_cohorts') }}
    where period_number = 0
),

people as (
    select 'first_active' as cohort_kind, count(distinct user_id) as users
    from {{ ref('fct_user_activity_daily') }}
),

accounts as (
    select count(*) as users from {{ ref('dim_users') }}
),

counted as (
    select cohort_kind, period_type, cast(sum(cohort_users) as bigint) as users
    from cohorts
    where partner_id = 'all' and client_id = 'all' and country_code = 'all'
    group by cohort_kind, period_type
),

countries as (
    select
        cohort_kind,
        period_type,
        cohort_start,
        partner_id,
        client_id,
        sum(case when country_code = 'all' then cohort_users else 0 end) as users_in_total,
        sum(case when country_code <> 'all' then cohort_users else 0 end) as users_of_countries
    from cohorts
    group by cohort_kind, period_type, cohort_start, partner_id, client_id
)

select 'people' as wrong, counted.cohort_kind, counted.period_type
from counted
inner join people on counted.cohort_kind = people.cohort_kind
where counted.users <> people.users
union all
select 'accounts' as wrong, counted.cohort_kind, counted.period_type
from counted
cross join accounts
where counted.cohort_kind = 'registered' and counted.users > accounts.users
union all
select distinct 'countries' as wrong, cohort_kind, period_type
from countries
where users_in_total <> users_of_countries
