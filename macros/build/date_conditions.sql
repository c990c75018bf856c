{# Dates as conditions in SQL. #}

{% macro in_dates(column, dates, days_before=0, days_after=0) %}
    {# A condition that holds for the dates (widened by the two numbers), as literals so that partitions prune; always true when dates is none. #}
    {%- if dates is none -%}
        1 = 1
    {%- elif dates | length == 0 -%}
        1 = 0
    {%- else -%}
        {{ column }} in (date '{{ widened_dates(dates, days_before, days_after) | join("', date '") }}')
    {%- endif -%}
{% endmacro %}

{% macro between_dates(column, dates, days_before=0, days_after=0) %}
    {# A condition that holds from the first to the last of the dates (widened by the two numbers); always true when dates is none. #}
    {%- if dates is none -%}
        1 = 1
    {%- elif dates | length == 0 -%}
        1 = 0
    {%- else -%}
        {%- set first = modules.datetime.date.fromisoformat(dates | first) - modules.datetime.timedelta(days=days_before) -%}
        {%- set last = modules.datetime.date.fromisoformat(dates | last) + modules.datetime.timedelta(days=days_after) -%}
        {{ column }} between date '{{ first }}' and date '{{ last }}'
    {%- endif -%}
{% endmacro %}

{% macro until_as_of(column) %}
    {# True for what had happened by the end of the day that the var as_of names; always true without it. #}
    {%- if date_var('as_of') -%}
        {{ column }} < date '{{ modules.datetime.date.fromisoformat(date_var('as_of')) + modules.datetime.timedelta(days=1) }}'
    {%- else -%}
        1 = 1
    {%- endif -%}
{% endmacro %}
