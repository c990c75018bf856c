{# Which dates an incremental model rebuilds now. Dates are ISO text; date_conditions.sql writes them into SQL. #}

{% macro rebuild_dates() %}
    {#
        The dates to rebuild as sorted ISO text; none when everything is to be built.
        `meta.rebuild` of the model may widen what its parents changed: days_before, days_after; with `open: true` also every
        date from the first that was not complete at the last build to the newest day in the data; with `also`, the dates that
        the macro of that name returns, none for everything.
    #}
    {% if not execute or not is_incremental() %}{{ return(none) }}{% endif %}
    {% set changed = changed_dates() %}
    {% if changed is none %}{{ return(none) }}{% endif %}
    {% set rebuild = config.get('meta', {}).get('rebuild', {}) %}
    {% set dates = widened_dates(changed, rebuild.get('days_before', 0), rebuild.get('days_after', 0)) %}
    {% if rebuild.get('open') %}
        {% do dates.extend(open_dates()) %}
    {% endif %}
    {% if rebuild.get('also') %}
        {% set more = context[rebuild.also]() %}
        {% if more is none %}{{ return(none) }}{% endif %}
        {% do dates.extend(more) %}
    {% endif %}
    {{ return(dates | unique | sort | list) }}
{% endmacro %}

{% macro changed_dates() %}
    {# Dates that parents changed or that loads touched since this model was last finished, and those of a forced backfill; none for every date. #}
    {% set parents = recording_parents(model.depends_on.nodes) %}
    {% set queries = [] %}
    {% if parents.models %}
        {% set sql %}
            select distinct date_day from {{ bookkeeping('changed_dates') }}
            where build_id > {{ seen_build_sql() }} and model_name in ('{{ parents.models | join("', '") }}')
        {% endset %}
        {% do queries.append(sql) %}
    {% endif %}
    {% if parents.datasets %}
        {% set seen = seen_landed_at() %}
        {% set sql %}
            select distinct date_day from {{ builtins.source('lake', 'load_dates') }}
            where
                load_date >= date '{{ seen[:10] }}' and landed_at > timestamp '{{ seen }}'
                and dataset in ('{{ parents.datasets | join("', '") }}')
        {% endset %}
        {% do queries.append(sql) %}
    {% endif %}
    {% set dates = [] %}
    {% for sql in queries %}
        {% for day in ask_once(sql).columns[0].values() %}
            {% if day is none %}{{ return(none) }}{% endif %}
            {% do dates.append((day | string)[:10]) %}
        {% endfor %}
    {% endfor %}
    {% if date_var('backfill_from') %}
        {% do dates.extend(days_from_to(date_var('backfill_from'), date_var('backfill_to'))) %}
    {% endif %}
    {{ return(dates | unique | sort | list) }}
{% endmacro %}

{% macro recording_parents(node_ids) %}
    {# The parents that record their changes, looking through views: {'models': names, 'datasets': raw datasets}. #}
    {% set found = {'models': [], 'datasets': []} %}
    {% for id in node_ids %}
        {% if id in graph.sources %}
            {% if graph.sources[id].source_name != 'lake' %}{% do found.datasets.append(graph.sources[id].name) %}{% endif %}
        {% elif id in graph.nodes and graph.nodes[id].config.materialized in ['view', 'ephemeral'] %}
            {% set above = recording_parents(graph.nodes[id].depends_on.nodes) %}
            {% do found.models.extend(above.models) %}
            {% do found.datasets.extend(above.datasets) %}
        {% elif id in graph.nodes %}
            {% do found.models.append(graph.nodes[id].name) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro open_dates() %}
    {# From the first date that was not complete when this model was last built, to the newest day in the data. #}
    {% set sql %}
        select
            (
                select coalesce(min(case when not is_complete then date_day end), max(date_day) + 1)
                from {{ this }}
            ) as first_day,
            (select newest_day from {{ builtins.ref('int_data_horizon') }}) as last_day
    {% endset %}
    {% set row = ask_once(sql).rows[0] %}
    {% if row[0] is none or row[1] is none %}{{ return([]) }}{% endif %}
    {{ return(days_from_to((row[0] | string)[:10], (row[1] | string)[:10])) }}
{% endmacro %}

{% macro days_from_to(first, last) %}
    {# Every date from the first to the last; all as ISO text. #}
    {% set start = modules.datetime.date.fromisoformat(first) %}
    {% set days = [] %}
    {% for offset in range((modules.datetime.date.fromisoformat(last) - start).days + 1) %}
        {% do days.append((start + modules.datetime.timedelta(days=offset)) | string) %}
    {% endfor %}
    {{ return(days) }}
{% endmacro %}

{% macro dates_as_text(dates) %}
    {# Dates as distinct ISO text. #}
    {% set texts = [] %}
    {% for date in dates %}
        {% do texts.append((date | string)[:10]) %}
    {% endfor %}
    {{ return(texts | unique | list) }}
{% endmacro %}

{% macro widened_dates(dates, days_before, days_after) %}
    {# The dates with those of so many days before and after each, sorted. #}
    {% set wide = [] %}
    {% for day in dates %}
        {% for offset in range(-days_before, days_after + 1) %}
            {% do wide.append((modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(days=offset)) | string) %}
        {% endfor %}
    {% endfor %}
    {{ return(wide | unique | sort | list) }}
{% endmacro %}
