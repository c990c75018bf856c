{% macro plays_to_rebuild() %}
    {#
        What fct_plays has to look at in an incremental run:
        event_dates   dates whose events are read; none for all of them
        stale_dates   dates of plays that may be gone, because an event of theirs was replaced by another copy; none for all
        keys          SQL that lists the plays to make anew; empty when all are
        A play is made from its events on its first date and the two dates after, so the plays with an event on a changed date
        are made anew from those dates and from the dates on which they are known to have started.
    #}
    {% set everything = {'event_dates': none, 'stale_dates': none, 'keys': ''} %}
    {% if not execute or not is_incremental() %}{{ return(everything) }}{% endif %}
    {% set changed = changed_dates() %}
    {% if changed is none %}{{ return(everything) }}{% endif %}
    {% set sql %}
        select distinct date_day from {{ bookkeeping('changed_dates') }}
        where model_name = 'stg_events__play' and had_removals and build_id > {{ seen_build() }}
    {% endset %}
    {% set removed = run_query(sql).columns[0].values() | map('string') | map('truncate', 10, true, '') | list %}
    {% set keys %}
        select play_id from {{ builtins.ref('stg_events__play') }}
        where {{ in_dates('event_date', changed) }}
        union
        select plays.play_id from {{ this }} as plays
        left join {{ builtins.ref('dim_devices') }} as devices on plays.device_id = devices.device_id
        where coalesce(devices.model, 'unknown') <> plays.device_model
        {% if removed %}
        union
        select play_id from {{ this }}
        where {{ in_dates('date_day', removed, days_before=2) }}
        {% endif %}
    {% endset %}
    {% if removed %}
        {{ return({'event_dates': none, 'stale_dates': removed, 'keys': keys}) }}
    {% endif %}
    {% set sql %}
        select distinct date_day from {{ this }} where play_id in ({{ keys }})
    {% endset %}
    {% set dates = changed %}
    {% for day in run_query(sql).columns[0].values() %}
        {% for offset in range(3) %}
            {% do dates.append((modules.datetime.date.fromisoformat((day | string)[:10]) + modules.datetime.timedelta(days=offset)) | string) %}
        {% endfor %}
    {% endfor %}
    {{ return({'event_dates': dates | unique | sort | list, 'stale_dates': [], 'keys': keys}) }}
{% endmacro %}

{% macro stale_plays() %}
    {# For the strategy replace_keys: the plays to delete although they may not be made again. #}
    {{ return(in_dates('date_day', plays_to_rebuild().stale_dates, days_before=2)) }}
{% endmacro %}
