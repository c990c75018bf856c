"""What is dispatched, and the functions that models call, give the same values on both engines, over edge values that
nobody would think of."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.redshift.functions import ALLOWED, RIGHTS
from tests.redshift.rig.houses import ROOT, dbt
from tests.redshift.rig.rewrite import translate
from tests.redshift.rig.server import Rig
from tests.warehouse.houses import parsed

# A table of rows: three moments, a whole number, a double, a text, and one of ASCII alone, all of which may be null.
COLUMNS = {
    "row": "integer",
    **dict.fromkeys("abc", "timestamp"),
    "n": "integer",
    "x": "double precision",
    "t": "varchar(64)",
    "s": "varchar(64)",
}
_PARTS = ("microsecond", "second", "minute", "hour", "day", "month", "quarter", "year")
# What is made of each row.
MACROS = {
    "minus_span": "{{ minus_span('a', 'b', 'c') }}",
    "occurred_at": "{{ occurred_at('a', 'b', 'c') }}",
    "seconds_between": "{{ seconds_between('a', 'b') }}",
    **{
        f"next_{period}_start": f"{{{{ next_period_start(\"'{period}'\", 'a') }}}}"
        for period in ("hour", "day", "week", "month", "year")
    },
    **{f"datediff_{part}": f"{{{{ dbt.datediff('a', 'b', '{part}') }}}}" for part in _PARTS},
    **{f"dateadd_{part}": f"{{{{ dbt.dateadd('{part}', 'n', 'a') }}}}" for part in _PARTS},
    "dateadd_of_date": "{{ dbt.dateadd('day', 'n', 'cast(a as date)') }}",
    "last_day": "cast({{ dbt.last_day('a', 'month') }} as date)",
    "dbt_split_part": "{{ dbt.split_part('t', \"'-'\", 1) }}",
    "length": "{{ dbt.length('t') }}",
    "position": "{{ dbt.position(\"'-'\", 't') }}",
    "replace": "{{ dbt.replace('t', \"'-'\", \"'+'\") }}",
    "hash": "{{ dbt.hash('t') }}",
    "snapshot_key": "{{ snapshot_hash_arguments(['t', 'a', 'cast(a as date)', 'n']) }}",
    **{
        f"generate_series_{count}_{aggregate}": (
            f"(select cast({aggregate}(generated_number) as bigint) "
            f"from ({{{{ dbt.generate_series({count}) }}}}) as numbers)"
        )
        for count in (1, 7, 25, 128)
        for aggregate in ("count", "sum", "max")
    },
}
FUNCTIONS = {
    **{
        f"date_trunc_{part}": f"cast(date_trunc('{part}', a) as timestamp)"
        for part in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
    },
    **{
        f"date_trunc_{part}_of_date": f"cast(date_trunc('{part}', cast(a as date)) as date)"
        for part in ("week", "month", "quarter", "year")
    },
    **{f"extract_{part}": f"cast(extract({part} from a) as integer)" for part in ("year", "month", "day", "hour")},
    "cast_to_date": "cast(a as date)",
    "cast_to_timestamp": "cast(cast(a as date) as timestamp)",
    "cast_to_double": "cast(n as double precision)",
    "cast_to_decimal": "cast(n as decimal(28, 9))",
    "difference_of_dates": "cast(a as date) - cast(b as date)",
    "sum_of_date": "cast(a as date) + n",
    "division": "cast(n as double precision) / nullif(cast(abs(n) - 7 as double precision), 0)",
    "abs": "abs(x)",
    "mod": "mod(n, 7)",
    "sqrt": "sqrt(abs(x))",
    "greatest": "greatest(a, b, c)",
    "least": "least(a, b, c)",
    "coalesce": "coalesce(t, 'none')",
    "nullif": "nullif(t, '')",
    "lower": "lower(s)",
    "left": "left(t, 3)",
    "right": "right(t, 3)",
    **{f"split_part_{n}": f"split_part(t, '/', {n})" for n in (1, 2, 3, 4)},
    "joined": "t || '/' || s",
    "lag": "lag(t) over (order by a asc nulls last, row asc nulls last)",
    "lead": "lead(a) over (partition by n order by t desc nulls last, row asc nulls last)",
    "row_number": "row_number() over (order by t asc nulls last, row asc nulls last)",
    "dense_rank": "dense_rank() over (order by t desc nulls last, x asc nulls last)",
    "running_sum": (
        "cast(sum(n) over (order by a desc nulls last, row asc nulls last "
        "rows between unbounded preceding and current row) as bigint)"
    ),
}
# What is made of all rows together.
TOTALS = {
    "exact_sum": "{{ exact_sum('x') }}",
    "sum": "cast(sum(n) as bigint)",
    "avg": "avg(cast(n as double precision))",
    "count": "count(t)",
    "distinct": "count(distinct t)",
    "max": "max(t)",
    "min": "min(t)",
    **{
        f"percentile_{share:.0%}": f"percentile_cont({share}) within group (order by x)"
        for share in (0.0, 0.5, 0.9, 0.95, 1.0)
    },
}
EXPRESSIONS = MACROS | FUNCTIONS | {name: f"(select {sql} from given_rows)" for name, sql in TOTALS.items()}
# Dispatched macros that give no value of a row, and what tells that they do the same on both engines.
DO_NOT_GIVE_VALUES = {
    "bootstrap_warehouse": "rights, on Redshift alone: test_rights.py",
    "secure_mart": "rights, on Redshift alone: test_rights.py",
    "create_table_as": "the order in which DuckDB writes a table: tests/warehouse/test_order.py",
    "persist_docs": "comments on DuckDB: tests/warehouse/test_comments.py",
    "alter_relation_comment": "comments on DuckDB: tests/warehouse/test_comments.py",
    "check_lake": "a refusal, on DuckDB alone: tests/warehouse/test_lake.py",
    "create_raw_views": "the raw layer: test_raw.py",
    "stage_raw": "the raw layer: test_raw.py",
    "snapshot_get_time": "the times of snapshots: test_build.py",
    "landed_through_sql": "which loads a build saw: test_build.py",
}


@pytest.fixture(scope="module")
def queries(rig: Rig, manifest: Any, artefacts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A query of every expression over the table `given_rows`, as each of the engines is asked."""
    from dbt.cli.main import dbtRunner

    columns = ", ".join(f'{sql} as "{name}"' for name, sql in EXPRESSIONS.items())
    inline = ["compile", "--inline", f"select {columns} from given_rows order by row asc nulls last"]
    folder = str(tmp_path_factory.mktemp("macros"))
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
    places = ["--target-path", folder, "--log-path", folder, "--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
    compiled = {
        "duckdb": dbtRunner(manifest=parsed(artefacts)).invoke([*inline, *places, *quiet]),
        "redshift": dbt(rig, Path(folder), *inline, manifest=manifest),
    }
    for engine, done in compiled.items():
        assert done.success, f"{engine}: {done.exception}"
    sql = {engine: done.result.results[0].node.compiled_code for engine, done in compiled.items()}
    return sql | {"redshift": translate(sql["redshift"])}


@pytest.fixture(scope="module")
def cursors(rig: Rig) -> Iterator[dict[str, Any]]:
    with duckdb.connect() as lake, closing(rig.connect(user="dbt")) as server, server.cursor() as cursor:
        lake.execute("set TimeZone = 'UTC'")
        for engine in (lake, cursor):
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            engine.execute(f"create temporary table given_rows ({columns})")
        yield {"duckdb": lake, "redshift": cursor}


# What dates of this business can be, and a little more; leap days, ends of months and of years come by themselves.
MOMENTS = st.one_of(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 12, 31)),
    st.sampled_from(
        [
            datetime(2024, 2, 29, 23, 59, 59, 999999),
            datetime(2023, 12, 31),
            datetime(1970, 1, 1),
            datetime(1969, 12, 31, 23, 59, 59, 999999),
            datetime(2000, 1, 31, 0, 0, 0, 1),
            datetime(2021, 1, 3, 23, 59, 59, 999999),
        ]
    ),
)
# The marks at which texts are cut come often, at the ends and beside each other too.
TEXTS = st.text(st.sampled_from("-/= aZ0ä€") | st.characters(codec="utf-8", exclude_characters="\0"), max_size=16)
ASCII = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=16)
NUMBERS = st.integers(-400, 400)
DOUBLES = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)
ROWS = st.lists(
    st.tuples(*[st.none() | values for values in (MOMENTS, MOMENTS, MOMENTS, NUMBERS, DOUBLES, TEXTS, ASCII)]),
    min_size=1,
    max_size=12,
)
JANUARY, FEBRUARY, MARCH = datetime(2024, 1, 31), datetime(2024, 2, 29), datetime(2024, 3, 31)


