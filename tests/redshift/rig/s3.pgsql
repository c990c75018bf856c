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
