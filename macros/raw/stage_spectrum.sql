{#
    Raw views of external tables: the files stay in the lake, and Redshift Spectrum reads them. External tables and their
    partitions can't be made in a transaction; so they come first, and what readers see changes in one afterwards.

    A view shows the files of staged loads but for those taken away, by the column "$path". After `earshot compact` the rows of
    the compacted days are missing from it until stage_raw has run: run it right after.
#}

{% macro stage_by_spectrum(settings, datasets) %}
    {% set schema = datasets[0].schema %}
    {% set external = schema ~ '_ext' %}
    {% do run_query("create external schema if not exists " ~ external ~ " from data catalog database '" ~ settings.catalog ~ "' iam_role " ~ settings.role ~ " create external database if not exists") %}
    {% set found = columns_of_external_tables(external) %}
    {% do require_contract(external, found, datasets) %}
    {% do make_lake_files(schema) %}
    {% do read_lists(settings, schema) %}
    {% do make_live_files(schema, datasets) %}
    {% do require_types_of_files(datasets) %}
    {% for dataset in datasets %}
        {% do make_external_table(settings, external, found.get(dataset.name), dataset) %}
        {% do add_partitions(settings, external, dataset) %}
    {% endfor %}
    {% set loads = run_query('select count(distinct load_id) from new_lines').columns[0].values()[0] %}
    {% do run_query('begin') %}
    {% do run_query('lock table ' ~ lake_files(schema)) %}
    {% set sql %}
        insert into {{ lake_files(schema) }}
        select load_id, path, records, bytes, columns, is_removed from new_lines
        where not exists (select 1 from {{ lake_files(schema) }} as staged where staged.load_id = new_lines.load_id)
    {% endset %}
    {% do run_query(sql) %}
    {% set views = run_query("select viewname from pg_views where schemaname = '" ~ schema ~ "'").columns[0].values() %}
    {% for dataset in datasets if dataset.name not in views %}
        {% do make_view_of_files(settings, external, dataset) %}
    {% endfor %}
    {% do run_query('commit') %}
    {% do log("Staged " ~ loads ~ " new loads of " ~ settings.lake ~ " in the schema " ~ schema ~ ", as views of " ~ external ~ ".", info=true) %}
{% endmacro %}

{% macro columns_of_external_tables(external) %}
    {# {table: {column: type}} of the external tables, in the words of warehouse_type. #}
    {% set sql %}
        select tablename, columnname, external_type from svv_external_columns
        where schemaname = '{{ external }}'
        order by tablename asc nulls last, columnnum asc nulls last
    {% endset %}
    {% set found = {} %}
    {% for table, column, type in run_query(sql).rows %}
        {% do found.setdefault(table, {}).update({column: 'double precision' if type == 'double' else type}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro require_types_of_files(datasets) %}
    {% for place, columns, path in run_query('select place, columns, min(path) as path from live_files where is_new group by place, columns order by path asc nulls last').rows %}
        {% do require_types(datasets | selectattr('place', 'eq', place) | first, fromjson(columns), path) %}
    {% endfor %}
{% endmacro %}

{% macro make_external_table(settings, external, there, dataset) %}
    {# A column more means another table: it holds nothing itself, and gets its partitions back right after. #}
    {% set table = external ~ '.' ~ dataset.name %}
    {% if there and there | length == dataset.columns | length %}{{ return('') }}{% endif %}
    {% if there %}
        {% do run_query('drop view if exists ' ~ dataset.schema ~ '.' ~ dataset.name) %}
        {% do run_query('drop table ' ~ table) %}
    {% endif %}
    {% set columns = [] %}
    {% for column, type in dataset.columns.items() if column != dataset.partition %}
        {% do columns.append(adapter.quote(column) ~ ' ' ~ type) %}
    {% endfor %}
    {% set partitioned = ' partitioned by (' ~ dataset.partition ~ ' date)' if dataset.partition else '' %}
    {% do run_query('create external table ' ~ table ~ ' (' ~ columns | join(', ') ~ ')' ~ partitioned ~ " stored as parquet location '" ~ settings.lake ~ '/' ~ dataset.place ~ "/'") %}
{% endmacro %}

{% macro add_partitions(settings, external, dataset) %}
    {# Those that are not there yet, at most 100 in a statement. #}
    {% if not dataset.partition %}{{ return('') }}{% endif %}
    {% set known = run_query("select location from svv_external_partitions where schemaname = '" ~ external ~ "' and tablename = '" ~ dataset.name ~ "'").columns[0].values() | map('replace', settings.lake ~ '/' ~ dataset.place ~ '/', '') | map('replace', '/', '') | list %}
    {% set folders = run_query("select distinct folder from live_files where place = '" ~ dataset.place ~ "' order by folder asc nulls last").columns[0].values() | reject('in', known) | list %}
    {% for some in folders | batch(100) %}
        {% set partitions = [] %}
        {% for folder in some %}
            {% do partitions.append("partition (" ~ folder | replace('=', "='") ~ "') location '" ~ settings.lake ~ '/' ~ dataset.place ~ '/' ~ folder ~ "/'") %}
        {% endfor %}
        {% do run_query('alter table ' ~ external ~ '.' ~ dataset.name ~ ' add if not exists ' ~ partitions | join(' ')) %}
    {% endfor %}
{% endmacro %}

{% macro make_view_of_files(settings, external, dataset) %}
    {% set files = lake_files(dataset.schema) %}
    {% set sql %}
        create view {{ dataset.schema }}.{{ dataset.name }} as
        select {% for column in dataset.columns %}external_table.{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}

        from {{ external }}.{{ dataset.name }} as external_table
        where external_table."$path" in (
            select '{{ settings.lake }}/' || brought.path
            from {{ files }} as brought
            where
                not brought.is_removed
                and left(brought.path, {{ dataset.place | length + 1 }}) = '{{ dataset.place }}/'
                and not exists (select 1 from {{ files }} as gone where gone.is_removed and gone.path = brought.path)
        )
        with no schema binding
    {% endset %}
    {% do run_query(sql) %}
{% endmacro %}
