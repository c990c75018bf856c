{% macro plays_to_rebuild() %}
    {#
        What fct_plays has to look at in an incremental run:
        event_dates   dates whose events are read; none for all of them
        keys          SQL that lists the plays to make anew; empty when all are
        A play is made from its events on its first date and the two dates after, so the plays with an event on a changed date
        are made anew from those dates and from the dates on which they are known to have started.
    #}
    {% set changed = changed_dates() if execute and is_incremental() else none %}
    {% if changed is none %}{{ return({'event_dates': none, 'keys': ''}) }}{% endif %}
    {% set touched %}
        select play_id from {{ builtins.ref('stg_events__play') }}
        where {{ in_dates('event_date', changed) }}
    {% endset %}
    {# Made with a model that their device does not have now, because the dump that knows it came later. #}
    {% set outdated %}
        from {{ this }} as plays
        left join {{ builtins.ref('dim_devices') }} as devices on plays.device_id = devices.device_id
        where coalesce(devices.model, 'unknown') <> plays.device_model
    {% endset %}
    {% set keys = touched ~ ' union select plays.play_id ' ~ outdated %}
    {% set removed = dates_without_some_plays() %}
    {% if removed %}
        {% set keys = keys ~ ' union select play_id from ' ~ this ~ ' where ' ~ in_dates('date_day', removed, days_before=2) %}
        {{ return({'event_dates': none, 'keys': keys}) }}
    {% endif %}
    {% set sql %}
        {% if changed %}
        {# However long before: an event of a later date than those three changes nothing, but its play is made anew. #}
        select date_day from {{ this }}
        where play_id in ({{ touched }})
        union
        {% endif %}
        select plays.date_day {{ outdated }}
    {% endset %}
    {% set dates = changed %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% for offset in range(3) %}
            {% do dates.append((modules.datetime.date.fromisoformat((day | string)[:10]) + modules.datetime.timedelta(days=offset)) | string) %}
        {% endfor %}
    {% endfor %}
    {{ return({'event_dates': dates | unique | sort | list, 'keys': keys}) }}
{% endmacro %}

{% macro dates_without_some_plays() %}
    {# The dates on which an event of a play was replaced by another copy, so that its play may be gone; none for every date. #}
    {% if not execute or not is_incremental() or changed_dates() is none %}{{ return(none) }}{% endif %}
    {% set sql %}
        select distinct date_day from {{ bookkeeping('changed_dates') }}
        where model_name = 'stg_events__play' and had_removals and build_id > {{ seen_build_sql() }}
    {% endset %}
    {{ return(dates_as_text(ask_once(sql).columns[0].values())) }}
{% endmacro %}

{% macro stale_plays() %}
    {# For the strategy replace_keys: the plays to delete although they may not be made again. #}
    {{ return(in_dates('date_day', dates_without_some_plays(), days_before=2)) }}
{% endmacro %}
