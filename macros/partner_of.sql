{% macro partner_of(clients) -%}
    coalesce({{ clients }}.partner_id, 'unassigned')
{%- endmacro %}

{% macro client_scopes() -%}
    {#- The three ways to count people over clients: in one client, in all of a partner, in all. Cross join it. -#}
    select 'client' as client_scope
    union all
    select 'partner' as client_scope
    union all
    select 'all' as client_scope
{%- endmacro %}

{% macro in_client_scope(relation) -%}
    case when client_scope = 'all' then 'all' else {{ relation }}.partner_id end as partner_id,
        case when client_scope = 'client' then {{ relation }}.client_id else 'all' end as client_id
{%- endmacro %}
