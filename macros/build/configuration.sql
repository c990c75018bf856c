{# Runs before anything else: an impossible setting stops with one sentence instead of building wrong numbers. #}
{% macro check_configuration() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% do date_var('as_of') %}
    {% if (date_var('backfill_from') == '') != (date_var('backfill_to') == '') %}
        {% do exceptions.raise_compiler_error("Set both vars, backfill_from and backfill_to, or neither.") %}
    {% endif %}
    {% if date_var('backfill_from') > date_var('backfill_to') %}
        {% do exceptions.raise_compiler_error("The var backfill_from (" ~ var('backfill_from') ~ ") is after backfill_to (" ~ var('backfill_to') ~ "); swap them.") %}
    {% endif %}
    {% for name in ['trending_min_listeners', 'min_group_users', 'smallest_dump_share_from', 'stale_after_days', 'catalog_stale_after_days'] if not modules.re.match('^[1-9][0-9]*$', var(name) | string) %}
        {% do exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ var(name) ~ "'; set it to a whole number of 1 or more.") %}
    {% endfor %}
    {% for name in ['smallest_dump_share', 'high_reject_share', 'low_volume_share'] if not modules.re.match('^(0([.][0-9]+)?|1([.]0+)?)$', var(name) | string) %}
        {% do exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ var(name) ~ "'; set it to a share from 0 to 1, such as 0.5.") %}
    {% endfor %}
    {% do raw_layer() %}
    {{ return('') }}
{% endmacro %}

{% macro date_var(name) %}
    {# A var that holds a date or nothing, as text. #}
    {% set value = var(name) | string %}
    {% set is_written = modules.re.match('^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$', value) %}
    {# A day that its month does not have lies in the next one. #}
    {% set first = value[:8] ~ '01' %}
    {% if value and not (is_written and (modules.datetime.date.fromisoformat(first) + modules.datetime.timedelta(days=value[8:] | int - 1)) | string == value) %}
        {% do exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ value ~ "'; write a date as YYYY-MM-DD or leave it empty.") %}
    {% endif %}
    {{ return(value) }}
{% endmacro %}
