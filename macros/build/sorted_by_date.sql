{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) %}
    {#
        In place of the adapter's: an incremental model that is built from nothing is written in the order of its config `sort`.
        DuckDB skips the parts of a table whose dates are not asked for, but threads write rows in any order; each part would
        then hold every date, and a day would cost a look at all of history. Later builds append dates that lie together.
        Tables that every build makes anew are not worth sorting.
    #}
    {% set columns = config.get('sort') %}
    {% if columns and not temporary and config.get('materialized') == 'incremental' %}
        {% set order_by = ([columns] if columns is string else columns) | join(', ') %}
        {% set compiled_code = 'select * from (' ~ compiled_code ~ '\n) as unsorted order by ' ~ order_by %}
    {% endif %}
    {{ return(dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by)) }}
{% endmacro %}
