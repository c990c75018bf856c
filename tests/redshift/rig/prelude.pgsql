-- Shapes an empty database of PostgreSQL 18 like Redshift; run by its superuser. What models may call is held by the
-- guard (functions.py), so only what PostgreSQL lacks, or answers otherwise, stands here.
set allow_system_table_mods = on;
create schema rs;
grant usage on schema rs to public;
create domain rs.super as jsonb;
alter role dbt in database earshot set search_path = rs, pg_catalog, public;
alter role dbt in database earshot set timezone = 'UTC';

-- What the adapter asks of Redshift's catalog ------------------------------------------------------------------------
create table rs.table_keys (relation oid primary key, diststyle text, sortkey text, sortkeys int, backup text);
grant select on rs.table_keys to public;
create function pg_catalog.pg_get_late_binding_view_cols() returns setof record language sql stable as
    $$ select null::name, null::name, null::name, null::varchar, null::int where false $$;
create view pg_catalog.svv_table_info as
    select
        current_database()::name as "database", spaces.nspname as "schema", tables.oid as table_id,
        tables.relname as "table", 'Y, AUTO(ENCODE)'::text as encoded, coalesce(keys.diststyle, 'AUTO(ALL)') as diststyle,
        coalesce(keys.sortkey, 'AUTO(SORTKEY)') as sortkey1, null::int as max_varchar, null::text as sortkey1_enc,
        coalesce(keys.sortkeys, 0) as sortkey_num, 1::bigint as size, 0::numeric as pct_used, 0::numeric as unsorted,
        0::numeric as stats_off, greatest(tables.reltuples, 0)::bigint as tbl_rows, 1::numeric as skew_sortkey1,
        1::numeric as skew_rows
    from pg_class as tables
    inner join pg_namespace as spaces on spaces.oid = tables.relnamespace
    left join rs.table_keys as keys on keys.relation = tables.oid
    where tables.relkind = 'r' and spaces.nspname not in ('pg_catalog', 'information_schema', 'rs');
grant select on pg_catalog.svv_table_info to public;

-- Time: boundaries are counted, as Redshift does; a date becomes a timestamp -------------------------------------------
create function rs.getdate() returns timestamp language sql stable as
    $$ select date_trunc('second', statement_timestamp() at time zone 'UTC') $$;
create function rs.dateadd(part text, n bigint, t timestamp) returns timestamp language sql immutable as $$
    select t + case part
        when 'year' then make_interval(years => n::int)
        when 'quarter' then make_interval(months => 3 * n::int)
        when 'month' then make_interval(months => n::int)
        when 'week' then make_interval(weeks => n::int)
        when 'day' then make_interval(days => n::int)
        when 'hour' then n * interval '1 hour'
        when 'minute' then n * interval '1 minute'
        when 'second' then n * interval '1 second'
        when 'millisecond' then n * interval '1 millisecond'
        when 'microsecond' then n * interval '1 microsecond'
    end $$;
create function rs.dateadd(part text, n bigint, t date) returns timestamp language sql immutable as
    $$ select rs.dateadd(part, n, t::timestamp) $$;
create function rs.datediff(part text, a timestamp, b timestamp) returns bigint language sql immutable as $$
    select case part
        when 'year' then extract(year from b) - extract(year from a)
        when 'quarter' then (extract(year from b) - extract(year from a)) * 4 + extract(quarter from b) - extract(quarter from a)
        when 'month' then (extract(year from b) - extract(year from a)) * 12 + extract(month from b) - extract(month from a)
        when 'day' then b::date - a::date
        when 'hour' then extract(epoch from pg_catalog.date_trunc('hour', b) - pg_catalog.date_trunc('hour', a)) / 3600
        when 'minute' then extract(epoch from pg_catalog.date_trunc('minute', b) - pg_catalog.date_trunc('minute', a)) / 60
        when 'second' then extract(epoch from pg_catalog.date_trunc('second', b) - pg_catalog.date_trunc('second', a))
        when 'microsecond' then extract(epoch from b - a) * 1000000
    end::bigint $$;
create function rs.datediff(part text, a date, b date) returns bigint language sql immutable as
    $$ select rs.datediff(part, a::timestamp, b::timestamp) $$;
create function rs.date_trunc(part text, d date) returns timestamp language sql immutable as
    $$ select pg_catalog.date_trunc(part, d::timestamp) $$;
create function rs.last_day(t timestamp) returns date language sql immutable as
    $$ select (pg_catalog.date_trunc('month', t) + interval '1 month -1 day')::date $$;

-- Text and JSON --------------------------------------------------------------------------------------------------------
create function rs.len(text) returns int language sql immutable as $$ select pg_catalog.length($1) $$;
create function rs.nvl(anycompatible, anycompatible) returns anycompatible language sql immutable as
    $$ select coalesce($1, $2) $$;
