{#
    Whether all that was built has also passed, for `earshot publish`. It stands in the warehouse (intermediate._results, one
    row a node) because target/run_results.json knows only the last command, and not which warehouse that command wrote to.
    Each change of the table is one statement: a run that is killed leaves its nodes `running`, never a table without them.
#}

{% macro begin_results() %}
    {# Every selected node is `running`, a test or model that no run has met yet is `not run`. #}
    {# `dbt compile` and `dbt docs generate` run the hooks at the start too, but never those at the end. #}
    {% set works = flags.WHICH in ['build', 'run', 'test', 'seed', 'snapshot', 'retry'] %}
    {% if not execute or target.type != 'duckdb' or not works %}{{ return('') }}{% endif %}
    {% set rows = [] %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'seed', 'snapshot', 'test'] %}
        {% do rows.append(result_row(node, 'running' if node.unique_id in selected_resources else 'not run')) %}
    {% endfor %}
    {# A build of everything starts a new page, so that what the project has no more is forgotten. #}
    {% set everything = flags.WHICH == 'build' and "'not run'" not in rows | join %}
    {% set kept %}
        node_id in (select node_id from known where status = 'not run')
        {% if not everything %}or resource_type = 'unit_test'{% endif %}
    {% endset %}
    {% set new %}
        status = 'running' or node_id not in (select node_id from {{ bookkeeping('results') }})
    {% endset %}
    {% do replace_results(rows, new, kept) %}
    {{ return('') }}
{% endmacro %}

{% macro record_results(results) %}
    {% if not execute or target.type != 'duckdb' %}{{ return('') }}{% endif %}
    {% set rows = [] %}
    {% for result in results if result.node.resource_type in ['model', 'seed', 'snapshot', 'test', 'unit_test'] %}
        {% do rows.append(result_row(result.node, result.status | string)) %}
    {% endfor %}
    {% do replace_results(rows, 'true', 'node_id not in (select node_id from known)') %}
    {{ return('') }}
{% endmacro %}

{% macro replace_results(rows, new, kept) %}
    {# Rewrites the table: of the given rows those for which `new` holds, of its own those for which `kept` holds. #}
    {% if not rows %}{{ return('') }}{% endif %}
    {% do adapter.create_schema(bookkeeping('results')) %}
    {% do run_query('create table if not exists ' ~ bookkeeping('results') ~ ' (node_id varchar, resource_type varchar, schema_name varchar, relation_name varchar, name varchar, parents varchar[], status varchar, ran_at timestamp)') %}
    {% set sql %}
        create or replace table {{ bookkeeping('results') }} as
        with known (node_id, resource_type, schema_name, relation_name, name, parents, status, ran_at) as (
            values {{ rows | join(',\n') }}
        )
        select * from known where {{ new }}
        union all
        select * from {{ bookkeeping('results') }} where {{ kept }}
    {% endset %}
    {% do run_query(sql) %}
{% endmacro %}

{% macro result_row(node, status) %}
    {% set texts = [] %}
    {% for text in [node.unique_id, node.resource_type, node.schema, node.alias or node.name, node.name] %}
        {% do texts.append("'" ~ dbt.escape_single_quotes(text) ~ "'") %}
    {% endfor %}
    {% set parents = "cast([" ~ ("'" ~ node.depends_on.nodes | join("', '") ~ "'" if node.depends_on.nodes else '') ~ "] as varchar[])" %}
    {{ return('(' ~ texts | join(', ') ~ ', ' ~ parents ~ ", '" ~ status ~ "', timestamp '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "')") }}
{% endmacro %}
