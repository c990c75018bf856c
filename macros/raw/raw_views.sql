{# The lake's datasets as plain relations in the schema `raw`, fixed at the newest committed load. #}

{% macro create_raw_views() %}
    {% if execute %}
        {{ return(adapter.dispatch('create_raw_views')()) }}
    {% endif %}
{% endmacro %}

{% macro redshift__create_raw_views() %}
    {# There stage_raw makes the raw relations, outside of a build. #}
{% endmacro %}

{% macro duckdb__create_raw_views() %}
    {% set lake = lake_path() %}
    {% set newest_load = newest_load_id() %}
    {% set retired = retired_files(newest_load) if newest_load else [] %}
    {% do run_query('create schema if not exists raw') %}
    {% for source in graph.sources.values() if source.package_name == project_name %}
        {% set place = source.external.location if source.external else 'raw/' ~ source.source_name ~ '/' ~ source.name %}
        {% set folder = lake ~ '/' ~ place %}
        {% set is_empty = newest_load == '' or run_query("select file from glob('" ~ folder ~ "/*/*.parquet') limit 1").rows | length == 0 %}
        {% set partition = ['event_date', 'snapshot_date', 'load_date'] | select('in', source.columns) | first %}
        {#
            Of a column that is named as it DuckDB would prune no files. Their dates are the ends of their folders' names: DuckDB
            asks for the date of each file of history, and a regular expression would take three times as long.
        #}
        {% set file = '_lake_file' if 'filename' in source.columns else 'filename' %}
        {% set sql %}
            create or replace view raw.{{ source.identifier }} as
            select
                {% for column in source.columns.values() %}
                {% set type = column_type(column.config.meta.type) %}
                {% if is_empty %}cast(null as {{ type }})
                {% elif column.name == partition %}cast(right(parse_dirpath({{ file }}), 10) as date)
                {% else %}{{ adapter.quote(column.name) }}
                {% endif %} as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
                {% endfor %}
            {% if is_empty %}
            where 1 = 0
            {% else %}
            from {{ raw_files(folder, source, partition, file) }}
            {# Files are named by their load. Those of later loads wait for the next build. #}
            where
                parse_filename({{ file }}) < '{{ newest_load }}~'
                {% if retired %}and {{ file }} not in ('{{ retired | join("', '") }}'){% endif %}
            {% endif %}
        {% endset %}
        {% do run_query(sql) %}
    {% endfor %}
{% endmacro %}

{% macro raw_files(folder, source, partition, file) %}
    {#
        With the columns told, no file is opened to ask for them, and only those of the wanted dates are read. What an older
        file lacks, since a contract gained it later, is null.
    #}
    {% set columns = [] %}
    {% for column in source.columns.values() if column.name != partition %}
        {% set name = column.name | replace("'", "''") %}
        {% do columns.append("'" ~ name ~ "': {name: '" ~ name ~ "', type: '" ~ column_type(column.config.meta.type) ~ "', default_value: null}") %}
    {% endfor %}
    {% set named = 'true' if file == 'filename' else "'" ~ file ~ "'" %}
    {{ return("read_parquet('" ~ folder ~ "/*/*.parquet', schema = map {" ~ columns | join(', ') ~ "}, hive_partitioning = false, filename = " ~ named ~ ")") }}
{% endmacro %}

{% macro lake_path() %}
    {{ return(env_var('EARSHOT_LAKE', 'var/lake') | replace("'", "''")) }}
{% endmacro %}

{% macro newest_load_id() %}
    {# A load exists when its record does. #}
    {% set sql %}select max(parse_filename(file, true)) from glob('{{ lake_path() }}/loads/*.json'){% endset %}
    {{ return(run_query(sql).columns[0].values()[0] or '') }}
{% endmacro %}

{% macro retired_files(newest_load) %}
    {# A load that replaced files while somebody read them leaves them, and its intent, for the next one to take away. #}
    {% set loads = lake_path() ~ '/loads/' %}
    {% set sql %}
        select content from read_text('{{ loads }}*.intent')
        where
            replace(filename, '.intent', '.json') in (select file from glob('{{ loads }}*.json'))
            {# What a later one replaced is what this build reads. #}
            and parse_filename(filename, true) <= '{{ newest_load }}'
    {% endset %}
    {% set found = [] %}
    {% if run_query("select count(*) from glob('" ~ loads ~ "*.intent')").columns[0].values()[0] %}
        {% for row in run_query(sql).rows %}
            {% for path in fromjson(row[0]).removes %}
                {% do found.append(lake_path() ~ '/' ~ path) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{% macro newest_landed_at() %}
    {# The load's id begins with the time it landed: 20260101T093000.123456Z. #}
    {% set id = newest_load_id() %}
    {{ return('' if not id else id[0:4] ~ '-' ~ id[4:6] ~ '-' ~ id[6:8] ~ ' ' ~ id[9:11] ~ ':' ~ id[11:13] ~ ':' ~ id[13:22]) }}
{% endmacro %}

{% macro column_type(contract_type) %}
    {{ return({
        'integer': 'bigint',
        'number': 'double precision',
        'boolean': 'boolean',
        'timestamp': 'timestamp',
        'date': 'date',
    }.get(contract_type, 'varchar')) }}
{% endmacro %}
