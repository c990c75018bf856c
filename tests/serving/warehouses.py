"""A warehouse as dbt leaves it, made in milliseconds: a few marts of one generation and the results of a build."""

from pathlib import Path

import duckdb

MARTS = {
    "dim_clients": """
        select * from (values ('app', 'App', 'acme', 'Acme'), ('web', 'Web', 'borea', 'Borea'),
            ('odd', null, 'unassigned', null)) as t (client_id, client_name, partner_id, partner_name)
    """,
    "dim_dates": "select date '2026-01-01' + n::integer as date_day from range(10) as r (n)",
    "dim_shows": "select 's' || n as show_id, 'Show ' || n as title from range(3) as r (n)",
    # Rows of each client, each partner's total and the total of all, newest day first: not as a reader wants them.
    "fct_active_users_daily": """
        select
            date '2026-01-10' - day::integer as date_day, partner_id, client_id, 'all' as country_code,
            'any' as activity, {generation} as dau, {generation} * 2 as mau, day > 0 as is_complete
        from range(10) as days (day)
        cross join (values ('all', 'all'), ('acme', 'app'), ('acme', 'all'), ('borea', 'web'), ('borea', 'all'))
            as scopes (partner_id, client_id)
        order by random()
    """,
    "fct_listening_daily": """
        select date '2026-01-09' as date_day, 'acme' as partner_id, 'app' as client_id,
            1.5::double as hours_listened, 4 as plays_started
    """,
    "fct_plays": """
        select md5(n::varchar) as play_id, timestamp '2026-01-01' + to_hours(n::bigint) as started_at,
            (date '2026-01-01' + (n // 24)::integer)::date as date_day, 'acme' as partner_id, 'app' as client_id,
            {generation}::double as seconds_listened
        from range(200) as r (n)
        order by random()
    """,
    "fct_trending_shows": """
        select date '2026-01-09' as date_day, 'all' as scope_type, 's1' as show_id, 7 as listeners, 1 as rank
    """,
    "fct_landing_loads": """
        select '20260110T0930{generation:02}.000001Z' as load_id, 'play' as dataset, {generation} as records_read
    """,
}


def make(path: Path, generation: int = 1, marts: dict[str, str] = MARTS) -> None:
    """Write the warehouse anew; every mart of a generation carries its number where it has measures."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        connection.execute("create schema marts; create schema intermediate; create schema staging")
        connection.execute("create table staging.secret as select 'not for readers' as utterance")
        for name, query in marts.items():
            connection.execute(f"create table marts.{name} as {query.format(generation=generation)}")
            connection.execute(f"comment on table marts.{name} is 'One row per {name}. And it''s more than that.'")
        if "fct_plays" in marts:
            connection.execute("comment on column marts.fct_plays.play_id is 'The play''s id.'")
        connection.execute(
            "create table intermediate._results (node_id varchar, resource_type varchar, schema_name varchar, "
            "relation_name varchar, name varchar, parents varchar[], status varchar, ran_at timestamp)"
        )
        for name in marts:
            model = f"model.earshot.{name}"
            connection.execute(
                "insert into intermediate._results values "
                "($1, 'model', 'marts', $2, $2, [], 'success', timestamp '2026-01-11 08:00'), "
                "('test.earshot.pk_' || $2, 'test', 'tests', 'pk_' || $2, 'pk_' || $2, [$1], 'pass', "
                "timestamp '2026-01-11 08:00')",
                [model, name],
            )
        connection.commit()


def change(path: Path, sql: str) -> None:
    """Run a statement in the warehouse, as something that happened after the build."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
