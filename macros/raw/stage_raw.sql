{#
    `dbt run-operation stage_raw --target redshift`: the lake's datasets as relations in the schema `raw` of Redshift, as far
    as loads are committed. Once copied they are tables (stage_copy.sql), else views of external tables (stage_spectrum.sql).

    Redshift can't list a bucket. What lies in the lake it learns from the lists that the loaders write (lake_lists.sql).
#}

{% macro stage_raw() %}
    {{ return(adapter.dispatch('stage_raw')()) }}
{% endmacro %}

{% macro duckdb__stage_raw() %}
    {% do log("There is nothing to stage: on DuckDB every build makes the views of the lake by itself; stage_raw is for --target redshift.", info=true) %}
{% endmacro %}

{% macro redshift__stage_raw() %}
    {% set layer = raw_layer() %}
    {% set settings = stage_settings(layer) %}
    {% set datasets = raw_datasets() %}
    {% do make_schema(datasets[0].schema) %}
    {% do require_kind('table' if layer == 'copy' else 'view', datasets) %}
    {{ return(stage_by_copy(settings, datasets) if layer == 'copy' else stage_by_spectrum(settings, datasets)) }}
{% endmacro %}

{% macro raw_layer() %}
    {% set layer = var('raw_layer') %}
    {% if layer not in ['copy', 'spectrum'] %}
        {% do exceptions.raise_compiler_error("The var raw_layer is '" ~ layer ~ "'; set it to copy or spectrum.") %}
    {% endif %}
    {{ return(layer) }}
{% endmacro %}

{% macro stage_settings(layer) %}
    {% set lake = modules.re.sub('/+$', '', env_var('EARSHOT_LAKE', '')) %}
    {% if not modules.re.match("^s3://[^/' ]+(/[^' ]+)?$", lake) %}
        {% do exceptions.raise_compiler_error("EARSHOT_LAKE is '" ~ lake ~ "', but Redshift reads from S3 alone; set it to s3://bucket/prefix, where `earshot land` writes to.") %}
    {% endif %}
    {% set role = env_var('EARSHOT_REDSHIFT_IAM_ROLE', '') %}
    {% if not modules.re.match("^(default|arn:[a-z-]+:iam::[0-9]{12}:role/[^' ]+)$", role) %}
        {% do exceptions.raise_compiler_error("EARSHOT_REDSHIFT_IAM_ROLE is '" ~ role ~ "'; set it to the ARN of a role that Redshift may take and that may read the lake, or to `default`.") %}
    {% endif %}
    {% set catalog = env_var('EARSHOT_REDSHIFT_CATALOG', '') %}
    {% if layer == 'spectrum' and not modules.re.match('^[a-z0-9_]+$', catalog) %}
        {% do exceptions.raise_compiler_error("EARSHOT_REDSHIFT_CATALOG is '" ~ catalog ~ "'; with raw_layer spectrum set it to the name of a Glue database (a-z, 0-9, _), which is made if it is not there.") %}
    {% endif %}
    {{ return({'lake': lake, 'role': role if role == 'default' else "'" ~ role ~ "'", 'catalog': catalog}) }}
{% endmacro %}

{% macro raw_datasets() %}
    {# What the contracts say of each dataset, in the words of Redshift. #}
    {% set datasets = [] %}
    {% for source in graph.sources.values() | sort(attribute='unique_id') if source.package_name == project_name %}
        {% set columns = {} %}
        {% for column in source.columns.values() %}
            {% do columns.update({column.name | lower: warehouse_type('string' if column.config.meta.personal == 'hash' else column.config.meta.type)}) %}
        {% endfor %}
        {% do datasets.append({
            'schema': source.schema,
            'name': source.identifier,
            'place': source.external.location if source.external else 'raw/' ~ source.source_name ~ '/' ~ source.name,
            'partition': ['event_date', 'snapshot_date', 'load_date'] | select('in', source.columns) | first,
            'columns': columns,
        }) %}
    {% endfor %}
    {{ return(datasets) }}
{% endmacro %}

{% macro warehouse_type(type) %}
    {#
        Of a type in a contract, or of an Arrow type in a file. No text is narrower than the widest, because one that is too
        long would keep its whole load out. There are no nested columns in the lake: what is nested is text.
    #}
    {{ return({
        'integer': 'bigint', 'int64': 'bigint',
        'number': 'double precision', 'double': 'double precision',
        'boolean': 'boolean', 'bool': 'boolean',
        'timestamp': 'timestamp', 'timestamp[us]': 'timestamp',
        'date': 'date', 'date32[day]': 'date',
        'binary': 'varbyte(16777216)',
    }.get(type, 'varchar(65535)')) }}
{% endmacro %}

{% macro make_schema(schema) %}
    {% if not adapter.check_schema_exists(target.database, schema) %}
        {% if not run_query("select has_database_privilege('" ~ target.database ~ "', 'create')").columns[0].values()[0] %}
            {% do exceptions.raise_compiler_error("There is no schema " ~ schema ~ " in " ~ target.database ~ ", and " ~ target.user ~ " may not make one; `grant create on database " ~ target.database ~ " to " ~ target.user ~ "`, or make the schema and grant create on it.") %}
        {% endif %}
        {% do run_query('create schema ' ~ schema) %}
    {% elif not run_query("select has_schema_privilege('" ~ schema ~ "', 'create')").columns[0].values()[0] %}
        {% do exceptions.raise_compiler_error(target.user ~ " may not make tables in the schema " ~ schema ~ " of " ~ target.database ~ "; `grant usage, create on schema " ~ schema ~ " to " ~ target.user ~ "`.") %}
    {% endif %}
{% endmacro %}

{% macro require_kind(kind, datasets) %}
    {# Who changes raw_layer has the relations of the other way in the schema. #}
    {% set schema = datasets[0].schema %}
    {% set sql %}
        {% if kind == 'table' %}
        select viewname from pg_views where schemaname = '{{ schema }}'
        {% else %}
        select tablename from pg_tables where schemaname = '{{ schema }}'
        {% endif %}
    {% endset %}
    {% set others = run_query(sql).columns[0].values() | select('in', datasets | map(attribute='name') | list) | sort %}
    {% if others %}
        {% do exceptions.raise_compiler_error(schema ~ "." ~ others[0] ~ " was made with the other raw_layer; `drop schema " ~ schema ~ " cascade` and run this again, or set raw_layer as it was.") %}
    {% endif %}
{% endmacro %}

{% macro require_contract(schema, found, datasets) %}
    {#
        Stops when a table has a column that its contract lacks or types otherwise. `found` is {table: {column: type}} of
        the tables that are there.
    #}
    {% for dataset in datasets %}
        {% for column, type in found.get(dataset.name, {}).items() %}
            {% set wanted = dataset.columns.get(column, 'not there') %}
            {% if wanted != type %}
                {% do exceptions.raise_compiler_error(
                    "Column " ~ column ~ " of " ~ schema ~ "." ~ dataset.name ~ " is " ~ type ~ " in the warehouse, but " ~ wanted
                    ~ " in the contract; change the contract back, or `drop table " ~ schema ~ "." ~ dataset.name ~ "`, and the next stage_raw makes it anew from the lake."
                ) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{% macro require_types(dataset, columns, path) %}
    {# Stops when files of the lake hold a column otherwise than the contract says; `columns` as their list tells them. #}
    {% for column, type in columns.items() %}
        {% set wanted = dataset.columns.get(column | lower) %}
        {% if wanted and wanted != warehouse_type(type) %}
            {% do exceptions.raise_compiler_error(
                "Column " ~ column ~ " of " ~ dataset.schema ~ "." ~ dataset.name ~ " is " ~ wanted ~ " in the contract, but " ~ warehouse_type(type) ~ " in files of the lake, such as "
                ~ path ~ "; change the contract back, or land what they hold again with `earshot land --reland`."
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
