{% macro adds_to_known() %}
    {#
        Whether a staging model of events only adds to what it holds. It does not when it is built from nothing, nor when a load
        since took rows away because a source file was landed again: then it is made anew from the whole lake, because a copy
        that lost to one of those rows may be the first now. Landing a file again is rare, so it may cost that. With `as_of` the
        table can't tell either: the first copy may be one that it leaves out, because it happened later.
    #}
    {% if not execute or not is_incremental() or date_var('as_of') %}{{ return(false) }}{% endif %}
    {% set seen = seen_landed_at() %}
    {% set sql %}
        select count(*) from {{ builtins.source('lake', 'load_dates') }}
        where
            lost_rows and load_date >= date '{{ seen[:10] }}' and landed_at > timestamp '{{ seen }}'
            and dataset in ('{{ recording_parents(model.depends_on.nodes).datasets | join("', '") }}')
    {% endset %}
    {{ return(ask_once(sql).columns[0].values()[0] == 0) }}
{% endmacro %}

{% macro stale_events() %}
    {# For the strategy replace_keys: all events when the model is made anew, else none but those replaced. #}
    {{ return('1 = 0' if adds_to_known() else '1 = 1') }}
{% endmacro %}
