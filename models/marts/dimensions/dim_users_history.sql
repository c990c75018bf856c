with versions as (
    select
        *,
        lead(dbt_is_deleted) over (partition by user_id order by dbt_valid_from asc nulls last) as next_is_deleted
    from {{ ref('users_snapshot') }}
),

activity as (
    select
        user_id,
        min(date_day) as first_active_date,
        max(date_day) as last_active_date
    from {{ ref('fct_user_activity_daily') }}
    group by user_id
)

select
    versions.user_id,
    {{ partner_of('clients') }} as partner_id,
    versions.client_id,
    versions.country_code,
    countries.region_name,
    versions.language,
    versions.registered_at,
    versions.status,
    versions.music_services,
    case when versions.next_is_deleted = 'True' then versions.dbt_valid_to end as deleted_at,
    activity.first_active_date,
    activity.last_active_date,
    versions.dbt_valid_from as valid_from,
    versions.dbt_valid_to as valid_to,
    versions.dbt_valid_to is null as is_current
from versions
left join {{ ref('clients') }} as clients on versions.client_id = clients.client_id
left join {{ ref('countries') }} as countries on versions.country_code = countries.country_code
left join activity on versions.user_id = activity.user_id
where versions.dbt_is_deleted = 'False'
