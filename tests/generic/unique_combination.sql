{% test unique_combination(model, columns) %}
    {# Fails when two rows agree in all the columns: the primary key of a table that has more than one key column. #}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
