{% macro notifications_to_rebuild() %}
    {#
        What int_notifications has to look at in an incremental run:
        event_dates   dates whose events are read; none for all of them
        keys          SQL that lists the notifications to make anew; empty when all are
        stale         condition on its rows that may be gone, because an event of theirs was replaced by another copy
        Those are made anew of which something was heard on a changed date, and those opened on the day before one, whose
        reader may have joined the show after midnight. Where an event went away, nothing may be left that names its notification:
        then all that were heard of around that date are made anew.
    #}
    {% set everything = {'event_dates': none, 'keys': '', 'stale': '1 = 1'} %}
    {% if not execute or not is_incremental() %}{{ return(everything) }}{% endif %}
    {% set changed = changed_dates() %}
    {% if changed is none %}{{ return(everything) }}{% endif %}
    {% set sql %}
        select distinct date_day from {{ bookkeeping('changed_dates') }}
        where model_name = 'stg_events__notification' and had_removals and build_id > {{ seen_build_sql() }}
    {% endset %}
    {% set stale = ['1 = 0'] %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% do stale.append("date '" ~ (day | string)[:10] ~ "' between first_event_date and last_event_date") %}
    {% endfor %}
    {% set keys %}
        select notification_id from {{ builtins.ref('stg_events__notification') }}
        where {{ in_dates('event_date', changed) }} or (kind = 'opened' and {{ in_dates('event_date', changed, days_before=1) }})
        union
        select notification_id from {{ this }}
        where {{ stale | join(' or ') }}
    {% endset %}
    {% set sql %}
        select distinct event_date from {{ builtins.ref('stg_events__notification') }} where notification_id in ({{ keys }})
    {% endset %}
    {% set dates = [] %}
    {% for day in ask_once(sql).columns[0].values() %}
        {% do dates.append((day | string)[:10]) %}
    {% endfor %}
    {{ return({'event_dates': dates | sort, 'keys': keys, 'stale': stale | join(' or ')}) }}
{% endmacro %}

{% macro stale_notifications() %}
    {# For the strategy replace_keys: the notifications to delete although they may not be made again. #}
    {{ return('(' ~ notifications_to_rebuild()['stale'] ~ ')') }}
{% endmacro %}
