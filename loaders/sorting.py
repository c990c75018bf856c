"""Many Parquet files of the lake to few sorted ones, in bounded memory whatever their size.

DuckDB sorts, because it goes to disk where memory ends; Arrow reads and writes, so that the files are like those that
landing writes. Of rows that are equal in all that was delivered the first stays, and the others are noted.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from loaders import contracts, duplicates
from loaders.contracts import CHANGE_MESSAGES, CLIENT, EVENT_STREAM, RECEIVED, USER, Dataset
from loaders.errors import EarshotError
from loaders.lake import ROW_GROUP, FileWriter
from loaders.store import Store, said

# What DuckDB may use before it goes to disk; row groups on their way in and out come on top.
MEMORY = "768MB"
FILE_BYTES = 256 << 20

Files = list[tuple[Path, int]]  # finished files with their rows
Tables = Iterator[pa.Table]
Ask = Callable[..., Tables]


class Unlike(Exception):
    """Files can't be put together without a loss; the message says why."""


@dataclass(frozen=True)
class Layout:
    """How rows of a kind lie: their columns, and what they are sorted by (a `-` before a column: greatest first).

    `once` says that exact duplicates are dropped; the order ends with the place where they stood then. `limit` is about
    how many bytes a file may have.
    """

    schema: pa.Schema
    order: tuple[str, ...] = ()
    once: bool = False
    limit: int = FILE_BYTES


def layout(dataset: Dataset) -> Layout:
    """How the rows of a dataset lie. The order of copies is that in which staging prefers them."""
    schema = contracts.arrow_schema(dataset)
    if dataset.format == EVENT_STREAM:
        order = [CLIENT, USER, str(dataset.event_time), RECEIVED, *dataset.key]
    elif dataset.format == CHANGE_MESSAGES:
        order = [*dataset.key, str(dataset.event_time)]
    else:
        order = ["_snapshot_at", *dataset.key]
    sign = "-" if dataset.format == CHANGE_MESSAGES else ""
    known = [name for name in order if name in schema.names]
    return Layout(schema, (*known, *(sign + name for name in duplicates.PLACE)), once=True, limit=FILE_BYTES)


@dataclass(frozen=True)
class Sorted:
    """Files of sorted rows, how many duplicates were dropped, and files with the notes of these and of those before."""

    files: Files
    dropped: int = 0
    notes: Files = field(default_factory=list)


def sort(lake: Store, paths: Sequence[str], notes: Sequence[str], wanted: Layout, temporary: Path) -> Sorted:
    """Write the rows of Parquet files of the lake, sorted and each once, to `temporary`, an empty folder.

    `notes` are files with notes of duplicates that were dropped before. Raises Unlike.
    """
    schema, count = _look(lake, paths, wanted.schema)
    writer = FileWriter(temporary, "rows", schema, wanted.limit)
    dropped = FileWriter(temporary, "dropped", duplicates.SCHEMA, FILE_BYTES)
    order = [_ordered(name) for name in wanted.order]
    # Columns that the contract has no more are kept, so they must be equal too.
    content = [name for name in schema.names if name not in duplicates.LINEAGE]
    hashed = ""
    if wanted.once:
        # With a hash before the place equal rows lie side by side, the one that stays first.
        order.insert(len(order) - len(duplicates.PLACE), '"#"')
        hashed = f', hash({", ".join(map(_quoted, content))}) as "#"'
    rows = _read(lake, paths, schema)
    with engine(temporary, f"{lake.address}/{paths[0].rsplit('/', 1)[0]}") as ask:
        if order:
            rows = ask(f"select *{hashed} from arrived order by {', '.join(order)}", arrived=(schema, rows))
        if wanted.once:
            rows = duplicates.drop(rows, content, dropped.write)
        for some in rows:
            writer.write(some.select(schema.names).cast(schema))
        made = Sorted(writer.close(), *_noted(lake, notes, dropped.close(), ask, temporary))
    if sum(rows for _, rows in made.files) + made.dropped != count:
        raise AssertionError(f"{paths[0]} and others hold {count} rows, but other counts were written")
    return made


