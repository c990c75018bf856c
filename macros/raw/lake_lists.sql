{#
    What the lake holds, as its lists tell (loads/files/<load_id>.jsonl, one line per file that a load brought or took
    away). The lines of loads that are staged stand in the table `_lake_files` of the schema `raw`; a load is staged when they
    do. A list appears after its load's commit and before the next load, so none appears late.
#}

{% macro lake_files(schema) %}
    {{ return(schema ~ '._lake_files') }}
{% endmacro %}

{% macro make_lake_files(schema) %}
    {% do run_query('create table if not exists ' ~ lake_files(schema) ~ ' (load_id varchar(64), path varchar(1024), records bigint, bytes bigint, columns varchar(65535), is_removed boolean)') %}
{% endmacro %}

{% macro read_lists(settings, schema) %}
    {# Makes the temporary table new_lines: the lines of loads that are not staged. #}
    {% set newest = run_query('select max(load_id) from ' ~ lake_files(schema)).columns[0].values()[0] %}
    {% set prefix = settings.lake ~ '/loads/files/' ~ common_beginning(newest, run_started_at.strftime('%Y%m%d')) %}
    {% do log("Reading " ~ prefix ~ "* with the role " ~ settings.role ~ "; where this fails, let the role read the lake, or run `earshot land` if it has no lists yet.", info=true) %}
    {% do run_query('create temporary table read_lines (load_id varchar(64), path varchar(1024), records bigint, bytes bigint, columns varchar(65535), is_removed boolean)') %}
    {% do run_query("copy read_lines (load_id, path, records, bytes, columns, is_removed) from '" ~ prefix ~ "' iam_role " ~ settings.role ~ " format as json 'auto'") %}
    {% set sql %}
        create temporary table new_lines as
        select read_lines.load_id, read_lines.path, read_lines.records, read_lines.bytes, read_lines.columns, coalesce(read_lines.is_removed, false) as is_removed
        from read_lines
        where not exists (select 1 from {{ lake_files(schema) }} as staged where staged.load_id = read_lines.load_id)
    {% endset %}
    {% do run_query(sql) %}
{% endmacro %}

{% macro common_beginning(newest, today) %}
    {#
        Ids of loads begin with their date and grow, so lists that are new begin as the newest staged one and today do, as
        far as these agree: a day's lists are read, on a month's first day once the year's, and all of them at first.
    #}
    {% set same = namespace(text='', goes_on=true) %}
    {% for one, other in zip(newest or '', today) %}
        {% set same.goes_on = same.goes_on and one == other %}
        {% if same.goes_on %}{% set same.text = same.text ~ one %}{% endif %}
    {% endfor %}
    {{ return(same.text) }}
{% endmacro %}

{% macro make_live_files(schema, datasets) %}
    {#
        Makes the temporary table live_files: the datasets' files that a load brought and none took away, staged or new.
        `place` is the dataset's folder, `folder` the file's own.
    #}
    {% set sql %}
        create temporary table live_files as
        select lines.load_id, lines.path, lines.records, lines.bytes, lines.columns, lines.place, lines.folder, lines.is_new
        from (
            select
                told.load_id, told.path, told.records, told.bytes, told.columns, told.is_removed, told.is_new,
                {{ place_of('told.path') }} as place,
                {{ folder_of('told.path') }} as folder
            from (
                select load_id, path, records, bytes, columns, is_removed, false as is_new from {{ lake_files(schema) }}
                union all
                select load_id, path, records, bytes, columns, is_removed, true as is_new from new_lines
            ) as told
        ) as lines
        where
            not lines.is_removed
            and lines.place in ('{{ datasets | map(attribute='place') | join("', '") }}')
            and not exists (select 1 from {{ lake_files(schema) }} as gone where gone.is_removed and gone.path = lines.path)
            and not exists (select 1 from new_lines as gone where gone.is_removed and gone.path = lines.path)
    {% endset %}
    {% do run_query(sql) %}
{% endmacro %}

{% macro place_of(path) -%}
    case
        when split_part({{ path }}, '/', 1) = 'quarantine' then 'quarantine'
        else split_part({{ path }}, '/', 1) || '/' || split_part({{ path }}, '/', 2) || '/' || split_part({{ path }}, '/', 3)
    end
{%- endmacro %}

{% macro folder_of(path) -%}
    case
        when split_part({{ path }}, '/', 1) = 'quarantine' then 'dataset=' || split_part({{ path }}, '/', 2)
        else split_part({{ path }}, '/', 4)
    end
{%- endmacro %}
