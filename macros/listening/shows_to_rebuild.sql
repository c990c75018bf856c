{% macro shows_to_rebuild(others) %}
    {#
        What a model that is made show by show has to look at in an incremental run:
        event_dates   dates whose events are read; none for all of them
        keys          SQL that lists the shows to make anew; empty when all are
        These are the shows in which something happened on a changed date, and those that the SQL `others` lists.
    #}
    {% set changed = changed_dates() %}
    {% set keys %}
        select show_id from {{ builtins.ref('int_show_days') }} where {{ in_dates('date_day', changed) }}
        union
        {{ others }}
    {% endset %}
    {% set sql %}
        select distinct date_day from {{ builtins.ref('int_show_days') }} where show_id in ({{ keys }})
    {% endset %}
    {% set dates = [] %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% do dates.append((day | string)[:10]) %}
    {% endfor %}
    {{ return({'event_dates': dates | sort, 'keys': keys}) }}
{% endmacro %}

{% macro builds_all_shows() %}
    {{ return(not execute or not is_incremental() or changed_dates() is none) }}
{% endmacro %}

{% macro attendance_to_rebuild() %}
    {#
        For int_show_attendance, see shows_to_rebuild. Also the shows that have rows on a changed date, because the events behind
        them may be gone, and those whose end the catalog tells otherwise now.
    #}
    {% if builds_all_shows() %}{{ return({'event_dates': none, 'keys': ''}) }}{% endif %}
    {% set others %}
        select show_id from {{ this }} where {{ in_dates('date_day', changed_dates()) }}
        union
        select attendance.show_id
        from {{ this }} as attendance
        left join {{ builtins.ref('dim_shows') }} as shows on attendance.show_id = shows.show_id
        where
            coalesce(shows.ended_at, timestamp '1970-01-01 00:00:00')
            <> coalesce(attendance.show_ended_at, timestamp '1970-01-01 00:00:00')
    {% endset %}
    {{ return(shows_to_rebuild(others)) }}
{% endmacro %}

{% macro stale_attendance() %}
    {# For the strategy replace_keys: the shows that may have no attendance any more. #}
    {% set keys = attendance_to_rebuild()['keys'] %}
    {{ return('show_id in (' ~ keys ~ ')' if keys else '1 = 1') }}
{% endmacro %}

{% macro performance_to_rebuild() %}
    {# For fct_show_performance, see shows_to_rebuild. Also the shows around a date from which an event went away. #}
    {% if builds_all_shows() %}{{ return({'event_dates': none, 'keys': ''}) }}{% endif %}
    {% set sql %}
        select distinct date_day from {{ bookkeeping('changed_dates') }}
        where model_name = 'stg_events__show_interaction' and had_removals and build_id > {{ seen_build_sql() }}
    {% endset %}
    {% set others = ["select show_id from " ~ this ~ " where 1 = 0"] %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% do others.append("or date '" ~ (day | string)[:10] ~ "' between first_day and last_day") %}
    {% endfor %}
    {{ return(shows_to_rebuild(others | join(' '))) }}
{% endmacro %}

{% macro stale_performance() %}
    {# For the strategy replace_keys: the shows in which nobody may have done anything, now. #}
    {% set keys = performance_to_rebuild()['keys'] %}
    {{ return('show_id in (' ~ keys ~ ')' if keys else '1 = 1') }}
{% endmacro %}
