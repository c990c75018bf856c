-- People are counted once in totals: over the clients of a period, over the days of a week or month, the hours of a
-- day, the months of a year. A total below its largest part, or above their sum, is a wrong number of people.

with levels as (
    select 'hour' as part_type, 'day' as whole_type
    union all
    select 'day' as part_type, 'week' as whole_type
    union all
    select 'day' as part_type, 'month' as whole_type
    union all
    select 'month' as part_type, 'year' as whole_type
),

parts as (
    select
        'client' as part_type,
        period_type as whole_type,
        period_start as whole_start,
        'all' as whole_partner,
        'all' as whole_client,
        listeners
    from {{ ref('fct_listening_totals') }}
    where client_id <> 'all'
    union all
    select
        levels.part_type,
        levels.whole_type,
        cast(
            case levels.whole_type
                when 'day' then date_trunc('day', parts.period_start)
                when 'week' then date_trunc('week', parts.period_start)
                when 'month' then date_trunc('month', parts.period_start)
                else date_trunc('year', parts.period_start)
            end as timestamp
        ) as whole_start,
        parts.partner_id as whole_partner,
        parts.client_id as whole_client,
        parts.listeners
    from {{ ref('fct_listening_totals') }} as parts
    inner join levels on parts.period_type = levels.part_type
),

bounds as (
    select
        part_type,
        whole_type,
        whole_start,
        whole_partner,
        whole_client,
        max(listeners) as largest_listeners,
        cast(sum(listeners) as bigint) as sum_listeners
    from parts
    group by part_type, whole_type, whole_start, whole_partner, whole_client
)

select
    bounds.part_type,
    bounds.whole_type,
    bounds.whole_start,
    bounds.whole_partner,
    bounds.whole_client
from bounds
left join {{ ref('fct_listening_totals') }} as wholes
    on
        bounds.whole_type = wholes.period_type
        and bounds.whole_start = wholes.period_start
        and bounds.whole_partner = wholes.partner_id
        and bounds.whole_client = wholes.client_id
where
    wholes.listeners is null
    or wholes.listeners not between bounds.largest_listeners and bounds.sum_listeners
