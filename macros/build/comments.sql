{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
    {#
        Writes the descriptions of a relation and its columns as their comments, where they do not say so yet: the table of an
        incremental model keeps them from build to build. dbt's own macros ask for the columns twice and write all of them again.
    #}
    {% set place = "database_name = '" ~ relation.database ~ "' and schema_name = '" ~ relation.schema ~ "' and " %}
    {% set sql %}
        select cast(null as varchar) as column_name, comment from duckdb_tables() where {{ place }} table_name = '{{ relation.identifier }}'
        union all
        select cast(null as varchar) as column_name, comment from duckdb_views() where {{ place }} view_name = '{{ relation.identifier }}'
        union all
        select column_name, comment from duckdb_columns() where {{ place }} table_name = '{{ relation.identifier }}'
    {% endset %}
    {% set known = {} %}
    {% for name, comment in run_query(sql).rows %}{% do known.update({name: comment}) %}{% endfor %}
    {% set statements = [] %}
    {% if for_relation and config.persist_relation_docs() and model.description and known.get(none) != model.description %}
        {% do statements.append(alter_relation_comment(relation, model.description)) %}
    {% endif %}
    {% if for_columns and config.persist_column_docs() %}
        {% for name, column in validate_doc_columns(relation, model.columns, known.keys() | select | list).items() if known.get(name) != column.description %}
            {% set quoted = adapter.quote(name) if column.quote else name %}
            {% do statements.append('comment on column ' ~ relation ~ '.' ~ quoted ~ ' is ' ~ duckdb_escape_comment(column.description) ~ ';') %}
        {% endfor %}
    {% endif %}
    {% if statements %}{% do run_query(statements | join('\n')) %}{% endif %}
{% endmacro %}
