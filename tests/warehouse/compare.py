"""Marts of a warehouse against rows from elsewhere, row for row, with differences a person can read."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from tests.warehouse.oracle import KEYS

Row = dict[str, Any]
TOLERANCE = 1e-9
SHOWN = 6


def read_mart(warehouse: Path, mart: str, columns: Iterable[str]) -> list[Row]:
    """The rows of a mart, these columns only; a column that the mart lacks is an error that names it."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        there = {name for (name, *_) in connection.sql(f"describe marts.{mart}").fetchall()}
        missing = sorted(set(columns) - there)
        assert not missing, f"{mart} has no column {', '.join(missing)}; it has {', '.join(sorted(there))}"
        found = connection.sql(f"select {', '.join(columns)} from marts.{mart}")
        return [dict(zip(found.columns, values, strict=True)) for values in found.fetchall()]


def differences(mart: str, expected: list[Row], got: list[Row]) -> str:
    """What is missing, too much or different in `got`, the first few of each; empty text when they agree."""
    key_columns = KEYS[mart]
    lines: list[str] = []
    for name, rows in (("expected", expected), ("got", got)):
        twice = [key for key, count in Counter(_key(row, key_columns) for row in rows).items() if count > 1]
        lines += [f"{name} twice: {_named(key_columns, key)}" for key in twice[:SHOWN]]
    wanted = {_key(row, key_columns): row for row in expected}
    there = {_key(row, key_columns): row for row in got}
    missing = [key for key in wanted if key not in there]
    extra = [key for key in there if key not in wanted]
    lines += [f"missing: {_shown(mart, wanted[key])}" for key in sorted(missing, key=str)[:SHOWN]]
    lines += [f"too much: {_shown(mart, there[key])}" for key in sorted(extra, key=str)[:SHOWN]]
    wrong = [
        f"differs: {_named(key_columns, key)}: {column} is {there[key][column]!r}, expected {wanted[key][column]!r}"
        for key in sorted(wanted.keys() & there.keys(), key=str)
        for column in wanted[key]
        if not same(wanted[key][column], there[key][column])
    ]
    lines += wrong[:SHOWN]
    if not lines:
        return ""
    head = f"{mart}: {len(expected)} rows expected, {len(got)} got; {len(missing)} missing, {len(extra)} too much, "
    return "\n  ".join([f"{head}{len(wrong)} values differ", *lines])


def same(expected: Any, got: Any) -> bool:
    """Equal values; numbers within a billionth, because the order of a sum is not defined."""
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return expected is got
    if isinstance(expected, int | float | Decimal) and isinstance(got, int | float | Decimal):
        return isclose(float(expected), float(got), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(expected == got)


def _key(row: Mapping[str, Any], columns: Iterable[str]) -> tuple[Any, ...]:
    return tuple(row[column] for column in columns)


def _named(columns: Iterable[str], key: tuple[Any, ...]) -> str:
    return ", ".join(f"{column}={value}" for column, value in zip(columns, key, strict=True))


def _shown(mart: str, row: Row) -> str:
    measures = {column: value for column, value in row.items() if column not in KEYS[mart]}
    return f"{_named(KEYS[mart], _key(row, KEYS[mart]))} with {measures}"
