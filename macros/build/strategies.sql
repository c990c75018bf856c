{# Incremental strategies: each changes the rows and records which dates it changed, in one transaction. #}

{% macro get_incremental_replace_dates_sql(arg_dict) %}
    {# Replaces whole dates: those that rebuild_dates() names, in the column that `meta.rebuild.column` names (default date_day). #}
    {% set dates = rebuild_dates() %}
    {% set column = config.get('meta', {}).get('rebuild', {}).get('column', 'date_day') %}
    {% if dates is none %}
        insert into {{ bookkeeping('changed_dates') }} (model_name, date_day, build_id, had_removals)
        select '{{ model.name }}', null, {{ current_build_sql() }}, true;
    {% else %}
        {% for day in dates %}
            insert into {{ bookkeeping('changed_dates') }} (model_name, date_day, build_id, had_removals)
            select '{{ model.name }}', date '{{ day }}', {{ current_build_sql() }}, true;
        {% endfor %}
    {% endif %}
    delete from {{ arg_dict['target_relation'] }} where {{ in_dates(column, dates) }};
    {{ insert_from_temporary(arg_dict) }};
    {{ record_seen() }}
{% endmacro %}

{% macro get_incremental_replace_keys_sql(arg_dict) %}
    {#
        Replaces rows by key, one column or several. `meta.rebuild.column` names the date column (default date_day). Where the model's own `stale_rows()`
        condition is given in meta.rebuild.stale, rows for which it holds are deleted too, because they may be gone.
    #}
    {% set target = arg_dict['target_relation'] %}
    {% set key = arg_dict['unique_key'] if arg_dict['unique_key'] is string else arg_dict['unique_key'] | join(', ') %}
    {% set column = config.get('meta', {}).get('rebuild', {}).get('column', 'date_day') %}
    {% set replaced %}({{ key }}) in (select {{ key }} from {{ arg_dict['temp_relation'] }}){% endset %}
    {% if config.get('meta', {}).get('rebuild', {}).get('stale') %}
        {% set replaced = replaced ~ ' or ' ~ context[config.get('meta').rebuild.stale]() %}
    {% endif %}
    insert into {{ bookkeeping('changed_dates') }} (model_name, date_day, build_id, had_removals)
    select distinct '{{ model.name }}', {{ column }}, {{ current_build_sql() }}, true
    from {{ target }}
    where {{ replaced }};
    insert into {{ bookkeeping('changed_dates') }} (model_name, date_day, build_id, had_removals)
    select distinct '{{ model.name }}', {{ column }}, {{ current_build_sql() }}, false
    from {{ arg_dict['temp_relation'] }};
    delete from {{ target }} where {{ replaced }};
    {{ insert_from_temporary(arg_dict) }};
    {{ record_seen() }}
{% endmacro %}

{% macro insert_from_temporary(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{% macro record_seen() %}
    insert into {{ bookkeeping('seen_builds') }} (model_name, build_id)
    select '{{ model.name }}', {{ current_build_sql() }}
{% endmacro %}
