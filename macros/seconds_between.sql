{% macro seconds_between(earlier, later) -%}
    {#- Seconds between two timestamps as a double, exact to the microsecond. -#}
    cast({{ dbt.datediff(earlier, later, 'microsecond') }} as double precision) / 1000000.0
{%- endmacro %}
