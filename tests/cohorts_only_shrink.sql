-- Who returns in a later period also counts as returning in every earlier one: a cohort's curve never rises, and nobody
-- is retained who is not returning.

with cells as (
    select
        *,
        lag(returning_users) over (
            partition by cohort_kind, period_type, cohort_start, partner_id, client_id, country_code
            order by period_number asc nulls last
        ) as returning_before,
        lag(period_number) over (
            partition by cohort_kind, period_type, cohort_start, partner_id, client_id, country_code
            order by period_number asc nulls last
        ) as number_before
    from {{ ref('fct_retention_cohorts') }}
)

select
    cohort_kind,
    period_type,
    cohort_start,
    period_number,
    partner_id,
    client_id,
    country_code
from cells
where
    returning_users > coalesce(returning_before, cohort_users)
    or retained_users > returning_users
    or period_number <> coalesce(number_before + 1, 0)
    or (cohort_kind = 'first_active' and period_number = 0 and retained_users <> cohort_users)