@given(rows=ROWS)
@example(rows=[(JANUARY, FEBRUARY, MARCH, 1, 0.0, "", "")])
@example(rows=[(MARCH, datetime(2023, 3, 31), MARCH, -1, 0.1, "a/b-c/", "A"), (None,) * 7])
@example(rows=[(datetime(2024, 12, 31), datetime(2025, 1, 1), JANUARY, 0, -1e-9, "ä - ß -", "//")] * 2)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_are_the_same(queries: dict[str, str], cursors: dict[str, Any], rows: list[tuple[Any, ...]]) -> None:
    found = {engine: _answers(cursors[engine], queries[engine], rows) for engine in queries}
    wrong = [
        (name, one[name], other[name])
        for one, other in zip(found["duckdb"], found["redshift"], strict=True)
        for name in EXPRESSIONS
        if not _same(one[name], other[name])
    ]
    assert not wrong


def test_every_dispatched_macro_is_compared(manifest: Any) -> None:
    """One that is new gets an expression above, or a place in DO_NOT_GIVE_VALUES that names a test."""
    bodies: dict[str, set[str]] = {}  # of a macro's name, the packages that have a body of it for an engine
    for macro in manifest.macros.values():
        engine, _, name = macro.name.partition("__")
        if engine in ("duckdb", "redshift", "postgres"):
            bodies.setdefault(name, set()).add(macro.package_name)
    own = [macro for macro in manifest.macros.values() if macro.package_name == "earshot"]
    calls = {id.split(".")[-1] for node in [*own, *manifest.nodes.values()] for id in node.depends_on.macros}
    dispatched = {name for name, packages in bodies.items() if "earshot" in packages or name in calls}
    assert dispatched - _called(" ".join(EXPRESSIONS.values())) == set(DO_NOT_GIVE_VALUES)


def test_every_function_is_compared() -> None:
    """Each that the project's SQL calls, but for those that are only named within an expression of Jinja."""
    rooms = ("models", "macros", "snapshots", "tests", "analyses")
    written = " ".join(path.read_text("utf-8") for room in rooms for path in (ROOT / room).rglob("*.sql"))
    sql = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", written, flags=re.S)
    assert (_called(sql) & ALLOWED) - RIGHTS <= _called(" ".join(EXPRESSIONS.values()))


def _called(sql: str) -> set[str]:
    return {name.lower() for name in re.findall(r"\b(\w+)\s*\(", sql)}


def _answers(cursor: Any, query: str, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    mark = "?" if isinstance(cursor, duckdb.DuckDBPyConnection) else "%s"
    line = f"({', '.join([mark] * len(COLUMNS))})"
    cursor.execute("delete from given_rows")
    values = [value for number, row in enumerate(rows) for value in (number, *row)]
    cursor.execute(f"insert into given_rows values {', '.join([line] * len(rows))}", values)
    cursor.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and bool(one == other)
