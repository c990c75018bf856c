{% macro declared_datasets() %}
    {#- SQL of a query with every dataset that has a contract and the source it belongs to, whether it ever arrived or not. -#}
    {%- set found = [] -%}
    {%- for source in (graph.sources.values() if execute else []) if source.source_name != 'lake' -%}
        {%- do found.append("select '" ~ source.name ~ "' as dataset, '" ~ source.source_name ~ "' as source") -%}
    {%- endfor -%}
    {{- found | sort | join('\n    union all\n    ') -}}
{% endmacro %}
