"""Many Parquet files of the lake to few sorted ones, in bounded memory whatever their size.

DuckDB sorts, because it goes to disk where memory ends; Arrow reads and writes, so that the files are like those that
landing writes. Of rows that are equal in all that was delivered the first stays, and the others are noted.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
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
from loaders.lake import FILE_BYTES, FileWriter
from loaders.store import Folder, Store, said

# What DuckDB may use before it goes to disk; what is being written comes on top.
MEMORY = "768MB"
# Files of so many bytes are sorted by one thread: the more threads share the memory, the less can be sorted with it.
_LARGE = 512 << 20
_BATCH_ROWS = 16 << 10

Files = list[tuple[Path, int]]  # finished files with their rows
Tables = Iterator[pa.Table]
Ask = Callable[[str], Tables]


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
    where = f"{lake.address}/{paths[0].rsplit('/', 1)[0]}"
    files = _fetched(lake, paths, temporary / "arrived")
    schema, lacking, count = _look(files, where, wanted.schema)
    writer = FileWriter(temporary, "rows", schema, wanted.limit)
    dropped = FileWriter(temporary, "dropped", duplicates.SCHEMA, FILE_BYTES)
    with _engine(temporary, where, sum(file.stat().st_size for file in files)) as ask:
        rows = ask(_sorted_sql(files, schema, lacking, wanted)) if wanted.order else _read(files, where, schema)
        if wanted.once:
            rows = duplicates.drop(rows, _content(schema), dropped.write)
        for some in rows:
            writer.write(some.select(schema.names).cast(schema))
        made = Sorted(writer.close(), *_noted(lake, notes, dropped.close(), ask, temporary))
    if sum(rows for _, rows in made.files) + made.dropped != count:
        raise AssertionError(f"{where} holds {count} rows, but other counts were written")
    return made


def _content(schema: pa.Schema) -> list[str]:
    """The columns in which exact duplicates are equal: what was delivered, also what the contract has no more."""
    return [name for name in schema.names if name not in duplicates.LINEAGE]


def _sorted_sql(files: Sequence[Path], schema: pa.Schema, lacking: Sequence[str], wanted: Layout) -> str:
    columns = ", ".join(map(_quoted, schema.names))
    order = [_ordered(name) for name in wanted.order]
    if wanted.once:
        # With a hash before the place equal rows lie side by side, the one that stays first.
        order.insert(len(order) - len(duplicates.PLACE), '"#"')
        columns += f', hash({", ".join(map(_quoted, _content(schema)))}) as "#"'
    nulls = "".join(f", null::varchar as {_quoted(name)}" for name in lacking)
    return f"select {columns} from (select *{nulls} from {_parquet(files)}) order by {', '.join(order)}"


def _noted(lake: Store, notes: Sequence[str], dropped: Files, ask: Ask, temporary: Path) -> tuple[int, Files]:
    """How many were dropped, and the notes of before and now.

    What one of before was dropped for may have been dropped itself now.
    """
    count = sum(rows for _, rows in dropped)
    if not count or not notes:
        return count, dropped
    before = _parquet(_fetched(lake, notes, temporary / "noted"))
    now = _parquet([path for path, _ in dropped])
    kept = ", ".join(f"coalesce(now.{name}, noted.{name}) as {name}" for name in duplicates.KEPT)
    # Who kept what stands in the columns kept_*; as what it was dropped itself, in those without.
    own = {name: name.removeprefix("kept") for name in duplicates.KEPT}
    sql = f"""
        select {", ".join(f"noted.{name}" for name in duplicates.LINEAGE)}, {kept}
        from {before} as noted
        left join {now} as now on {" and ".join(f"noted.{kept} = now.{own}" for kept, own in own.items())}
        union all
        select * from {now}
    """
    writer = FileWriter(temporary, "notes", duplicates.SCHEMA, FILE_BYTES)
    for rows in ask(sql):
        writer.write(rows.cast(duplicates.SCHEMA))
    return count, writer.close()


def _parquet(files: Sequence[Path]) -> str:
    names = ", ".join("'" + glob.escape(str(file)).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{names}], hive_partitioning = false, union_by_name = true)"


def _ordered(name: str) -> str:
    descending = name.startswith("-")
    return f"{_quoted(name.removeprefix('-'))} {'desc' if descending else 'asc'} nulls last"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _fetched(lake: Store, paths: Sequence[str], folder: Path) -> list[Path]:
    """Where files of the lake lie on this machine; those of a bucket are brought to `folder`."""
    if isinstance(lake, Folder):
        return [lake.root / path for path in paths]
    folder.mkdir()
    found = []
    for path in paths:
        found.append(folder / path.rsplit("/", 1)[-1])
        with said(f"{lake.address}/{path}"), lake.stream(path) as there, found[-1].open("wb") as here:
            shutil.copyfileobj(there, here, 1 << 20)
    return found


def _look(files: Sequence[Path], where: str, wanted: pa.Schema) -> tuple[pa.Schema, list[str], int]:
    """The wanted columns and after them those that only the files have, which of them no file has, and all rows.

    Raises Unlike where two files have a column in two types.
    """
    types = dict(zip(wanted.names, wanted.types, strict=True))
    there: set[str] = set()
    rows = 0
    for path in files:
        with _opened(path, where) as file:
            rows += file.metadata.num_rows
            there.update(file.schema_arrow.names)
            for column in file.schema_arrow:
                known = types.setdefault(column.name, column.type)
                if known != column.type:
                    words = f"{column.name} is {column.type} in {path.name}, but {known} elsewhere or in the contract"
                    raise Unlike(words)
    return pa.schema(list(types.items())), [name for name in types if name not in there], rows


def _read(files: Sequence[Path], where: str, schema: pa.Schema) -> Tables:
    """The rows of Parquet files in these columns, some at a time; a column that a file lacks is null."""
    for path in files:
        with _opened(path, where) as file:
            for batch in file.iter_batches(1024):
                there = batch.schema.names
                columns = [
                    batch.column(name) if name in there else pa.nulls(len(batch), schema.field(name).type)
                    for name in schema.names
                ]
                yield pa.Table.from_arrays(columns, schema=schema)


@contextmanager
def _opened(path: Path, where: str) -> Iterator[pq.ParquetFile]:
    with said(f"{where}/{path.name}"), path.open("rb") as opened:
        try:
            yield pq.ParquetFile(opened)
        except pa.ArrowInvalid as error:
            raise EarshotError(f"{where}/{path.name} is no whole Parquet file ({error}); restore it.") from error


@contextmanager
def _engine(temporary: Path, where: str, size: int) -> Iterator[Ask]:
    """A function that asks DuckDB and gives the answer some rows at a time. `where` is what is sorted, for words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": min(cores, 4) if size < _LARGE else 1,
        "temp_directory": str(temporary / "sorting"),
        "preserve_insertion_order": False,
        "arrow_large_buffer_size": True,  # else many long texts are too much for one batch
    }

    def ask(sql: str) -> Tables:
        for batch in connection.execute(sql).to_arrow_reader(_BATCH_ROWS):
            yield pa.Table.from_batches([batch])

    with duckdb.connect(config=settings) as connection:
        try:
            yield ask
        except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # not one that DuckDB met while it answered
                raise
            if "No space left" in str(error) or "max_temp_directory_size" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            why = str(error).splitlines()[0]
            if "Out of Memory" in why:
                why = f"{MEMORY} of memory are not enough, perhaps because some rows are very large"
            words = f"{where} can't be compacted ({why}); it is as it was, name the other datasets with --dataset."
            raise EarshotError(words) from error
