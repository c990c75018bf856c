{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'also': 'dates_since_registrations_changed'}},
        post_hook="{{ record_build() }}"
    )
}}

-- A total rests on all days before, so what changed is made anew from the first changed date to the newest.

{% set dates = rebuild_dates() %}
{% set is_before = "date_day < date '" ~ dates[0] ~ "'" if dates else '1 = 0' %}

with daily as (
    select
        date_day,
        entity,
        partner_id,
        client_id,
        country_code,
        device_model,
        count(*) as registrations
    from {{ ref('int_registrations') }}
    group by date_day, entity, partner_id, client_id, country_code, device_model
),

combinations as (
    select
        entity,
        partner_id,
        client_id,
        country_code,
        device_model,
        min(date_day) as first_day,
        sum(case when {{ is_before }} then registrations else 0 end) as total_before
    from daily
    group by entity, partner_id, client_id, country_code, device_model
),

days as (
    select
        dates.date_day,
        combinations.*
    from combinations
    cross join {{ ref('int_data_horizon') }} as horizon
    inner join {{ ref('dim_dates') }} as dates
        on combinations.first_day <= dates.date_day and horizon.newest_day >= dates.date_day
    where {{ between_dates('dates.date_day', dates) }}
)

select
    days.date_day,
    days.entity,
    days.partner_id,
    days.client_id,
    days.country_code,
    days.device_model,
    coalesce(daily.registrations, 0) as registrations,
    cast(days.total_before + sum(coalesce(daily.registrations, 0)) over (
        partition by days.entity, days.partner_id, days.client_id, days.country_code, days.device_model
        order by days.date_day asc nulls last
        rows between unbounded preceding and current row
    ) as bigint) as total_to_date
from days
left join daily
    on
        days.date_day = daily.date_day
        and days.entity = daily.entity
        and days.partner_id = daily.partner_id
        and days.client_id = daily.client_id
        and days.country_code = daily.country_code
        and days.device_model = daily.device_model
