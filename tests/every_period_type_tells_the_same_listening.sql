-- A partner that is billed by months and one that is billed by weeks pay for the same hours: each period type holds
-- every second that play events report, every play and every valid listen once, in the rows of clients and in total.

with reported as (
    select coalesce({{ exact_sum('seconds_listened') }}, 0) / 3600.0 as hours_listened
    from {{ ref('stg_events__play') }}
),

started as (
    select
        count(*) as plays_started,
        coalesce(cast(sum(case when is_valid_listen then 1 else 0 end) as bigint), 0) as valid_listens
    from {{ ref('fct_plays') }}
),

told as (
    select
        period_type,
        case when partner_id = 'all' then 'all' when client_id = 'all' then 'partner' else 'client' end as client_scope,
        {{ exact_sum('hours_listened') }} as hours_listened,
        cast(sum(plays_started) as bigint) as plays_started,
        cast(sum(valid_listens) as bigint) as valid_listens
    from {{ ref('fct_listening_totals') }}
    group by
        period_type,
        case when partner_id = 'all' then 'all' when client_id = 'all' then 'partner' else 'client' end
),

expected as (
    select period_types.period_type, scopes.client_scope
    from (
        select 'hour' as period_type
        union all
        select 'day' as period_type
        union all
        select 'week' as period_type
        union all
        select 'month' as period_type
        union all
        select 'year' as period_type
    ) as period_types
    cross join ({{ client_scopes() }}) as scopes
)

select
    expected.period_type,
    expected.client_scope,
    told.hours_listened,
    reported.hours_listened as reported_hours
from expected
cross join reported
cross join started
left join told on expected.period_type = told.period_type and expected.client_scope = told.client_scope
where
    abs(coalesce(told.hours_listened, 0) - reported.hours_listened) > 0.000001 + 0.000000001 * reported.hours_listened
    or coalesce(told.plays_started, 0) <> started.plays_started
    or coalesce(told.valid_listens, 0) <> started.valid_listens
