with active as (
    select
        cohort_kind,
        period_type,
        cohort_start,
        period_start,
        partner_id,
        client_id,
        country_code,
        active_users,
        users_last_active
    from {{ ref('int_cohort_periods') }}
),

-- everybody was active last in one period, or never since the cohort began
cohorts as (
    select
        cohort_kind,
        period_type,
        cohort_start,
        partner_id,
        client_id,
        country_code,
        cast(sum(users_last_active) as bigint) as cohort_users
    from active
    group by cohort_kind, period_type, cohort_start, partner_id, client_id, country_code
),

-- weeks and months in which there are cohorts; two of them are joined below, and int_periods has days, and centuries
periods as (
    select
        periods.period_type,
        periods.period_start,
        periods.period_index,
        periods.period_end < horizon.newest_received_day as is_complete
    from {{ ref('int_periods') }} as periods
    inner join {{ ref('int_data_horizon') }} as horizon on periods.period_start <= horizon.newest_day
    where
        periods.period_type <> 'day'
        and periods.period_start >= (select min(cohorts.cohort_start) from cohorts)
),

cells as (
    select
        cohorts.cohort_kind,
        cohorts.period_type,
        cohorts.cohort_start,
        periods.period_index - starts.period_index as period_number,
        cohorts.partner_id,
        cohorts.client_id,
        cohorts.country_code,
        cohorts.cohort_users,
        coalesce(active.active_users, 0) as retained_users,
        -- active in this period or later: those whose last active period is this or a later one
        cast(sum(coalesce(active.users_last_active, 0)) over (
            partition by
                cohorts.cohort_kind,
                cohorts.period_type,
                cohorts.cohort_start,
                cohorts.partner_id,
                cohorts.client_id,
                cohorts.country_code
            order by periods.period_index desc nulls last
            rows between unbounded preceding and current row
        ) as bigint) as returning_users,
        periods.is_complete
    from cohorts
    inner join periods as starts
        on cohorts.period_type = starts.period_type and cohorts.cohort_start = starts.period_start
    inner join periods
        on cohorts.period_type = periods.period_type and starts.period_index <= periods.period_index
    left join active
        on
            cohorts.cohort_kind = active.cohort_kind
            and cohorts.period_type = active.period_type
            and cohorts.cohort_start = active.cohort_start
            and cohorts.partner_id = active.partner_id
            and cohorts.client_id = active.client_id
            and cohorts.country_code = active.country_code
            and periods.period_start = active.period_start
)

select
    cohort_kind,
    period_type,
    cohort_start,
    period_number,
    partner_id,
    client_id,
    country_code,
    cohort_users,
    retained_users,
    returning_users,
    cast(retained_users as double precision) / cast(cohort_users as double precision) as retention_rate,
    cast(returning_users as double precision) / cast(cohort_users as double precision) as returning_rate,
    is_complete
from cells
