{% macro exact_sum(expression) -%}
    {#- A sum of doubles that does not depend on the order of the rows: they are added as decimals of nine digits. -#}
    cast(sum(cast({{ expression }} as decimal(28, 9))) as double precision)
{%- endmacro %}
