{% macro starts_of_changed_months() %}
    {# For models by month, in meta.rebuild.also: the first days of the months in which something changed. #}
    {% set months = [] %}
    {% for day in changed_dates() %}
        {% do months.append(day[:7] ~ '-01') %}
    {% endfor %}
    {{ return(months | unique | list) }}
{% endmacro %}

{% macro starts_of_changed_periods() %}
    {#
        For fct_listening_totals: the dates on which the weeks, months and years begin in which something changed, and those of
        periods that are complete now and were not, or the other way round.
    #}
    {% set starts = starts_of_weeks_and_months(changed_dates()) %}
    {% for day in changed_dates() %}
        {% do starts.append(day[:4] ~ '-01-01') %}
    {% endfor %}
    {% set sql %}
        select distinct cast(totals.period_start as date) as date_day
        from {{ this }} as totals
        cross join {{ builtins.ref('int_data_horizon') }} as horizon
        where
            totals.is_complete
            <> coalesce({{ next_period_start('totals.period_type', 'totals.period_start') }} <= horizon.newest_received_day, false)
    {% endset %}
    {% do starts.extend(ask_once(sql).columns[0].values()) %}
    {{ return(dates_as_text(starts)) }}
{% endmacro %}

{% macro next_period_start(period_type, period_start) -%}
    {#- When the period after an hour, day, week, month or year begins; that of an hour's day for an hour. -#}
    case {{ period_type }}
        when 'week' then {{ dbt.dateadd('day', 7, period_start) }}
        when 'month' then {{ dbt.dateadd('month', 1, period_start) }}
        when 'year' then {{ dbt.dateadd('year', 1, period_start) }}
        else {{ dbt.dateadd('day', 1, "cast(cast(" ~ period_start ~ " as date) as timestamp)") }}
    end
{%- endmacro %}