def _noted(lake: Store, notes: Sequence[str], dropped: Files, ask: Ask, temporary: Path) -> tuple[int, Files]:
    """How many were dropped, and the notes of before and now.

    What one of before was dropped for may have been dropped itself now.
    """
    count = sum(rows for _, rows in dropped)
    if not count or not notes:
        return count, dropped
    now = f"read_parquet([{', '.join(_literal(str(path)) for path, _ in dropped)}])"
    kept = ", ".join(f"coalesce(now.{name}, noted.{name})" for name in duplicates.KEPT)
    sql = f"""
        select {", ".join(f"noted.{name}" for name in duplicates.LINEAGE)}, {kept}
        from noted
        left join {now} as now
            on noted.kept_source_file = now._source_file and noted.kept_source_offset = now._source_offset
        union all
        select * from {now}
    """
    writer = FileWriter(temporary, "notes", duplicates.SCHEMA, FILE_BYTES)
    for rows in ask(sql, noted=(duplicates.SCHEMA, _read(lake, notes, duplicates.SCHEMA))):
        writer.write(rows.rename_columns(duplicates.SCHEMA.names).cast(duplicates.SCHEMA))
    return count, writer.close()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _ordered(name: str) -> str:
    descending = name.startswith("-")
    return f"{_quoted(name.removeprefix('-'))} {'desc' if descending else 'asc'} nulls last"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _look(lake: Store, paths: Sequence[str], wanted: pa.Schema) -> tuple[pa.Schema, int]:
    """The wanted columns, and after them those that only the files have, which must agree on types; and all rows."""
    types = dict(zip(wanted.names, wanted.types, strict=True))
    rows = 0
    for path in paths:
        with _opened(lake, path) as file:
            rows += file.metadata.num_rows
            for column in file.schema_arrow:
                known = types.setdefault(column.name, column.type)
                if known != column.type:
                    raise Unlike(f"{column.name} is {column.type} in {path}, but {known} elsewhere or in the contract")
    return pa.schema(list(types.items())), rows


def _read(lake: Store, paths: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of Parquet files by row group, in these columns; a column that a file lacks is null."""
    for path in paths:
        with _opened(lake, path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group)
                columns = [
                    rows.column(field.name) if field.name in rows.column_names else pa.nulls(len(rows), field.type)
                    for field in schema
                ]
                yield pa.Table.from_arrays(columns, schema=schema)


@contextmanager
def _opened(lake: Store, path: str) -> Iterator[pq.ParquetFile]:
    with said(f"{lake.address}/{path}"), lake.open(path) as opened:
        try:
            yield pq.ParquetFile(opened)
        except pa.ArrowInvalid as error:
            words = f"{lake.address}/{path} is no whole Parquet file ({error}); restore it from a copy."
            raise EarshotError(words) from error


@contextmanager
def engine(temporary: Path, where: str) -> Iterator[Ask]:
    """A function that asks SQL of streams of tables, name=(schema, tables), and gives the answer as a stream.

    `where` is what is sorted, for words.
    """
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": min(threads, 4),
        "temp_directory": str(temporary / "sorting"),
        "arrow_large_buffer_size": "true",  # else many long texts are too much for one batch
    }
    failed: list[BaseException] = []

    def watched(schema: pa.Schema, tables: Tables) -> Iterator[pa.RecordBatch]:
        try:
            for table in tables:
                yield from table.to_batches()
        except (Exception, KeyboardInterrupt) as error:  # DuckDB would tell of it in its own words
            failed.append(error)
            raise

    def ask(sql: str, **streams: tuple[pa.Schema, Tables]) -> Tables:
        for name, (schema, tables) in streams.items():
            connection.register(name, pa.RecordBatchReader.from_batches(schema, watched(schema, tables)))
        for batch in connection.execute(sql).to_arrow_reader(ROW_GROUP):
            yield pa.Table.from_batches([batch])

    with duckdb.connect(config=settings) as connection:
        try:
            yield ask
        except (duckdb.Error, pa.ArrowException) as error:
            if failed:
                raise failed[0] from error
            if "No space left" in str(error) or "max_temp_directory_size" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            if isinstance(error, duckdb.OutOfMemoryException):
                words = f"{where} can't be sorted within {MEMORY} of memory, perhaps because some rows are very large"
                raise EarshotError(f"{words}; it is as it was, name the other datasets with --dataset.") from error
            raise
