"""Statements with the verdict that the guard must give: a regression test of its rules, and their documentation.

Each case says on what the verdict rests: D, the Amazon Redshift Database Developer Guide; K, what is known of Redshift
without a document to point at; H, a rule of this house. None was tried on a cluster.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """`codes` are the rules that must refuse `sql`, and no others; an empty text means that nothing is refused."""

    name: str
    codes: str
    source: str
    sql: str


REFUSED = (
    # What cannot be read at all.
    Case("unsigned_type", "RS00", "K", "select cast(id as ubigint) as a from events"),
    # Aggregates and windows.
    Case(
        "filter", "RS01", "K", "select user_id, count(*) filter (where kind = 'buy') as a from events group by user_id"
    ),
    Case("string_agg", "RS08", "D", "select string_agg(kind, ',') as a from events"),
    Case("array_agg", "RS06", "D", "select array_agg(kind) as a from events"),
    Case(
        "sum_over_order_without_frame",
        "RS10",
        "D",
        "select cast(sum(id) over (partition by user_id order by ts asc nulls last) as bigint) as a from events",
    ),
    Case(
        "first_value_without_frame",
        "RS10",
        "D",
        "select first_value(kind) over (partition by user_id order by ts asc nulls last) as a from events",
    ),
    Case(
        "last_value_ignoring_nulls_without_frame",
        "RS10",
        "D",
        "select last_value(kind ignore nulls) over (partition by user_id order by ts asc nulls last) as a from events",
    ),
    Case(
        "nth_value_without_frame",
        "RS10",
        "D",
        "select nth_value(kind, 2) over (partition by user_id order by ts asc nulls last) as a from events",
    ),
    Case(
        "count_distinct_over", "RS11", "D", "select count(distinct kind) over (partition by user_id) as a from events"
    ),
    Case(
        "range_frame",
        "RS12",
        "D",
        "select count(*) over (order by ts asc nulls last range unbounded preceding) as a from events",
    ),
    Case(
        "range_frame_of_days",
        "RS12",
        "D",
        "select count(*) over (order by ts asc nulls last range between interval '1 day' preceding and current row) "
        "as a from events",
    ),
    Case(
        "groups_frame",
        "RS12",
        "D",
        "select count(*) over (order by ts asc nulls last groups between 1 preceding and current row) as a from events",
    ),
    Case(
        "window_clause",
        "RS25",
        "D",
        "select row_number() over w as a from events window w as (partition by user_id order by ts asc nulls last)",
    ),
    Case("listagg_order_inside", "RS31", "D", "select listagg(kind, ',' order by ts asc nulls last) as a from events"),
    Case(
        "two_orders_of_percentiles",
        "RS32",
        "K",
        "select percentile_cont(0.5) within group (order by id) as a, "
        "percentile_cont(0.5) within group (order by amount) as b from events",
    ),
    Case(
        "listagg_beside_median",
        "RS32",
        "K",
        "select listagg(kind, ',') within group (order by ts) as a, median(amount) as b from events",
    ),
    Case(
        "median_beside_count_distinct",
        "RS32",
        "K",
        "select median(amount) as a, count(distinct user_id) as b from events",
    ),
    Case("max_of_boolean", "RS22", "K", "select max(is_ok) as a from events"),
    Case("min_of_comparison", "RS22", "K", "select min(id > 1) as a from events"),
    # What may be selected from, and how it may be joined.
    Case(
        "distinct_on",
        "RS02",
        "K",
        "select distinct on (user_id) user_id, id from events order by user_id asc nulls last",
    ),
    Case("lateral", "RS03", "K", "select e.id, l.x from events as e cross join lateral (select 1 as x) as l"),
    Case("unnest", "RS04", "D", "select u.a from unnest(events.tags) as u(a)"),
    Case("values_as_table", "RS05", "D", "select v.id from (values (1, 'a'), (2, 'b')) as v(id, kind)"),
    Case("values_in_cte", "RS00", "D", "with v(id) as (values (1), (2)) select id from v"),
    Case("generate_series", "RS16", "D", "select g.n from generate_series(1, 10) as g(n)"),
    Case("range", "RS16", "K", "select g.n from range(10) as g(n)"),
    Case("asof_join", "RS09", "K", "select a.id from events as a asof join events as b on a.ts >= b.ts"),
    Case("semi_join", "RS09", "K", "select a.id from events as a semi join events as b using (id)"),
    Case("anti_join", "RS09", "K", "select a.id from events as a anti join events as b using (id)"),
    Case("positional_join", "RS00", "K", "select a.id from events as a positional join events as b"),
    Case("full_join_on_inequality", "RS33", "K", "select a.id from events as a full join events as b on a.id > b.id"),
    Case(
        "full_join_on_more_than_equality",
        "RS33",
        "K",
        "select a.id from events as a full outer join events as b on a.id = b.id and a.ts > b.ts",
    ),
    Case("from_first", "RS35", "K", "from events select id"),
    Case("from_first_in_cte", "RS35", "K", "with a as (from events) select id from a"),
    Case("tablesample", "RS16 RS24", "K", "select id from events tablesample bernoulli (10)"),
    Case("fetch_first", "RS23", "D", "select id from events fetch first 5 rows only"),
    Case("except_all", "RS20", "D", "select id from events except all select id from others"),
    Case("intersect_all", "RS20", "D", "select id from events intersect all select id from others"),
    Case("group_by_all", "RS21", "H", "select kind, count(*) as a from events group by all"),
    Case(
        "recursion_without_columns",
        "RS27",
        "D",
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select n from r",
    ),
    Case("materialized_cte", "RS28", "K", "with a as materialized (select 1 as x) select x from a"),
    Case("not_materialized_cte", "RS28", "K", "with a as not materialized (select 1 as x) select x from a"),
    Case("insert_on_conflict", "RS39", "D", "insert into events select 1 as id on conflict do nothing"),
    Case("insert_returning", "RS39", "D", "insert into events select 1 as id returning id"),
    Case("create_sequence", "RS39", "D", "create sequence numbers"),
    Case("create_or_replace_table", "RS39", "D", "create or replace table a as select id from events"),
    Case("sum_stored", "VAL9", "D", "create table a as (select kind, sum(id) as a from events group by kind)"),
    Case("text_column", "VAL6", "D", "create table a (kind varchar, id bigint)"),
    Case("list_column", "RS13", "K", "create table a (tags varchar(10)[])"),
    Case(
        "skip_level_in_delete",
        "RS29",
        "D",
        "delete from a where id in (select b.id from b where exists ("
        "select 1 from c where not exists (select 1 from d where d.id = b.id)))",
    ),
    # Subqueries.
    Case(
        "skip_level_subquery",
        "RS29",
        "D",
        "select a.id from events as a where not exists ("
        "select 1 from events as b where not exists (select 1 from events as c where c.id = a.id))",
    ),
    Case(
        "correlated_in_join",
        "RS30",
        "D",
        "select a.id from events as a left join events as b"
        " on a.id = b.id and b.user_id = (select max(c.user_id) from events as c where c.id = b.id)",
    ),
    Case(
        "correlated_window",
        "RS40",
        "D",
        "select a.id from events as a where a.id in ("
        "select row_number() over (order by b.ts asc nulls last) as n from events as b where b.user_id = a.user_id)",
    ),
    Case(
        "correlated_group_in",
        "RS40",
        "D",
        "select a.id from events as a where a.id in ("
        "select max(b.id) as id from events as b where b.user_id = a.user_id group by b.kind)",
    ),
    # Expressions and types.
    Case("is_distinct_from", "RS07", "D", "select id from events where kind is distinct from 'a'"),
    Case("is_not_distinct_from", "RS07", "D", "select id from events where kind is not distinct from 'a'"),
    Case("row_comparison", "RS26", "D", "select id from events where (id, user_id) > (1, 2)"),
    Case("array", "RS06", "D", "select array[1, 2] as a from events"),
    Case("list", "RS06", "K", "select [1, 2] as a from events"),
    Case("subscript", "RS06", "D", "select tags[1] as a from events"),
    Case("struct", "RS37", "K", "select {'a': 1} as a from events"),
    Case("json_arrow", "RS37", "K", "select payload -> 'a' as a from events"),
    Case("json_text_arrow", "RS37", "K", "select payload ->> 'a' as a from events"),
    Case("lambda", "RS16 RS19 RS37", "K", "select list_transform(tags, x -> x + 1) as a from events"),
    Case("cast_to_json", "RS13", "D", "select cast(kind as json) as a from events"),
    Case("cast_to_uuid", "RS13", "D", "select cast(kind as uuid) as a from events"),
    Case("cast_to_hugeint", "RS13", "K", "select cast(id as hugeint) as a from events"),
    Case("cast_to_tinyint", "RS13", "K", "select cast(id as tinyint) as a from events"),
    Case("cast_to_interval", "RS13", "D", "select cast('1 day' as interval) as a from events"),
    Case("numeric_of_39_digits", "RS13", "D", "select cast(id as numeric(39, 2)) as a from events"),
    Case("cast_to_double", "RS34", "K", "select cast(id as double) as a from events"),
    Case("colon_double", "RS34", "K", "select id::double as a from events"),
    Case("cast_to_string", "RS34 VAL6", "K", "select cast(id as string) as a from events"),
    Case("boolean_to_text", "RS14", "K", "select cast(is_ok as varchar(5)) as a from events"),
    Case("comparison_to_text", "RS14", "K", "select cast((id > 1) as varchar(5)) as a from events"),
    Case("try_cast", "RS15", "H", "select try_cast(kind as integer) as a from events"),
    Case("star_replace", "RS18", "D", "select * replace (1 as id) from events"),
    Case("columns_function", "RS18", "K", "select columns('i.*') from events"),
    Case("whole_division", "RS36", "K", "select id // 2 as a from events"),
    # Functions.
    Case("concat_of_three", "RS17 VAL4", "D", "select concat('a', 'b', 'c') as a from events"),
    Case("concat_ws", "RS16 RS17", "K", "select concat_ws('-', kind, kind) as a from events"),
    Case("mode", "RS16", "D", "select mode() within group (order by kind) as a from events"),
    Case("corr", "RS16", "D", "select corr(id, user_id) as a from events"),
    Case("make_date", "RS16", "D", "select make_date(2026, 1, 1) as a from events"),
    Case("age", "RS16", "D", "select age(ts, ts) as a from events"),
    Case("format", "RS16", "D", "select format('%s', kind) as a from events"),
    Case("regexp_matches", "RS16", "D", "select regexp_matches(kind, 'a') as a from events"),
    Case("regexp_extract", "RS16", "K", "select regexp_extract(kind, 'a(.)', 1) as a from events"),
    Case("string_to_array", "RS16", "D", "select string_to_array(kind, ',') as a from events"),
    Case("date_bin", "RS16", "D", "select date_bin('15 minutes', ts, ts) as a from events"),
    Case("date_diff", "RS16", "K", "select date_diff('day', ts, ts) as a from events"),
    Case("arg_max", "RS16", "K", "select arg_max(kind, ts) as a from events"),
    Case("max_by", "RS16", "K", "select max_by(kind, ts) as a from events"),
    Case("any_value", "RS16", "K", "select any_value(kind) as a from events"),
    Case("count_if", "RS16", "K", "select count_if(id > 1) as a from events"),
    Case("list_of_rows", "RS16", "K", "select list(kind) as a from events"),
    Case("strptime", "RS16", "K", "select strptime('2026', '%Y') as a from events"),
    Case("strftime", "RS16", "K", "select strftime(ts, '%Y') as a from events"),
    Case("epoch", "RS16", "K", "select epoch(ts) as a from events"),
    Case("if_function", "RS16", "K", "select if(id > 1, 'a', 'b') as a from events"),
    Case("read_parquet", "RS16", "K", "select id from read_parquet('events.parquet')"),
    Case("now", "RS16", "D", "select now() as a from events"),
    Case("current_timestamp", "RS41", "D", "select current_timestamp as a from events"),
    Case("decode", "RS16", "H", "select decode(kind, 'a', 1, 2) as a from events"),
    # Different answers.
    Case("division_of_columns", "VAL1", "D", "select a.clicks / a.views as rate from events as a"),
    Case("division_by_number", "VAL1", "D", "select id / 2 as a from events"),
    Case("division_by_decimal", "VAL1", "D", "select id / 3600.0 as a from events"),
    Case(
        "division_in_recursion",
        "RS27 VAL1",
        "D",
        "with recursive r as (select 1 as n union all select n + 1 from r) select n / 2 as a from r",
    ),
    Case("sum_in_named_columns", "VAL9", "D", "with s (n) as (select sum(id) from events) select n as a from s"),
    Case("division_of_counts", "VAL1", "D", "with c as (select count(*) as n from events) select n / 7 as a from c"),
    Case("avg_of_column", "VAL2", "D", "select avg(id) as a from events"),
    Case("order_by", "VAL3", "D", "select kind from events order by kind desc"),
    Case("order_and_limit_in_subquery", "VAL3", "D", "select id from (select id from events order by id limit 1) as e"),
    Case("order_in_window", "VAL3", "D", "select row_number() over (order by ts) as a from events"),
    Case("concat_of_two", "VAL4", "D", "select concat(kind, 'b') as a from events"),
    Case("bare_numeric", "VAL5", "D", "select cast(amount as numeric) as a from events"),
    Case("bare_decimal", "VAL5", "D", "select amount::decimal as a from events"),
    Case("bare_varchar", "VAL6", "D", "select cast(kind as varchar) as a from events"),
    Case("bare_text", "VAL6", "D", "select cast(null as text) as a from events"),
    Case("sum_of_column", "VAL9", "D", "select sum(id) as a from events"),
    Case("sum_in_coalesce", "VAL9", "D", "select coalesce(sum(id), 0) as a from events"),
    Case("sum_in_cte", "VAL9", "D", "with s as (select sum(id) as n from events) select n + 1 as a from s"),
    Case(
        "sum_in_second_branch",
        "VAL9",
        "D",
        "with s as (select cast(1 as bigint) as n union all select sum(id) as n from events) select n as a from s",
    ),
    Case("sum_over", "VAL9", "D", "select sum(id) over (partition by kind) as a from events"),
    Case("float", "VAL10", "K", "select cast(id as float) as a from events"),
    Case("real", "VAL10", "H", "select cast(id as real) as a from events"),
    Case("regexp_replace", "RS16 VAL12", "D", "select regexp_replace(kind, 'a', 'b') as a from events"),
    Case("extract_uncast", "VAL14", "K", "select extract(hour from ts) as a from events"),
    Case("posix_match", "VAL18", "K", "select id from events where kind ~ 'a'"),
    Case("datediff_of_weeks", "VAL19", "K", "select datediff(week, ts, ts) as a from events"),
    Case("date_trunc_uncast", "VAL20", "D", "select date_trunc('week', day) as a from events"),
    # The house.
    Case("lateral_alias", "HS01", "H", "select id + 1 as x, x * 2 as y from events"),
    Case("alias_in_where", "HS01", "H", "select id + 1 as x from events where x > 1"),
    Case("alias_in_qualify", "HS01", "H", "select id + 1 as x from events qualify x > 1"),
    Case(
        "alias_of_known_columns",
        "HS01",
        "H",
        "with e as (select id from events) select id + 1 as x from e where x > 1",
    ),
    Case("ilike", "HS02", "K", "select id from events where kind ilike 'a%'"),
    Case("exclude", "RS18", "H", "select * exclude (id) from events"),
    Case(
        "pivot",
        "HS03",
        "H",
        "select * from (select user_id, kind, amount from events) pivot (sum(amount) for kind in ('buy', 'view'))",
    ),
    Case(
        "percentile_over",
        "HS04",
        "H",
        "select percentile_cont(0.5) within group (order by amount) over (partition by user_id) as a from events",
    ),
)

FINE = (
    Case("having", "", "D", "select kind, count(*) as a from events group by kind having bool_or(is_ok)"),
    Case(
        "qualify",
        "",
        "D",
        "select id from events qualify row_number() over (partition by user_id order by ts asc nulls last) = 1",
    ),
    Case(
        "listagg",
        "",
        "D",
        "select listagg(kind, ',') within group (order by ts) as a from events",
    ),
    Case(
        "dates",
        "",
        "D",
        "select dateadd(month, 1, ts) as a, datediff(day, ts, getdate()) as b, last_day(ts) as c from events",
    ),
    Case("date_trunc_cast", "", "D", "select cast(date_trunc('week', day) as date) as a from events"),
    Case("date_trunc_compared", "", "D", "select id from events where date_trunc('week', day) = day"),
    Case("extract_cast", "", "D", "select cast(extract(hour from ts) as integer) as a from events"),
    Case(
        "framed_window",
        "",
        "D",
        "select cast(sum(id) over (partition by kind order by ts desc nulls last rows unbounded preceding) as bigint) "
        "as a from events",
    ),
    Case(
        "ignoring_nulls",
        "",
        "D",
        "select last_value(kind ignore nulls) over (partition by user_id order by ts asc nulls first"
        " rows between unbounded preceding and current row) as a from events",
    ),
    Case(
        "lag_without_frame",
        "",
        "D",
        "select lag(ts) over (partition by user_id order by ts asc nulls last) as a from events",
    ),
    Case("window_without_order", "", "D", "select count(*) over (partition by user_id) as a from events"),
    Case("median", "", "D", "select median(amount) as a from events"),
    Case(
        "percentiles_of_one_order",
        "",
        "D",
        "select percentile_cont(0.5) within group (order by ms) as a, "
        "percentile_cont(0.9) within group (order by ms) as b from events",
    ),
    Case("select_distinct", "", "D", "select distinct user_id, kind from events"),
    Case("count_distinct", "", "D", "select count(distinct user_id) as a from events"),
    Case("time_zone", "", "D", "select convert_timezone('UTC', 'America/New_York', ts) as a from events"),
    Case(
        "recursion",
        "",
        "D",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n from r",
    ),
    Case("json", "", "D", "select json_extract_path_text(payload, 'a') as a, json_parse(payload) as b from events"),
    Case(
        "full_join_on_equalities",
        "",
        "D",
        "select a.id from events as a full join others as b on a.id = b.id and a.k = b.k",
    ),
    Case("full_join_using", "", "D", "select id from events full join others using (id, kind)"),
    Case(
        "correlated_exists",
        "",
        "D",
        "select a.id from events as a where not exists (select 1 from others as b where b.id = a.id and b.ts > a.ts)",
    ),
    Case(
        "rows_in_subquery", "", "D", "select id from events where (id, kind) in (select o.id, o.kind from others as o)"
    ),
    Case("division_of_doubles", "", "D", "select cast(clicks as double precision) / nullif(views, 0) as a from events"),
    Case("division_by_root", "", "D", "select (recent - expected) / sqrt(expected + 1) as a from events"),
    Case(
        "division_of_double_from_cte",
        "",
        "D",
        "with d as (select cast(id as double precision) as n, kind from events) select n / 7 as a from d",
    ),
    Case("avg_of_double", "", "D", "select avg(cast(id as double precision)) as a from events"),
    Case("sum_cast", "", "D", "select cast(sum(id) as bigint) as a from events"),
    Case("sum_of_double", "", "D", "select sum(cast(id as double precision)) as a from events"),
    Case("sum_cast_later", "", "D", "with s as (select sum(id) as n from events) select cast(n as bigint) as a from s"),
    Case("sum_compared", "", "D", "select kind from events group by kind having sum(id) > 3"),
    Case("case_on_sum", "", "D", "select case when sum(id) > 3 then 1 else 0 end as a from events"),
    Case("widths", "", "D", "select cast(kind as varchar(16)) as a, cast(amount as numeric(18, 4)) as b from events"),
    Case("hashed_text", "", "H", "select md5(coalesce(cast(id as varchar), '')) as a from events"),
    Case("literal_text", "", "H", "select id from events where kind = 'a'::text"),
    Case("literals", "", "D", "select date '2026-01-01' as a, timestamp '2026-01-01 00:00:00' as b from events"),
    Case("interval_literal", "", "D", "select ts + interval '1 day' as a from events"),
    Case("same_name_as_source", "", "D", "select lower(kind) as kind from events where kind is not null"),
    Case("group_by_alias", "", "D", "select lower(country) as code, count(*) as a from events group by code"),
    Case("double_slash_in_text", "", "D", "select id from events where kind = 's3://bucket' -- a // b"),
    Case("column_named_like_function", "", "D", "select e.value as value, e.rank as rank from events as e"),
    Case("hour", "", "D", "select date_trunc('hour', ts) as a from events"),
    Case("order_of_subquery", "", "D", "select id from (select id from events order by id) as e"),
    Case("insert_subquery", "", "D", 'insert into "a" (select id from events)'),
    Case("insert", "", "D", "insert into a (id) select id from events"),
    Case("insert_values", "", "D", "insert into a (id, kind) values (1, 'b')"),
    Case("delete", "", "D", "delete from a where id in (select id from events)"),
    Case("contract", "", "D", "create table a (id bigint, kind varchar(16), rate double precision not null)"),
    Case(
        "keys_of_table",
        "",
        "D",
        "create table a diststyle key distkey (id) compound sortkey (kind, id) backup no "
        "as (select id, kind from events)",
    ),
    Case("quoted_tables", "", "D", 'select e.id from "earshot"."marts"."events" as e'),
)
