-- Growth is told to investors: everybody whom a dump ever had is registered once, and no total forgets or doubles
-- anybody.

with dumped as (
    select 'user' as entity, user_id as entity_id, snapshot_at, registered_at from {{ ref('stg_dynamodb__users') }}
    union all
    select 'device' as entity, device_id as entity_id, snapshot_at, registered_at
    from {{ ref('stg_dynamodb__devices') }}
),

first_dumps as (
    select entity, entity_id, min(snapshot_at) as snapshot_at
    from dumped
    group by entity, entity_id
),

everybody as (
    select dumped.entity, count(*) as registered
    from dumped
    inner join first_dumps
        on
            dumped.entity = first_dumps.entity
            and dumped.entity_id = first_dumps.entity_id
            and dumped.snapshot_at = first_dumps.snapshot_at
    inner join {{ ref('int_data_horizon') }} as horizon on cast(dumped.registered_at as date) <= horizon.newest_day
    group by dumped.entity
),

totals as (
    select
        registrations.entity,
        cast(sum(registrations.registrations) as bigint) as registered,
        cast(
            sum(
                case when registrations.date_day = horizon.newest_day then registrations.total_to_date else 0 end
            ) as bigint
        ) as total_to_date
    from {{ ref('fct_registrations_daily') }} as registrations
    cross join {{ ref('int_data_horizon') }} as horizon
    group by registrations.entity
),

steps as (
    select
        entity,
        date_day,
        registrations,
        total_to_date,
        lag(total_to_date) over (
            partition by entity, client_id, country_code, device_model order by date_day asc nulls last
        ) as total_before,
        date_day - lag(date_day) over (
            partition by entity, client_id, country_code, device_model order by date_day asc nulls last
        ) as days
    from {{ ref('fct_registrations_daily') }}
)

select entity, 'not everybody' as finding
from everybody
where
    not exists (
        select 1 from totals
        where
            totals.entity = everybody.entity
            and totals.registered = everybody.registered
            and totals.total_to_date = everybody.registered
    )
union all
select entity, 'a total that is no running sum' as finding
from steps
where total_to_date <> coalesce(total_before, 0) + registrations or days <> 1
