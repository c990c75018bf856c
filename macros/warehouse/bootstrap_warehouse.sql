{# The warehouse as code: schemas, roles, users, rights. Everything is looked for before it is made, so it may run again. #}

{% macro bootstrap_warehouse() %}
    {{ return(adapter.dispatch('bootstrap_warehouse')()) }}
{% endmacro %}

{% macro duckdb__bootstrap_warehouse() %}
    {% do exceptions.raise_compiler_error("A DuckDB file has no users or roles: bootstrap_warehouse is for `--target redshift`.") %}
{% endmacro %}

{% macro redshift__bootstrap_warehouse() %}
    {% do check_warehouse_users() %}
    {% set statements = [] %}
    {% for layer in ['raw', 'seeds', 'staging', 'intermediate', 'snapshots', 'marts'] %}
        {% do statements.append('create schema if not exists ' ~ layer_schema(layer)) %}
    {% endfor %}
    {% set roles = column_of('select role_name from svv_roles') %}
    {% set partners = partner_ids() %}
    {% for role in warehouse_roles() if role not in roles %}{% do statements.append('create role ' ~ role) %}{% endfor %}
    {% for partner in partners if partner_role(partner) not in roles %}
        {% do statements.append('create role ' ~ partner_role(partner)) %}
    {% endfor %}
    {% do statements.extend(user_statements()) %}
    {% do statements.extend(layer_grants()) %}
    {% do statements.extend(policy_statements(partners)) %}
    {% for model in graph.nodes.values() | sort(attribute='name') if model.resource_type == 'model' and model.fqn[1] == 'marts' %}
        {% set mart = adapter.get_relation(target.database, model.schema, model.alias) %}
        {% if mart %}{% do statements.extend(mart_statements(mart, model.fqn[2], partners)) %}{% endif %}
    {% endfor %}
    {% if var('dry_run') %}
        {% do print(statements | join(';\n') ~ ';') %}
        {{ return('') }}
    {% endif %}
    {% if column_of('select usename from pg_user where usename = current_user and usesuper') | length == 0 %}
        {% do exceptions.raise_compiler_error("bootstrap_warehouse makes users and roles, which " ~ target.user ~ " may not; run it as a superuser, by EARSHOT_REDSHIFT_USER.") %}
    {% endif %}
    {# All or nothing: without this each statement would be a transaction of its own. #}
    {% do run_query('begin') %}
    {% for statement in statements %}{% do run_query(statement) %}{% endfor %}
    {% do run_query('commit') %}
    {% if not partners %}
        {% do log("There is no table of clients yet, so no partner has a role: `dbt seed --select clients`, then this again.", info=true) %}
    {% endif %}
{% endmacro %}

{% macro warehouse_roles() %}
    {{ return(['earshot_loader', 'earshot_transformer', 'earshot_analyst', 'earshot_bi']) }}
{% endmacro %}

{% macro partner_role(partner) %}
    {{ return('earshot_partner_' ~ partner) }}
{% endmacro %}

{% macro layer_schema(layer) %}
    {# Sources name their schema themselves. #}
    {{ return('raw' if layer == 'raw' else generate_schema_name(layer, none) | trim) }}
{% endmacro %}

{% macro check_warehouse_users() %}
    {% set known = ['loader', 'transformer', 'analyst', 'bi'] %}
    {% for user, roles in var('warehouse_users').items() %}
        {% if not modules.re.match('^[a-z_][a-z0-9_.@-]*$', user) %}
            {% do exceptions.raise_compiler_error("The var warehouse_users names the user '" ~ user ~ "'; use lower-case letters, digits and . _ - @.") %}
        {% endif %}
        {% for role in [roles] if roles is string or roles is not iterable %}
            {% do exceptions.raise_compiler_error("The var warehouse_users gives '" ~ user ~ "' no list of roles; write them in brackets, such as [bi].") %}
        {% endfor %}
        {% for role in roles if role not in known and not role.startswith('partner_') %}
            {% do exceptions.raise_compiler_error("The var warehouse_users gives '" ~ user ~ "' the role '" ~ role ~ "'; the roles are " ~ known | join(', ') ~ " and partner_<partner_id>.") %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{% macro partner_ids() %}
    {% set clients = adapter.get_relation(target.database, layer_schema('seeds'), 'clients') %}
    {% if not clients %}{{ return([]) }}{% endif %}
    {% set partners = column_of('select distinct partner_id from ' ~ clients ~ ' where partner_id is not null order by partner_id asc nulls last') %}
    {% for partner in partners if not modules.re.match('^[a-z0-9_]+$', partner) or partner == 'all' %}
        {% do exceptions.raise_compiler_error("The partner '" ~ partner ~ "' of the seed clients cannot name a role; use lower-case letters, digits and _, and not 'all'.") %}
    {% endfor %}
    {{ return(partners) }}
{% endmacro %}

{% macro user_statements() %}
    {% set statements = [] %}
    {% set users = column_of('select usename from pg_user') %}
    {% set granted = column_of("select user_name || ' ' || role_name from svv_user_grants") %}
    {% for user, roles in var('warehouse_users').items() %}
        {# They log in by IAM: no password is in a file, and none works. #}
        {% if user not in users %}{% do statements.append('create user "' ~ user ~ '" password disable') %}{% endif %}
        {# A partner's role comes with the seed clients. #}
        {% for role in roles if user ~ ' earshot_' ~ role not in granted and (not role.startswith('partner_') or role[8:] in partner_ids()) %}
            {% do statements.append('grant role earshot_' ~ role ~ ' to "' ~ user ~ '"') %}
        {% endfor %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}

{% macro layer_grants() %}
    {# What a role may do in a schema, with the tables that are there and with those that will be. #}
    {% set raw = layer_schema('raw') %}
    {% set made = [] %}
    {% for layer in ['seeds', 'staging', 'intermediate', 'snapshots', 'marts'] %}{% do made.append(layer_schema(layer)) %}{% endfor %}
    {% set statements = [
        'grant usage, create on schema ' ~ raw ~ ' to role earshot_loader',
        'grant select, insert, update, delete on all tables in schema ' ~ raw ~ ' to role earshot_loader',
        'grant usage on schema ' ~ raw ~ ' to role earshot_transformer',
        'grant select on all tables in schema ' ~ raw ~ ' to role earshot_transformer',
    ] %}
    {% for schema in made %}
        {% do statements.append('grant usage, create on schema ' ~ schema ~ ' to role earshot_transformer') %}
        {% do statements.append('grant usage on schema ' ~ schema ~ ' to role earshot_analyst') %}
        {% do statements.append('grant select on all tables in schema ' ~ schema ~ ' to role earshot_analyst') %}
    {% endfor %}
    {% do statements.append('grant usage on schema ' ~ layer_schema('marts') ~ ' to role earshot_bi') %}
    {% for partner in partner_ids() %}
        {% do statements.append('grant usage on schema ' ~ layer_schema('marts') ~ ' to role ' ~ partner_role(partner)) %}
    {% endfor %}
    {% for user, roles in var('warehouse_users').items() %}
        {% if 'loader' in roles %}
            {% do statements.append('alter default privileges for user "' ~ user ~ '" in schema ' ~ raw ~ ' grant select on tables to role earshot_transformer') %}
        {% endif %}
        {% for schema in made if 'transformer' in roles %}
            {% do statements.append('alter default privileges for user "' ~ user ~ '" in schema ' ~ schema ~ ' grant select on tables to role earshot_analyst') %}
        {% endfor %}
    {% endfor %}
    {{ return(statements) }}
{% endmacro %}

{% macro policy_statements(partners) %}
    {% set statements = [] %}
    {% set policies = column_of('select polname from svv_rls_policy') %}
    {% for partner in partners if partner_role(partner) not in policies %}
        {% do statements.append('create rls policy ' ~ partner_role(partner) ~ " with (partner_id varchar(256)) using (partner_id = '" ~ partner ~ "')") %}
    {% endfor %}
    {# Of a table with row-level security everybody else would see nothing. #}
    {% for role in ['earshot_transformer', 'earshot_analyst', 'earshot_bi'] if partners %}
        {% do statements.append('grant ignore rls to role ' ~ role) %}
    {% endfor %}
    {# The transformer rebuilds marts, and has to fence the new table before anybody reads it. #}
    {% if 'earshot_transformer sys:secadmin' not in column_of("select role_name || ' ' || granted_role_name from svv_role_grants") %}
        {% do statements.append('grant role sys:secadmin to role earshot_transformer') %}
    {% endif %}
    {{ return(statements) }}
{% endmacro %}

{% macro column_of(sql) %}
    {{ return(run_query(sql).columns[0].values() | list) }}
{% endmacro %}
