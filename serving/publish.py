"""The marts as readers get them: one read-only DuckDB file and sorted Parquet, swapped in by rename.

A reader that has the old file open keeps the old marts, one that opens it afterwards gets the new ones, and neither
ever stands in the way of a build, because they hold no lock on the warehouse.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from loaders.errors import EarshotError
from serving import partners, results, warehouse
from serving.warehouse import MARTS, literal, quoted

FILE = "earshot.duckdb"
PARQUET = "parquet"
READ_ONLY = 0o444
MEMORY = "1GB"
THREADS = 2
KEY_COLUMNS = 8  # enough of a mart's leading columns to hold its key


@dataclass
class Published:
    """What a publish wrote: rows by mart, and the marts that it left out with the reason."""

    folder: Path
    partner: str | None
    published_at: datetime
    newest_load_id: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Mart:
    """One relation to publish: its columns as (name, type, comment), and which of its rows."""

    name: str
    comment: str | None
    columns: list[tuple[str, str, str | None]]
    condition: str


def publish(source: Path, serving: Path, partner: str | None = None) -> Published:
    """Write the marts of the warehouse `source` below `serving`; a partner's rows below its `partners/<partner>`.

    Raises EarshotError, and leaves what was published before, when the warehouse is missing or being written, when
    its tests did not pass, or when the partner is unknown.
    """
    began = time.monotonic()
    if source.resolve() == (serving / FILE).resolve():
        raise EarshotError(
            f"EARSHOT_WAREHOUSE and the published file are the same, {source}; set one of the two elsewhere."
        )
    with _connection() as connection:
        catalog = warehouse.attach(connection, source)
        nodes = results.read(connection, catalog, source)
        results.require_passed(nodes, source)
        folder = serving
        if partner is not None:
            partners.require_known(connection, catalog, partner)
            folder = serving / "partners" / partner
        published = Published(folder, partner, datetime.now(UTC).replace(tzinfo=None))
        modelled = {node.relation for node in nodes if node.resource_type == "model" and node.schema == MARTS}
        marts = _marts(connection, catalog, modelled, published)
        if not marts:
            raise EarshotError(f"The warehouse {source} holds no marts; run `./earshot build`.")
        try:
            with _workspace(folder) as work:
                connection.execute(f"set temp_directory = {literal(str(work / 'spill'))}")
                _write(connection, catalog, source, marts, work, published)
                published.bytes = _swap(work, folder)
        except (duckdb.Error, OSError) as error:
            raise EarshotError(
                f"The marts could not be published below {folder} ({warehouse.first_line(error)}); "
                "readers keep what was published before."
            ) from error
    published.seconds = time.monotonic() - began
    return published


@contextlib.contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(
        config={"threads": THREADS, "memory_limit": MEMORY, "autoinstall_known_extensions": False}
    )
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    """A folder for unfinished files, beside the target so that a rename moves them; one publish at a time uses it.

    What a killed publish left there is removed by the next.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / ".publishing"
    with (folder / ".publish.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second publish waits: this takes seconds, and a dead process holds nothing
        shutil.rmtree(work, ignore_errors=True)
        (work / PARQUET).mkdir(parents=True)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _marts(connection: duckdb.DuckDBPyConnection, catalog: str, modelled: set[str], published: Published) -> list[Mart]:
    """The relations of the schema `marts` to publish; the others go to `published.left_out`."""
    relations = connection.execute(
        "select table_name, comment from duckdb_tables() where database_name = $1 and schema_name = $2 "
        "union all select view_name, comment from duckdb_views() where database_name = $1 and schema_name = $2 "
        "order by 1",
        [catalog, MARTS],
    ).fetchall()
    found = []
    for name, comment in relations:
        columns = connection.execute(
            "select column_name, data_type, comment from duckdb_columns() "
            "where database_name = $1 and schema_name = $2 and table_name = $3 order by column_index",
            [catalog, MARTS, name],
        ).fetchall()
        condition: str | None = "true"
        reason = ""
        if name not in modelled:
            condition, reason = None, "no model of the project makes it"
        elif published.partner is not None:
            condition, reason = partners.rule(name, [column[0] for column in columns], published.partner)
        if condition is None:
            published.left_out[name] = reason
        else:
            found.append(Mart(name, comment, columns, condition))
    return found


def sort_columns(mart: str, columns: Sequence[tuple[str, str, str | None]]) -> list[str]:
    """The columns to sort a mart by: a fact's first date, then its leading columns, where a mart has its grain."""
    dates = [name for name, kind, _ in columns if kind == "DATE"] if mart.startswith("fct_") else []
    exact = [name for name, kind, _ in columns if kind not in {"DOUBLE", "FLOAT"} and name not in dates[:1]]
    return (dates[:1] + exact)[:KEY_COLUMNS]


def _write(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    source: Path,
    marts: list[Mart],
    work: Path,
    published: Published,
) -> None:
    """Write the DuckDB file and the Parquet files into the workspace."""
    new = "published" if catalog != "published" else "publishing"
    # The oldest storage that DuckDB 1.x writes: BI drivers lag behind.
    connection.execute(f"attach {literal(str(work / FILE))} as {new} (storage_version 'v1.0.0')")
    connection.execute(f"create schema {new}.{MARTS}")
    published.newest_load_id = _newest_load_id(connection, catalog)
    for mart in marts:
        target = f"{new}.{MARTS}.{quoted(mart.name)}"
        order = ", ".join(quoted(name) for name in sort_columns(mart.name, mart.columns))
        connection.execute(
            f"create table {target} as from {quoted(catalog)}.{MARTS}.{quoted(mart.name)} "
            f"where {mart.condition} order by {order}"
        )
        if mart.comment:
            connection.execute(f"comment on table {target} is {literal(mart.comment)}")
        for name, _, comment in mart.columns:
            if comment:
                connection.execute(f"comment on column {target}.{quoted(name)} is {literal(comment)}")
        # A table is read in the order in which it was written, so this is sorted as well.
        # The name ends otherwise until the file is whole, so that nobody who lists *.parquet finds it.
        parquet = work / PARQUET / f"{mart.name}.unfinished"
        connection.execute(
            f"copy {target} to {literal(str(parquet))} "
            f"(format parquet, compression zstd, kv_metadata {{published_at: '{published.published_at.isoformat()}Z'}})"
        )
        published.rows[mart.name] = int(_value(connection, f"select count(*) from {target}"))
    connection.execute(
        f"create table {new}.main._publish as select $1::timestamp as published_at, $2 as source, "
        "$3::varchar as newest_load_id, $4::varchar as partner_id",
        [published.published_at, source.name, published.newest_load_id, published.partner],
    )
    connection.execute(
        f"comment on table {new}.main._publish is 'One row: when these marts were published, from which warehouse, "
        "with which newest load in them, and for which partner (null: all).'"
    )
    connection.execute(f"detach {new}")


def _newest_load_id(connection: duckdb.DuckDBPyConnection, catalog: str) -> str | None:
    """The newest load that the marts were built from, as the marts themselves tell."""
    loads = f"{quoted(catalog)}.{MARTS}.fct_landing_loads"
    try:
        newest = _value(connection, f"select max(load_id) from {loads}")
    except duckdb.CatalogException:  # a project without that mart
        return None
    return None if newest is None else str(newest)


def _value(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def _swap(work: Path, folder: Path) -> int:
    """Move the finished files over the published ones and remove Parquet of marts that are no more; returns bytes.

    Everything is on disk before the first rename, so that a loss of power leaves whole files too.
    """
    moves = [(work / FILE, folder / FILE)]
    moves += [
        (path, folder / PARQUET / f"{path.stem}.parquet") for path in sorted((work / PARQUET).glob("*.unfinished"))
    ]
    size = 0
    for path, _ in moves:
        _sync(path)
        path.chmod(READ_ONLY)
        size += path.stat().st_size
    (folder / PARQUET).mkdir(exist_ok=True)
    # The log of somebody who opened the old file for writing would be replayed into the new one.
    (folder / f"{FILE}.wal").unlink(missing_ok=True)
    for path, target in moves:
        path.replace(target)
    for old in set((folder / PARQUET).glob("*.parquet")) - {target for _, target in moves}:
        old.unlink()
    _sync(folder)
    _sync(folder / PARQUET)
    return size


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
