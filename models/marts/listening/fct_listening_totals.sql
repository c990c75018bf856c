{{
    config(
        materialized='incremental',
        incremental_strategy='replace_dates',
        meta={'rebuild': {'column': 'cast(period_start as date)', 'also': 'starts_of_changed_periods'}},
        post_hook="{{ record_build() }}"
    )
}}

-- A row belongs to the date on which its period starts; that date is made anew when any date of the period changes.

{% set dates = rebuild_dates() %}

-- Every period type: the model that it is counted from, when a row's period starts, the rows that a rebuild reads.
{% set period_types = [
    ('hour', 'int_listening_user_hours', 'hour_start', in_dates('date_day', dates)),
    ('day', 'int_listening_user_days', 'date_day', in_dates('date_day', dates)),
    ('week', 'int_listening_user_days', "date_trunc('week', date_day)", in_dates('date_day', dates, days_after=6)),
    ('month', 'int_listening_user_months', 'month_start', in_dates('month_start', dates)),
    (
        'year', 'int_listening_user_months', "date_trunc('year', month_start)",
        between_dates('month_start', dates, days_after=365),
    ),
] %}

with periods as (
    {% for period_type, listening, period_start, is_read in period_types %}
    select
        '{{ period_type }}' as period_type,
        cast({{ period_start }} as timestamp) as period_start,
        client_id,
        user_id,
        seconds_listened,
        plays_started,
        valid_listens
    from {{ ref(listening) }}
    where {{ is_read }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

scoped as (
    select
        periods.*,
        {{ partner_of('clients') }} as partner_id
    from periods
    left join {{ ref('clients') }} as clients on periods.client_id = clients.client_id
    where {{ in_dates('cast(periods.period_start as date)', dates) }}
),

totals as (
    select
        scoped.period_type,
        scoped.period_start,
        {{ in_client_scope('scoped') }},
        scoped.user_id,
        scoped.seconds_listened,
        scoped.plays_started,
        scoped.valid_listens
    from scoped
    cross join ({{ client_scopes() }}) as scopes
),

counted as (
    select
        period_type,
        period_start,
        partner_id,
        client_id,
        {{ exact_sum('seconds_listened') }} / 3600.0 as hours_listened,
        cast(sum(plays_started) as bigint) as plays_started,
        cast(sum(valid_listens) as bigint) as valid_listens,
        count(distinct case when seconds_listened > 0 then user_id end) as listeners
    from totals
    group by period_type, period_start, partner_id, client_id
)

select
    counted.period_type,
    counted.period_start,
    counted.partner_id,
    counted.client_id,
    counted.hours_listened,
    counted.plays_started,
    counted.valid_listens,
    counted.listeners,
    {{ next_period_start('counted.period_type', 'counted.period_start') }}
    <= cast(horizon.newest_received_day as timestamp) as is_complete
from counted
cross join {{ ref('int_data_horizon') }} as horizon