create function rs.json_parse(text) returns rs.super language sql immutable as $$ select $1::jsonb::rs.super $$;
create function rs.json_serialize(rs.super) returns varchar language sql immutable as $$ select $1::text $$;
create function rs.json_extract_path_text(text, variadic text[]) returns varchar language sql immutable as
    $$ select $1::jsonb #>> $2 $$;
create aggregate rs.listagg(text, text) (sfunc = string_agg_transfn, stype = internal, finalfunc = string_agg_finalfn);

-- A boolean is never cast to text: the guard sees it where a column is named like one, the server always.
create function rs.text_of(boolean) returns text language plpgsql as
    $$ begin raise exception 'a boolean is cast to text, which Redshift refuses' using errcode = '0A000'; end $$;
update pg_cast set castfunc = 'rs.text_of'::regproc
where castsource = 'boolean'::regtype and casttarget in ('text'::regtype, 'varchar'::regtype);

-- Numbers: the average of whole numbers is cut, their sum stays one --------------------------------------------------------
create function rs.add_to_average(bigint[], bigint) returns bigint[] language sql immutable as
    $$ select case when $2 is null then $1 else array[$1[1] + $2, $1[2] + 1] end $$;
create function rs.cut_average(bigint[]) returns bigint language sql immutable as
    $$ select $1[1] / nullif($1[2], 0) $$;
create aggregate rs.avg(bigint) (sfunc = rs.add_to_average, stype = bigint[], finalfunc = rs.cut_average, initcond = '{0,0}');
create aggregate rs.sum(bigint) (sfunc = int8pl, stype = bigint);

-- What Redshift's tables can't have ------------------------------------------------------------------------------------------
-- Types it lacks are refused, and keys that are no columns; lengths of text count bytes. The keys stand in a comment that
-- the proxy leaves behind: style;distkey;sortkeys;backup.
create function rs.check_tables() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$
declare
    made record;
    own record;
    keys text[] := string_to_array((regexp_match(current_query(), '/\*keys:([^*]*)\*/'))[1], ';');
    key text;
begin
    if session_user = 'postgres' then return; end if;
    for made in select * from pg_event_trigger_ddl_commands() where object_type in ('table', 'view') loop
        for own in
            select columns.attname as name, format_type(columns.atttypid, columns.atttypmod) as type, types.typname, columns.atttypmod - 4 as width
            from pg_attribute as columns inner join pg_type as types on types.oid = columns.atttypid
            where columns.attrelid = made.objid and columns.attnum > 0 and not columns.attisdropped
        loop
            if own.typname <> all (array['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool', 'bpchar', 'varchar', 'text', 'date', 'timestamp', 'timestamptz', 'super', 'varbyte']) then
                raise exception 'column % of % has the type %, which Redshift lacks', own.name, made.object_identity, own.type using errcode = '0A000';
            end if;
            if (own.typname = 'numeric' and own.width >> 16 > 38) or (own.typname = 'varchar' and own.width > 65535) then
                raise exception 'column % of % has the type %, which is too wide for Redshift', own.name, made.object_identity, own.type using errcode = '0A000';
            end if;
            if own.typname = 'varchar' and own.width > 0 and made.object_type = 'table'
                and not exists (select 1 from pg_constraint where conrelid = made.objid and conname = 'bytes of ' || own.name)
            then
                execute format('alter table %s add constraint %I check (octet_length(%I) <= %s)', made.object_identity, 'bytes of ' || own.name, own.name, own.width);
            end if;
        end loop;
        if made.object_type = 'table' then
            execute 'analyze ' || made.object_identity; -- Redshift does it by itself; without it a join can take forever
        end if;
        if keys is not null and made.object_type = 'table' then
            foreach key in array array_remove(string_to_array(keys[2] || ',' || keys[3], ','), '') loop
                if not exists (select 1 from pg_attribute where attrelid = made.objid and attname = key and attnum > 0) then
                    raise exception 'the key % of % is none of its columns', key, made.object_identity using errcode = '42703';
                end if;
            end loop;
            insert into rs.table_keys values (
                made.objid,
                case when keys[2] <> '' then 'KEY(' || keys[2] || ')' else upper(nullif(keys[1], '')) end,
                nullif(split_part(keys[3], ',', 1), ''),
                nullif(cardinality(string_to_array(keys[3], ',')), 0),
                keys[4]
            ) on conflict (relation) do nothing;
        end if;
    end loop;
end $$;
create event trigger check_tables on ddl_command_end
    when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'CREATE VIEW', 'ALTER TABLE') execute function rs.check_tables();
