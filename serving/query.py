"""Reading what is published, without ever holding a lock that a build or a publish could meet."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from loaders.errors import EarshotError
from serving.publish import FILE
from serving.warehouse import MARTS, first_line, lock_holder

BATCH = 10_000


@dataclass(frozen=True)
class Mart:
    """A published mart and what its description begins with: its grain."""

    name: str
    grain: str


@dataclass(frozen=True)
class Result:
    """What one statement gave: unique column names, and rows in batches so that a big answer is never held whole."""

    columns: list[str]
    batches: Iterator[Sequence[tuple[Any, ...]]]


def connect(serving: Path) -> duckdb.DuckDBPyConnection:
    """Open the published file read-only, with the marts' schema first in the search path and times in UTC.

    Raises EarshotError when nothing is published, or when somebody opened that very file for writing.
    """
    file = serving / FILE
    if not file.is_file():
        raise EarshotError(f"Nothing is published at {file}; run `./earshot build` and `./earshot publish` first.")
    try:
        connection = duckdb.connect(str(file), read_only=True, config={"autoinstall_known_extensions": False})
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set search_path = '{MARTS},main'")
    except duckdb.Error as error:
        holder = lock_holder(error)
        why = f"{holder} opened it for writing" if holder else first_line(error)
        raise EarshotError(
            f"The published file {file} cannot be read ({why}); run `./earshot publish` anew."
        ) from error
    return connection


def marts(connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    """The published marts by name, each with the first sentence of its description."""
    rows = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = $1 and not temporary order by 1", [MARTS]
    ).fetchall()
    return [Mart(name, first_sentence(comment or "")) for name, comment in rows]


def first_sentence(words: str) -> str:
    """The text up to its first full stop that ends a sentence, on one line."""
    line = " ".join(words.split())
    return re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0]


def columns(connection: duckdb.DuckDBPyConnection, mart: str) -> list[tuple[str, str, str]]:
    """Name, type and description of a mart's columns; raises EarshotError when there is no such mart."""
    rows = connection.execute(
        "select column_name, lower(data_type), coalesce(comment, '') from duckdb_columns() "
        "where schema_name = $1 and table_name = $2 order by column_index",
        [MARTS, mart],
    ).fetchall()
    if not rows:
        raise EarshotError(f"There is no mart '{mart}'; .tables lists those there are.")
    return [(str(name), str(kind), " ".join(str(comment).split())) for name, kind, comment in rows]


def published_at(connection: duckdb.DuckDBPyConnection) -> datetime:
    """When the opened marts were published, in UTC."""
    row = connection.execute("select published_at from main._publish").fetchone()
    assert row is not None  # publish writes exactly one
    found: datetime = row[0]
    return found


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Result]:
    """Run the statements one after the other; each one's result must be read before the next is asked for.

    Raises EarshotError for what DuckDB does not accept, also while the rows are fetched.
    """
    with _explained():
        statements = connection.extract_statements(sql)
    for statement in statements:
        with _explained():
            connection.execute(statement)
        names = [column[0] for column in connection.description or []]
        yield Result(_unique(names), _batches(connection))


def _batches(connection: duckdb.DuckDBPyConnection) -> Iterator[Sequence[tuple[Any, ...]]]:
    while True:
        with _explained():
            rows = connection.fetchmany(BATCH)
        if not rows:
            return
        yield rows


def _unique(names: list[str]) -> list[str]:
    """`a, a` becomes `a, a_2`: a JSON object or a data frame has each name once."""
    found: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in found:
            number += 1
            candidate = f"{name}_{number}"
        found.append(candidate)
    return found


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turns DuckDB's errors into EarshotError: the message without the picture of the query under it."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except duckdb.Error as error:
        said = re.split(r"\n\s*LINE \d+:", str(error), maxsplit=1)[0]
        raise EarshotError(f"The query failed: {' '.join(said.split())}") from error
