"""The rows of every mart on both engines: names, order and types of columns, and the values."""

from collections import Counter
from contextlib import closing
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from tests.redshift.rig.server import Rig

TOLERANCE = 1e-9
SHOWN = 3
# A type as PostgreSQL's catalog tells it, by the name that DuckDB has for it; text loses its length there.
_AS_IN_DUCKDB = {
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double precision": "DOUBLE",
    "timestamp without time zone": "TIMESTAMP",
    "text": "VARCHAR",
}


def relations(warehouse: Path, *schemas: str) -> list[str]:
    """The tables and views of the schemas on DuckDB, but the bookkeeping; as schema.name."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where list_contains(?, table_schema) and table_name not like '\\_%' escape '\\' order by all",
            [list(schemas)],
        ).fetchall()
    return [name for (name,) in found]


def differences(rig: Rig, warehouse: Path, relation: str) -> tuple[int, list[str]]:
    """How many rows DuckDB has of a relation, and in what the rig's differ, in words; none when they agree."""
    schema, name = relation.split(".")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        wanted_columns = [
            (column.lower(), kind) for column, kind, *_ in connection.execute(f"describe {relation}").fetchall()
        ]
        wanted = connection.execute(f"select * from {relation}").fetchall()
    with closing(rig.connect()) as server, server.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", [f'"{schema}"."{name}"'])
        if cursor.fetchone() == (None,):
            return len(wanted), [f"{relation} is missing"]
        cursor.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            [f'"{schema}"."{name}"'],
        )
        got_columns = [(column, _type(kind)) for column, kind in cursor.fetchall()]
        cursor.execute(f'select * from "{schema}"."{name}"')
        got = cursor.fetchall()
    said = []
    if wanted_columns != got_columns:
        said.append(
            f"columns of {relation}: {[pair for pair in got_columns if pair not in wanted_columns]}"
            f" instead of {[pair for pair in wanted_columns if pair not in got_columns]}"
        )
    if len(wanted_columns) != len(got_columns):
        return len(wanted), said
    missing, extra = unlike(wanted, got)
    said += [f"{relation} lacks {row}" for row in missing[:SHOWN]]
    said += [f"{relation} has {row}" for row in extra[:SHOWN]]
    return len(wanted), said


def _type(kind: str) -> str:
    if kind.startswith("numeric"):
        return kind.replace("numeric", "DECIMAL")
    return "VARCHAR" if kind.startswith("character varying") else _AS_IN_DUCKDB.get(kind, kind)


def unlike(wanted: list[tuple[Any, ...]], got: list[tuple[Any, ...]]) -> tuple[list[Any], list[Any]]:
    """The rows that only one side has. What is equal is taken away first; the rest must agree but for the last digits
    of floats, in the order of everything else."""
    left, right = Counter(wanted), Counter(got)
    missing = sorted((left - right).elements(), key=_without_floats)
    extra = sorted((right - left).elements(), key=_without_floats)
    if len(missing) == len(extra) and all(map(_alike, missing, extra)):
        return [], []
    return missing, extra


def _without_floats(row: tuple[Any, ...]) -> tuple[str, ...]:
    exact = [repr(value) for value in row if not isinstance(value, float)]
    return (*exact, *[f"{value:.6g}" for value in row if isinstance(value, float)])


def _alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return type(one) is type(other) and one == other
    return bool(one == other)
