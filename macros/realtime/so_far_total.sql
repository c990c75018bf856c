{% macro so_far_total(span) -%}
    {#- For rpt_so_far_today: the metric's total of the span, over rows with span, metric, user_id and amount. -#}
    {%- set amount = "case when span = '" ~ span ~ "' then amount else 0 end" -%}
    case metric
        when 'active_users' then count(distinct case when span = '{{ span }}' then user_id end)
        when 'hours_listened' then {{ exact_sum(amount) }} / 3600.0
        else {{ exact_sum(amount) }}
    end
{%- endmacro %}
