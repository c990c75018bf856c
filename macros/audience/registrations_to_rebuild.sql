{% macro dates_since_registrations_changed() %}
    {#
        For fct_registrations_daily, in meta.rebuild.also: every date from the first on which a registration changed, or that has
        no rows yet, to the newest; also those after it that have rows, because the newest day can go back. None for everything.
    #}
    {% set sql %}
        select
            (select max(date_day) from {{ this }}) as known_day,
            (select newest_day from {{ builtins.ref('int_data_horizon') }}) as newest_day
    {% endset %}
    {% set row = ask_once(sql).rows[0] %}
    {% if row[0] is none %}{{ return(none) }}{% endif %}
    {% set known = (row[0] | string)[:10] %}
    {% set newest = (row[1] | string)[:10] if row[1] is not none else known %}
    {{ return(days_from_to((changed_dates() + [known, newest]) | min, [known, newest] | max)) }}
{% endmacro %}

{% macro stale_registrations() -%}
    {#- For the strategy replace_keys: registrations that no dump has any more. -#}
    registration_id not in (
        select 'user:' || user_id from {{ builtins.ref('users_snapshot') }}
        union all
        select 'device:' || device_id from {{ builtins.ref('devices_snapshot') }}
    )
{%- endmacro %}
