{# Who may read a mart, and which of its rows. A rebuilt table is a new one, so a mart is fenced after each build. #}

{% macro secure_mart() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {{ return(adapter.dispatch('secure_mart')()) }}
    {% endif %}
{% endmacro %}

{% macro duckdb__secure_mart() %}
    {# `earshot publish --partner` gives a partner a file of its own. #}
{% endmacro %}

{% macro redshift__secure_mart() %}
    {% if 'earshot_bi' not in column_of('select role_name from svv_roles') %}
        {# Nobody has made the roles yet: bootstrap_warehouse does, and sees to the marts that are there then. #}
        {{ return('') }}
    {% endif %}
    {% set known = column_of('select polname from svv_rls_policy') %}
    {% set partners = [] %}
    {% for partner in partner_ids() if partner_role(partner) in known %}{% do partners.append(partner) %}{% endfor %}
    {% for statement in mart_statements(this, model.fqn[2], partners) %}{% do run_query(statement) %}{% endfor %}
{% endmacro %}

{% macro mart_statements(mart, area, partners) %}
    {% set statements = [] %}
    {% set table = mart.include(database=false) %}
    {% for role, areas in var('mart_readers').items() if area in areas %}
        {% do statements.append('grant select on ' ~ table ~ ' to role earshot_' ~ role) %}
    {% endfor %}
    {% set is_separable = 'partner_id' in adapter.get_columns_in_relation(mart) | map(attribute='name') | map('lower') %}
    {% if is_separable and partners %}
        {% set attached = column_of("select polname from svv_rls_attached_policy where relschema = '" ~ mart.schema ~ "' and relname = '" ~ mart.identifier ~ "'") %}
        {% for partner in partners if partner_role(partner) not in attached %}
            {% do statements.append('attach rls policy ' ~ partner_role(partner) ~ ' on ' ~ table ~ ' to role ' ~ partner_role(partner)) %}
        {% endfor %}
        {% do statements.append('alter table ' ~ table ~ ' row level security on') %}
    {% endif %}
    {# Only once its rows are fenced, or when they are nobody's. #}
    {% for partner in partners if is_separable or mart.identifier in marts_of_nobody() %}
        {% do statements.append('grant select on ' ~ table ~ ' to role ' ~ partner_role(partner)) %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}

{% macro marts_of_nobody() %}
    {# Nothing in them was counted from people or devices: a partner may read them whole. #}
    {{ return(['dim_countries', 'dim_dates', 'dim_firmware_releases', 'dim_shows', 'dim_shows_history']) }}
{% endmacro %}
