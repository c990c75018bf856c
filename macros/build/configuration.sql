{# Runs before anything else: an impossible setting stops with one sentence instead of building wrong numbers. #}
{% macro check_configuration() %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% for name in ['as_of', 'backfill_from', 'backfill_to'] %}
        {% set value = var(name) | string %}
        {% if value and not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', value) %}
            {% do exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ value ~ "'; write a date as YYYY-MM-DD or leave it empty.") %}
        {% endif %}
    {% endfor %}
    {% if (var('backfill_from') | string == '') != (var('backfill_to') | string == '') %}
        {% do exceptions.raise_compiler_error("Set both vars, backfill_from and backfill_to, or neither.") %}
    {% endif %}
    {% if (var('backfill_from') | string) > (var('backfill_to') | string) %}
        {% do exceptions.raise_compiler_error("The var backfill_from (" ~ var('backfill_from') ~ ") is after backfill_to (" ~ var('backfill_to') ~ "); swap them.") %}
    {% endif %}
    {% if not modules.re.match('^[1-9][0-9]*$', var('trending_min_listeners') | string) %}
        {% do exceptions.raise_compiler_error("The var trending_min_listeners is '" ~ var('trending_min_listeners') ~ "'; set it to a whole number of 1 or more.") %}
    {% endif %}
    {{ return('') }}
{% endmacro %}
