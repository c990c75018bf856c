-- What COPY and UNLOAD do within a session; s3.py reads the files and hands over a CSV.
create domain rs.varbyte as bytea;

create function rs.pg_last_copy_count() returns bigint language sql as
    $$ select coalesce(nullif(current_setting('rs.copied', true), ''), '0')::bigint $$;

-- `told` has of each column of the file its name, its type and the type of column that takes it, by position; null for JSON.
create function rs.copied(target text, listed json, told json, path text) returns bigint language plpgsql security definer as $$
declare
    names text[];
    types text[];
    one json;
    place int := 0;
    copied bigint;
begin
    select array_agg(columns.attname order by coalesce(wanted.place, columns.attnum)), array_agg(format_type(columns.atttypid, columns.atttypmod) order by coalesce(wanted.place, columns.attnum))
    into names, types
    from pg_attribute as columns
    left join json_array_elements_text(listed) with ordinality as wanted (name, place) on wanted.name = columns.attname
    where columns.attrelid = target::regclass and columns.attnum > 0 and not columns.attisdropped
        and (wanted.place is not null or json_array_length(listed) = 0);
    if told is not null and json_array_length(told) <> cardinality(names) then
        raise exception 'COPY: the file has % columns, the table % takes %', json_array_length(told), target, cardinality(names) using errcode = 'XX000';
    end if;
    if json_array_length(listed) > cardinality(names) then
        raise exception 'COPY: a listed column is not in the table %', target using errcode = '42703';
    end if;
    for one in select * from json_array_elements(told) loop
        place := place + 1;
        if one ->> 2 is null or one ->> 2 <> regexp_replace(types[place], '^character varying\(\d+\)$', 'character varying') then
            raise exception 'Spectrum Scan Error: column % of the file has the type %, which column % % of % does not take', one ->> 0, one ->> 1, names[place], types[place], target using errcode = 'XX000';
        end if;
    end loop;
    execute format('copy %s (%s) from %L (format csv, null ''\N'')', target, (select string_agg(quote_ident(name), ', ') from unnest(names) as name), path);
    get diagnostics copied = row_count;
    perform set_config('rs.copied', copied::text, false);
    return copied;
end $$;

create function rs.unloaded(query text, path text) returns bigint language plpgsql security definer as $$
declare
    written bigint;
begin
    execute format('copy (%s) to %L (delimiter ''|'')', query, path);
    get diagnostics written = row_count;
    return written;
end $$;

-- External tables: plain ones with a column "$path", and what the catalog tells of them.
create table rs.external_tables (schemaname text, tablename text, partition_key text, location text, primary key (schemaname, tablename));
create table rs.external_columns (schemaname text, tablename text, columnname text, external_type text, columnnum int, part_key int);
create table rs.external_partitions (schemaname text, tablename text, "values" text, location text, primary key (schemaname, tablename, "values"));
create view pg_catalog.svv_external_columns as
    select
        schemaname::name, tablename::name, columnname::name, external_type::varchar, columnnum, part_key,
        null::varchar as is_nullable
    from rs.external_columns;
create view pg_catalog.svv_external_partitions as
    select schemaname, tablename, '["' || "values" || '"]' as "values", location from rs.external_partitions;
grant select on pg_catalog.svv_external_columns, pg_catalog.svv_external_partitions to public;
grant select, insert, delete on rs.external_tables, rs.external_columns, rs.external_partitions to public;

create function rs.make_external_table(inschema text, named text, columns json, partition_key text, location text) returns void language plpgsql as $$
declare
    written text;
begin
    select string_agg(quote_ident(one ->> 0) || ' ' || (one ->> 1), ', ') into written from json_array_elements(columns) as one;
    execute format('create table %I.%I (%s%s, "$path" text)', inschema, named, written, coalesce(', ' || partition_key || ' date', ''));
    insert into rs.external_tables values (inschema, named, partition_key, location);
    insert into rs.external_columns
    select inschema, named, one ->> 0, replace(one ->> 1, 'double precision', 'double'), place, 0 from json_array_elements(columns) with ordinality as numbered (one, place);
    if partition_key is not null then
        insert into rs.external_columns values (inschema, named, partition_key, 'date', json_array_length(columns) + 1, 1);
    end if;
end $$;

create function rs.add_partitions(inschema text, named text, parts json) returns void language plpgsql as $$
begin
    if exists (
        select 1 from json_array_elements(parts) as part
        where part ->> 'key' is distinct from (select partition_key from rs.external_tables where (schemaname, tablename) = (inschema, named))
    ) then
        raise exception 'external table %.% is not partitioned so', inschema, named using errcode = 'XX000';
    end if;
    insert into rs.external_partitions
    select inschema, named, part ->> 'value', part ->> 'location' from json_array_elements(parts) as part
    on conflict do nothing;
end $$;

-- A dropped external table takes along what the catalog told of it.
create function rs.forget_external_tables() returns event_trigger language plpgsql security definer as $$
declare
    dropped record;
begin
    for dropped in select * from pg_event_trigger_dropped_objects() where object_type = 'table' loop
        delete from rs.external_tables where (schemaname, tablename) = (dropped.schema_name, dropped.object_name);
        delete from rs.external_columns where (schemaname, tablename) = (dropped.schema_name, dropped.object_name);
        delete from rs.external_partitions where (schemaname, tablename) = (dropped.schema_name, dropped.object_name);
    end loop;
end $$;
create event trigger forget_external_tables on sql_drop execute function rs.forget_external_tables();
