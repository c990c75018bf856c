{#
    Raw tables by COPY. In one transaction: what new loads brought is copied, and the loads are noted as staged; so a load is
    copied once, and after a failure nothing of it is there. When a load took files away (a compaction, a file landed
    again), the folders they lay in are copied anew, because rows don't tell their file.

    COPY takes the columns of a file by position, so each kind of file is copied into a temporary table of its own columns and
    inserted from there by name: an older file may lack a column, one of the quarantine has more than the contract.
    That no statement writes to `raw` without reading a temporary table matters: the adapter repeats some failing
    statements on a new connection, outside of this transaction, where the temporary tables are missing.
#}

{% macro stage_by_copy(settings, datasets) %}
    {% set schema = datasets[0].schema %}
    {% set found = columns_of_tables(schema) %}
    {% do require_contract(schema, found, datasets) %}
    {% do make_lake_files(schema) %}
    {% do run_query('begin') %}
    {% do run_query('lock table ' ~ lake_files(schema)) %}
    {% do read_lists(settings, schema) %}
    {% do make_live_files(schema, datasets) %}
    {% do make_tables(schema, found, datasets) %}
    {% do find_due_files(datasets | rejectattr('name', 'in', found) | map(attribute='place') | list) %}
    {% do delete_stale_rows(datasets) %}
    {% do write_manifest_lines(settings) %}
    {% set rows = namespace(copied=0) %}
    {% for batch in run_query('select batch, place, columns, min(path) as path, count(*) as files, cast(sum(records) as bigint) as records from due_files group by batch, place, columns order by batch asc nulls last').rows %}
        {% do copy_batch(settings, datasets | selectattr('place', 'eq', batch.place) | first, batch) %}
        {% set rows.copied = rows.copied + (batch.records | int) %}
    {% endfor %}
    {% set loads = run_query('select count(distinct load_id) from new_lines').columns[0].values()[0] %}
    {% do run_query('insert into ' ~ lake_files(schema) ~ ' select load_id, path, records, bytes, columns, is_removed from new_lines') %}
    {% do run_query('commit') %}
    {% do log("Staged " ~ loads ~ " new loads of " ~ settings.lake ~ " in the schema " ~ schema ~ ": " ~ rows.copied ~ " rows copied.", info=true) %}
{% endmacro %}

{% macro columns_of_tables(schema) %}
    {# {table: {column: type}} of the schema's tables, in the words of warehouse_type. #}
    {% set sql %}
        select table_name, column_name, data_type, character_maximum_length
        from information_schema.columns
        where table_schema = '{{ schema }}'
        order by table_name asc nulls last, ordinal_position asc nulls last
    {% endset %}
    {% set found = {} %}
    {% for table, column, type, length in run_query(sql).rows %}
        {% set type = 'timestamp' if type == 'timestamp without time zone' else 'varchar(' ~ (length | int) ~ ')' if type == 'character varying' else type %}
        {% do found.setdefault(table, {}).update({column: type}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro make_tables(schema, found, datasets) %}
    {# The tables that are missing, and the columns that a contract has gained. #}
    {% for dataset in datasets %}
        {% if dataset.name not in found %}
            {% set columns = [] %}
            {% for column, type in dataset.columns.items() %}
                {% do columns.append(adapter.quote(column) ~ ' ' ~ type) %}
            {% endfor %}
            {% set sorted = ' sortkey(' ~ dataset.partition ~ ')' if dataset.partition else '' %}
            {% do run_query('create table ' ~ schema ~ '.' ~ dataset.name ~ ' (' ~ columns | join(', ') ~ ')' ~ sorted) %}
        {% else %}
            {% for column, type in dataset.columns.items() if column not in found[dataset.name] %}
                {% do run_query('alter table ' ~ schema ~ '.' ~ dataset.name ~ ' add column ' ~ adapter.quote(column) ~ ' ' ~ type) %}
            {% endfor %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{% macro find_due_files(new_places) %}
    {#
        Makes the temporary tables stale_folders, in which staged files were taken away, and due_files: those to be copied, in
        batches of one dataset whose columns are the same. All of a dataset are, whose table is new.
    #}
    {% set sql %}
        create temporary table stale_folders as
        select distinct {{ place_of('path') }} as place, {{ folder_of('path') }} as folder
        from new_lines
        where is_removed
    {% endset %}
    {% do run_query(sql) %}
    {% set sql %}
        create temporary table due_files as
        select
            live_files.path, live_files.place, live_files.columns, live_files.records, live_files.bytes,
            dense_rank() over (order by live_files.place asc nulls last, live_files.columns asc nulls last) as batch
        from live_files
        left join stale_folders on stale_folders.place = live_files.place and stale_folders.folder = live_files.folder
        where
            live_files.is_new
            or stale_folders.folder is not null
            or live_files.place in ('{{ new_places | join("', '") }}')
    {% endset %}
    {% do run_query(sql) %}
{% endmacro %}

{% macro delete_stale_rows(datasets) %}
    {% set stale = run_query('select distinct place from stale_folders').columns[0].values() %}
    {% for dataset in datasets if dataset.place in stale %}
        {% set key = dataset.partition or 'dataset' %}
        {% set sql %}
            delete from {{ dataset.schema }}.{{ dataset.name }}
            where {{ key }} in (
                select cast(split_part(folder, '=', 2) as {{ dataset.columns[key] }}) from stale_folders where place = '{{ dataset.place }}'
            )
        {% endset %}
        {% do run_query(sql) %}
    {% endfor %}
{% endmacro %}

{% macro write_manifest_lines(settings) %}
    {# Makes the temporary table manifest_lines: what UNLOAD writes into the manifests, by which COPY takes these files and no other. #}
    {% set sql %}
        create temporary table manifest_lines as
        select batch, 0 as line_number, cast('{"entries": [' as varchar(2048)) as line from due_files group by batch
        union all
        select
            batch, line_number,
            case when line_number > 1 then ',' else '' end || '{"url": "{{ settings.lake }}/' || path || '", "mandatory": true, "meta": {"content_length": ' || cast(bytes as varchar(20)) || '} }' as line
        from (select batch, path, bytes, row_number() over (partition by batch order by path asc nulls last) as line_number from due_files) as numbered
        union all
        select batch, 2147483647 as line_number, ']}' as line from due_files group by batch
    {% endset %}
    {% do run_query(sql) %}
{% endmacro %}

{% macro copy_batch(settings, dataset, batch) %}
    {% set columns = fromjson(batch.columns) %}
    {% do require_types(dataset, columns, batch.path) %}
    {% set own, shared = [], [] %}
    {% for column, type in columns.items() %}
        {% do own.append(adapter.quote(column | lower) ~ ' ' ~ warehouse_type(type)) %}
        {% if column | lower in dataset.columns %}{% do shared.append(adapter.quote(column | lower)) %}{% endif %}
    {% endfor %}
    {# Each warehouse has a place for its manifests, where it writes over those of before. #}
    {% set manifest = settings.lake ~ '/manifests/' ~ target.host ~ '-' ~ target.dbname ~ '/' ~ batch.batch ~ '-' %}
    {% do run_query("unload ('select line from manifest_lines where batch = " ~ batch.batch ~ " order by line_number asc nulls last') to '" ~ manifest ~ "' iam_role " ~ settings.role ~ " allowoverwrite parallel off") %}
    {% do run_query('create temporary table arrived (' ~ own | join(', ') ~ ')') %}
    {% do run_query("copy arrived from '" ~ manifest ~ "000' iam_role " ~ settings.role ~ " manifest format as parquet") %}
    {% set rows = run_query('select pg_last_copy_count()').columns[0].values()[0] | int %}
    {% if rows != batch.records | int %}
        {% do run_query('rollback') %}
        {% do exceptions.raise_compiler_error("COPY took " ~ rows ~ " rows into " ~ dataset.schema ~ "." ~ dataset.name ~ ", but the lists of the lake tell of " ~ batch.records ~ " in these " ~ batch.files ~ " files, such as " ~ batch.path ~ "; nothing was staged, restore the files from a copy and run this again.") %}
    {% endif %}
    {% do run_query('insert into ' ~ dataset.schema ~ '.' ~ dataset.name ~ ' (' ~ shared | join(', ') ~ ') select ' ~ shared | join(', ') ~ ' from arrived') %}
    {% do run_query('drop table arrived') %}
{% endmacro %}
