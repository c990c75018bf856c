{% macro starts_of_changed_weeks_and_months() %}
    {# For int_user_periods, in meta.rebuild.also: the first days of the weeks and months in which something changed. #}
    {{ return(starts_of_weeks_and_months(changed_dates())) }}
{% endmacro %}

{% macro starts_of_changed_growth() %}
    {#
        For fct_user_growth, in meta.rebuild.also: the first days of the days, weeks and months in which something changed and
        of those after them, which begin with who was there before; of those that a scope has no row of yet, or should have
        none of any more; and of those that are complete now and were not.
    #}
    {% set sql %}
        with known as (
            select partner_id, client_id, min(period_start) as first_day, max(period_start) as last_day
            from {{ this }}
            where period_type = 'day'
            group by partner_id, client_id
        ),

        found as (
            select firsts.partner_id, firsts.client_id, min(firsts.date_day) as first_day, max(horizon.newest_day) as last_day
            from {{ builtins.ref('int_user_firsts') }} as firsts
            cross join {{ builtins.ref('int_data_horizon') }} as horizon
            group by firsts.partner_id, firsts.client_id
        )

        select
            coalesce(least(known.first_day, found.first_day), known.first_day, found.first_day) as from_day,
            case
                when known.first_day is null then found.last_day
                when found.first_day is null then known.last_day
                else greatest(known.first_day, found.first_day)
            end as to_day
        from known
        full outer join found on known.partner_id = found.partner_id and known.client_id = found.client_id
        where known.first_day is null or found.first_day is null or known.first_day <> found.first_day
        union
        select least(known.last_day, found.last_day) as from_day, greatest(known.last_day, found.last_day) as to_day
        from known
        inner join found on known.partner_id = found.partner_id and known.client_id = found.client_id
    {% endset %}
    {% set days = changed_dates() %}
    {% for span in ask_once(sql).rows %}
        {% do days.extend(days_from_to((span[0] | string)[:10], (span[1] | string)[:10])) %}
    {% endfor %}
    {% set starts = [] %}
    {% for day in days | unique %}
        {% set date = modules.datetime.date.fromisoformat(day) %}
        {% set week = date - modules.datetime.timedelta(days=date.weekday()) %}
        {% set month = date.replace(day=1) %}
        {% do starts.extend([date, date + modules.datetime.timedelta(days=1)]) %}
        {% do starts.extend([week, week + modules.datetime.timedelta(days=7)]) %}
        {% do starts.extend([month, (month + modules.datetime.timedelta(days=31)).replace(day=1)]) %}
    {% endfor %}
    {% set sql %}
        select distinct growth.period_start as date_day
        from {{ this }} as growth
        cross join {{ builtins.ref('int_data_horizon') }} as horizon
        inner join {{ builtins.ref('int_periods') }} as periods
            on growth.period_type = periods.period_type and growth.period_start = periods.period_start
        where growth.is_complete <> coalesce(periods.period_end < horizon.newest_received_day, false)
    {% endset %}
    {% do starts.extend(ask_once(sql).columns[0].values()) %}
    {{ return(dates_as_text(starts)) }}
{% endmacro %}

{% macro starts_of_cohort_activity() %}
    {#
        For int_cohort_activity, in meta.rebuild.also: the first days of all weeks and months with activity from those in which
        something changed first. Who joins another cohort is counted in it from then on.
    #}
    {% set changed = changed_dates() %}
    {% if not changed %}{{ return([]) }}{% endif %}
    {% set first = starts_of_weeks_and_months([changed | min]) | min %}
    {% set sql %}
        select period_start as date_day from {{ builtins.ref('int_user_periods') }} where period_start >= date '{{ first }}'
        union
        select period_start as date_day from {{ this }} where period_start >= date '{{ first }}'
    {% endset %}
    {{ return(dates_as_text(ask_once(sql).columns[0].values())) }}
{% endmacro %}

{% macro starts_of_weeks_and_months(days) %}
    {# The first days of the weeks and months that days are in; days are ISO text. #}
    {% set starts = [] %}
    {% for day in days %}
        {% set date = modules.datetime.date.fromisoformat(day) %}
        {% do starts.append((date - modules.datetime.timedelta(days=date.weekday())) | string) %}
        {% do starts.append(day[:7] ~ '-01') %}
    {% endfor %}
    {{ return(starts | unique | list) }}
{% endmacro %}
