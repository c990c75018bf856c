"""The dispatched macros give the same value on both engines, over edge values that nobody would think of."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from math import isclose
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.redshift.rig.houses import ROOT, dbt
from tests.redshift.rig.rewrite import translate
from tests.redshift.rig.server import Rig

# One row of three moments, a number and a text, and what the macros make of them.
_INPUT = (
    "select timestamp '{}' as a, timestamp '{}' as b, timestamp '{}' as c, cast({} as integer) as n, "
    "cast('{}' as varchar(64)) as t, cast({!r} as double precision) as x"
)
_PARTS = ("microsecond", "second", "minute", "hour", "day", "month", "quarter", "year")
EXPRESSIONS = {
    "minus_span": "{{ minus_span('a', 'b', 'c') }}",
    "occurred_at": "{{ occurred_at('a', 'b', 'c') }}",
    "seconds_between": "{{ seconds_between('a', 'b') }}",
    "next_period_start": "{{ next_period_start(\"case when n > 0 then 'month' else 'week' end\", 'a') }}",
    "exact_sum": "{{ exact_sum('x') }}",
    **{f"datediff_{part}": f"{{{{ dbt.datediff('a', 'b', '{part}') }}}}" for part in _PARTS},
    **{f"dateadd_{part}": f"{{{{ dbt.dateadd('{part}', 'n', 'a') }}}}" for part in _PARTS},
    **{
        f"date_trunc_{part}": f"cast({{{{ dbt.date_trunc('{part}', 'a') }}}} as timestamp)"
        for part in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
    },
    "last_day": "cast({{ dbt.last_day('a', 'month') }} as date)",
    "split_part": "{{ dbt.split_part('t', \"'-'\", 1) }}",
    "length": "{{ dbt.length('t') }}",
    "position": "{{ dbt.position(\"'-'\", 't') }}",
    "replace": "{{ dbt.replace('t', \"'-'\", \"'+'\") }}",
    "hash": "{{ dbt.hash('t') }}",
    "snapshot_key": "{{ snapshot_hash_arguments(['t', 'a']) }}",
}
_GROUPED = {"exact_sum"}


@pytest.fixture(scope="module")
def queries(rig: Rig, manifest: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A query of every expression over `input`, as it is compiled for each of the engines."""
    from dbt.cli.main import dbtRunner

    columns = [f"{sql} as {name}" for name, sql in EXPRESSIONS.items() if name not in _GROUPED]
    groups = [f"(select {EXPRESSIONS[name]} from input) as {name}" for name in _GROUPED]
    inline = f"select {', '.join(columns + groups)} from input"
    folder = tmp_path_factory.mktemp("macros")
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
    places = ["--target-path", str(folder / "duckdb"), "--log-path", str(folder), "--project-dir", str(ROOT)]
    compiled = {
        "duckdb": dbtRunner().invoke(["compile", "--inline", inline, "--profiles-dir", str(ROOT), *places, *quiet]),
        "redshift": dbt(rig, folder / "redshift", "compile", "--inline", inline, manifest=manifest),
    }
    for engine, done in compiled.items():
        assert done.success, f"{engine}: {done.exception}"
    return {engine: done.result.results[0].node.compiled_code for engine, done in compiled.items()}


@pytest.fixture(scope="module")
def cursors(rig: Rig) -> Iterator[dict[str, Any]]:
    with duckdb.connect() as lake, closing(rig.connect(user="dbt")) as server, server.cursor() as cursor:
        lake.execute("set TimeZone = 'UTC'")
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
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="'\x00\\"), max_size=16)
DOUBLES = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


@given(a=MOMENTS, b=MOMENTS, c=MOMENTS, n=st.integers(-400, 400), text=TEXTS, x=DOUBLES)
@example(a=datetime(2024, 1, 31), b=datetime(2024, 2, 29), c=datetime(2024, 3, 1), n=1, text="", x=0.0)
@example(a=datetime(2024, 3, 31), b=datetime(2023, 3, 31), c=datetime(2024, 3, 1), n=-1, text="a-b-c", x=0.1)
@example(a=datetime(2024, 12, 31), b=datetime(2025, 1, 1), c=datetime(1999, 3, 1), n=0, text="ä - ß -", x=-1e-9)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_macros_give_the_same(
    queries: dict[str, str],
    cursors: dict[str, Any],
    a: datetime,
    b: datetime,
    c: datetime,
    n: int,
    text: str,
    x: float,
) -> None:
    given_row = _INPUT.format(a, b, c, n, text, x)
    found = {}
    for engine, query in queries.items():
        sql = f"with input as ({given_row}) {query}"
        cursor = cursors[engine]
        cursor.execute(_for(engine, sql))
        found[engine] = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    wrong = {
        name: (found["duckdb"][name], found["redshift"][name])
        for name in EXPRESSIONS
        if not _same(found["duckdb"][name], found["redshift"][name])
    }
    assert not wrong


@given(values=st.lists(st.one_of(st.none(), DOUBLES), max_size=12), share=st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]))
@example(values=[], share=0.5)
@example(values=[None, 1.0], share=0.95)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_percentiles_are_the_same(cursors: dict[str, Any], values: list[float | None], share: float) -> None:
    rows = [f"select cast({'null' if value is None else repr(value)} as double precision) as x" for value in values]
    sql = (
        f"with input as ({' union all '.join(rows or ['select cast(0 as double precision) as x where 1 = 0'])}) "
        f"select percentile_cont({share}) within group (order by x) as p from input"
    )
    found = []
    for engine, cursor in cursors.items():
        cursor.execute(_for(engine, sql))
        found.append(cursor.fetchone()[0])
    assert _same(*found)


def _for(engine: str, sql: str) -> str:
    return translate.__wrapped__(sql) if engine == "redshift" else sql


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and bool(one == other)
