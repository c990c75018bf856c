{#
    How incremental models know what to rebuild. Small tables in the schema `intermediate`:

    _builds          one row a build: its number, the newest load it sees, the as_of it was made for, the seeds' checksums
    _seen_builds     per incremental model, the build that last finished it
    _changed_dates   per model and build, the dates whose rows that build changed; null stands for every date.
                     had_removals tells that rows of that date went away or changed place
    _applied_dumps   per snapshot of a dumped table, the dumps it has applied

    Incremental models and snapshots record what they change; a table does not, so an incremental model that joins a table whose
    old rows can change has to look for itself (see fct_plays and dim_devices).

    A model rebuilds the dates that its parents changed, and that loads touched, since the build that last finished it.
    Rows are written in the same transaction as the change they tell of, so a build that is killed leaves neither.
#}

{% macro bookkeeping(table) %}
    {{ return(api.Relation.create(database=target.database, schema=generate_schema_name('intermediate', none) | trim, identifier='_' ~ table)) }}
{% endmacro %}

{% macro begin_build() %}
    {% if not execute or flags.WHICH not in ['build', 'run', 'seed', 'snapshot'] %}{{ return('') }}{% endif %}
    {% do adapter.create_schema(bookkeeping('builds')) %}
    {% do run_query('create table if not exists ' ~ bookkeeping('builds') ~ ' (build_id bigint, landed_through timestamp, as_of varchar(10), seeds varchar(1024))') %}
    {% do run_query('create table if not exists ' ~ bookkeeping('seen_builds') ~ ' (model_name varchar(128), build_id bigint)') %}
    {% do run_query('create table if not exists ' ~ bookkeeping('changed_dates') ~ ' (model_name varchar(128), date_day date, build_id bigint, had_removals boolean)') %}
    {% do run_query('create table if not exists ' ~ bookkeeping('applied_dumps') ~ ' (snapshot_name varchar(128), dump_at timestamp)') %}
    {% set last = run_query('select build_id, as_of, seeds from ' ~ bookkeeping('builds') ~ ' where build_id = (select max(build_id) from ' ~ bookkeeping('builds') ~ ')').rows %}
    {% set as_of = date_var('as_of') %}
    {% if last and last[0][1] != as_of and not flags.FULL_REFRESH %}
        {% do exceptions.raise_compiler_error("This warehouse was built with as_of '" ~ last[0][1] ~ "', now it is '" ~ as_of ~ "'; name another EARSHOT_WAREHOUSE for it.") %}
    {% endif %}
    {% do check_lake() %}
    {% set build_id = (last[0][0] | int) + 1 if last else 1 %}
    {% set seeds = {} %}
    {% for seed in graph.nodes.values() if seed.resource_type == 'seed' %}
        {% do seeds.update({seed.name: seed.checksum.checksum[:16]}) %}
    {% endfor %}
    {# A seed that was edited changes every row that was joined to it: its readers rebuild everything. #}
    {% set before = fromjson(last[0][2]) if last else seeds %}
    {% for seed in graph.nodes.values() if seed.resource_type == 'seed' and before.get(seed.name) != seeds[seed.name] %}
        {% do run_query("insert into " ~ bookkeeping('changed_dates') ~ " values ('" ~ seed.name ~ "', null, " ~ build_id ~ ", true)") %}
    {% endfor %}
    {% do run_query("insert into " ~ bookkeeping('builds') ~ " values (" ~ build_id ~ ", " ~ landed_through_sql() ~ ", '" ~ as_of ~ "', '" ~ tojson(seeds, sort_keys=true) ~ "')") %}
    {# What every model has seen need not be remembered. #}
    {% do run_query('delete from ' ~ bookkeeping('changed_dates') ~ ' where build_id <= (select min(build_id) from (select model_name, max(build_id) as build_id from ' ~ bookkeeping('seen_builds') ~ ' group by model_name) as newest)') %}
    {{ return('') }}
{% endmacro %}

{% macro check_lake() %}
    {{ return(adapter.dispatch('check_lake')()) }}
{% endmacro %}

{% macro redshift__check_lake() %}
    {# The raw tables are in the warehouse itself. #}
{% endmacro %}

{% macro duckdb__check_lake() %}
    {% set sql %}
        select count(*) from {{ bookkeeping('builds') }}
        where landed_through > coalesce({{ landed_through_sql() }}, timestamp '1970-01-01')
    {% endset %}
    {% if run_query(sql).columns[0].values()[0] %}
        {% do exceptions.raise_compiler_error("This warehouse was built from loads that the lake " ~ lake_path() ~ " does not have; check EARSHOT_LAKE, or name another EARSHOT_WAREHOUSE for it.") %}
    {% endif %}
{% endmacro %}

{% macro landed_through_sql() %}
    {{ return(adapter.dispatch('landed_through_sql')()) }}
{% endmacro %}

{% macro duckdb__landed_through_sql() %}
    {% set newest = newest_landed_at() %}
    {{ return("cast('" ~ newest ~ "' as timestamp)" if newest else 'cast(null as timestamp)') }}
{% endmacro %}

{% macro redshift__landed_through_sql() %}
    {{ return('(select max(landed_at) from ' ~ builtins.source('lake', 'load_dates') ~ ')') }}
{% endmacro %}

{% macro ask_once(sql) %}
    {#
        The result of a query whose answer stays the same while a node is built, however often the node's macros ask: what a
        model, its strategy and its hooks render is rendered apart. Kept with the node, for this run of dbt.
    #}
    {% set node = graph.nodes.get(model.unique_id, {}) %}
    {% if node.get('_asked_in') != invocation_id %}
        {% do node.update({'_asked_in': invocation_id, '_answers': {}}) %}
    {% endif %}
    {% if sql not in node['_answers'] %}
        {% do node['_answers'].update({sql: run_query(sql)}) %}
    {% endif %}
    {{ return(node['_answers'][sql]) }}
{% endmacro %}

{% macro seen_build_sql(name=none) %}
    {# The build that last finished this model, or that of the name; 0 when there is none. #}
    {{ return("(select coalesce(max(build_id), 0) from " ~ bookkeeping('seen_builds') ~ " where model_name = '" ~ (name or model.name) ~ "')") }}
{% endmacro %}

{% macro seen_landed_at(name=none) %}
    {# The newest load that this model has seen, or that of the name, as text; before the first load of all when there is none. #}
    {% set sql %}
        select max(landed_through) from {{ bookkeeping('builds') }} where build_id <= {{ seen_build_sql(name) }}
    {% endset %}
    {{ return((ask_once(sql).columns[0].values()[0] or '1970-01-01 00:00:00') | string) }}
{% endmacro %}

{% macro current_build_sql() %}
    {{ return('(select max(build_id) from ' ~ bookkeeping('builds') ~ ')') }}
{% endmacro %}

{% macro record_build() %}
    {# Post-hook of every incremental model. An incremental strategy has written the row already; else this was a build from nothing. #}
    insert into {{ bookkeeping('changed_dates') }} (model_name, date_day, build_id, had_removals)
    select '{{ model.name }}', null, build_id, true
    from {{ bookkeeping('builds') }}
    where
        build_id = {{ current_build_sql() }}
        and not exists (
            select 1 from {{ bookkeeping('seen_builds') }} as seen
            where seen.model_name = '{{ model.name }}' and seen.build_id = {{ current_build_sql() }}
        );
    insert into {{ bookkeeping('seen_builds') }} (model_name, build_id)
    select '{{ model.name }}', build_id
    from {{ bookkeeping('builds') }}
    where
        build_id = {{ current_build_sql() }}
        and not exists (
            select 1 from {{ bookkeeping('seen_builds') }} as seen
            where seen.model_name = '{{ model.name }}' and seen.build_id = {{ current_build_sql() }}
        )
{% endmacro %}
