{% macro days_of_changed_months() %}
    {# For models by month, in meta.rebuild.also: every day of the months in which something changed. #}
    {% set months = [] %}
    {% for day in changed_dates() %}
        {% do months.append(day[:7]) %}
    {% endfor %}
    {% set days = [] %}
    {% for month in months | unique %}
        {% set first = modules.datetime.date.fromisoformat(month ~ '-01') %}
        {% for offset in range(31) %}
            {% set day = (first + modules.datetime.timedelta(days=offset)) | string %}
            {% if day[:7] == month %}{% do days.append(day) %}{% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(days) }}
{% endmacro %}
