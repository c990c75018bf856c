-- Redshift's users, roles and row-level security on PostgreSQL's own; run by its superuser after prelude.pgsql.
set allow_system_table_mods = on;
create table rs.rls_policies (polname text primary key, attributes text, qualification text);
create table rs.rls_ignoring (role_name text primary key);
grant usage on schema rs to public;

create view pg_catalog.svv_roles as
    select oid as role_id, rolname::varchar as role_name, 'admin'::varchar as role_owner
    from pg_roles where not rolcanlogin and rolname not like 'pg\_%';
create view pg_catalog.svv_user_grants as
    select users.rolname::varchar as user_name, roles.rolname::varchar as role_name, false as admin_option
    from pg_auth_members as members
    inner join pg_roles as users on users.oid = members.member and users.rolcanlogin
    inner join pg_roles as roles on roles.oid = members.roleid and not roles.rolcanlogin;
create view pg_catalog.svv_role_grants as
    select roles.rolname::varchar as role_name, granted.rolname::varchar as granted_role_name
    from pg_auth_members as members
    inner join pg_roles as roles on roles.oid = members.member and not roles.rolcanlogin
    inner join pg_roles as granted on granted.oid = members.roleid;
create view pg_catalog.svv_rls_policy as
    select polname::varchar, attributes::varchar as polatts, qualification::varchar as polqual, true as polenabled from rs.rls_policies;
create view pg_catalog.svv_rls_attached_policy as
    select
        schemaname::varchar as relschema, tablename::varchar as relname, policyname::varchar as polname,
        roles[1]::varchar as grantee, 'role'::varchar as granteekind
    from pg_policies where policyname <> 'ignore rls';
grant select on pg_catalog.svv_roles, pg_catalog.svv_user_grants, pg_catalog.svv_role_grants to public;
grant select on pg_catalog.svv_rls_policy, pg_catalog.svv_rls_attached_policy, rs.rls_policies to public;

create function rs.plain(name text) returns text language sql immutable as $$ select trim(both '"' from name) $$;

create function rs.must_be(role text, doing text) returns void language plpgsql as $$
begin
    if not (select rolsuper from pg_roles where rolname = session_user) and not pg_has_role(session_user, role, 'member') then
        raise exception 'permission denied: % needs %', doing, role using errcode = '42501';
    end if;
end $$;

create function rs.create_user(name text) returns void language plpgsql as $$
begin
    execute format('create role %I login', rs.plain(name));
    execute format('alter role %I in database earshot set search_path = rs, pg_catalog, public', rs.plain(name));
    execute format('alter role %I in database earshot set timezone = ''UTC''', rs.plain(name));
end $$;

-- Twice is an error here: who asks first what is granted does not depend on what Redshift says then.
create function rs.grant_role(granted text, name text) returns void language plpgsql as $$
begin
    if exists (
        select 1 from pg_auth_members as members
        inner join pg_roles as a on a.oid = members.roleid and a.rolname = rs.plain(granted)
        inner join pg_roles as b on b.oid = members.member and b.rolname = rs.plain(name)
    ) then
        raise exception 'the role % is granted to % already', granted, name using errcode = '42710';
    end if;
    execute format('grant %I to %I', rs.plain(granted), rs.plain(name));
end $$;

create function rs.create_policy(policy text, attributes text, qualification text) returns void language plpgsql security definer as $$
begin
    perform rs.must_be('sys:secadmin', 'making a policy');
    insert into rs.rls_policies values (rs.plain(policy), attributes, qualification); -- no IF NOT EXISTS, no OR REPLACE
end $$;

create function rs.attach_policy(policy text, relation text, role text) returns void language plpgsql security definer as $$
declare
    known rs.rls_policies;
begin
    perform rs.must_be('sys:secadmin', 'attaching a policy');
    select * into known from rs.rls_policies where polname = rs.plain(policy);
    if known.polname is null then
        raise exception 'there is no policy %', policy using errcode = '42704';
    end if;
    if (select relkind from pg_class where oid = relation::regclass) <> 'r' then
        raise exception 'a policy cannot be attached to %, which is no table', relation using errcode = '0A000';
    end if;
    if not exists (
        select 1 from pg_attribute where attrelid = relation::regclass
            and replace(attname || ' ' || format_type(atttypid, atttypmod), 'character varying', 'varchar') = known.attributes
    ) then
        raise exception '% has no column %', relation, known.attributes using errcode = '42703';
    end if;
    execute format('create policy %I on %s for select to %I using (%s)', rs.plain(policy), relation::regclass, rs.plain(role), known.qualification);
end $$;

-- From then on the owner, too, sees nothing that a policy does not show, unless a role may ignore it.
create function rs.row_level_security(relation text) returns void language plpgsql security definer as $$
declare
    role text;
begin
    perform rs.must_be('sys:secadmin', 'switching row-level security');
    execute format('alter table %s enable row level security', relation::regclass);
    execute format('alter table %s force row level security', relation::regclass);
    execute format('drop policy if exists "ignore rls" on %s', relation::regclass);
    select string_agg(quote_ident(role_name), ', ') into role from rs.rls_ignoring;
    if role is not null then
        execute format('create policy "ignore rls" on %s for all to %s using (true) with check (true)', relation::regclass, role);
    end if;
end $$;

create function rs.ignore_rls(role text) returns void language plpgsql security definer as $$
declare
    fenced text;
begin
    perform rs.must_be('sys:secadmin', 'granting IGNORE RLS');
    insert into rs.rls_ignoring values (rs.plain(role)) on conflict do nothing;
    for fenced in select oid::regclass::text from pg_class where relrowsecurity loop
        perform rs.row_level_security(fenced);
    end loop;
end $$;
