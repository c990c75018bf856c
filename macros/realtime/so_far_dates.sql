{% macro so_far_dates() %}
    {# The newest day, the day before and the day a week before, as ISO text, so that nothing else is read; none with `--empty`. #}
    {% if not execute or flags.WHICH not in ['build', 'run', 'retry'] %}{{ return(none) }}{% endif %}
    {% set newest = ask_once('select newest_day from ' ~ builtins.ref('int_data_horizon')).columns[0].values()[0] %}
    {% set dates = [] %}
    {% if newest %}
        {% for days_back in [7, 1, 0] %}
            {% set date = modules.datetime.date.fromisoformat((newest | string)[:10]) - modules.datetime.timedelta(days=days_back) %}
            {% do dates.append(date | string) %}
        {% endfor %}
    {% endif %}
    {{ return(dates) }}
{% endmacro %}
