"""The lake's folders and files: where things lie, and how a Parquet file gets there whole or not at all.

raw/<source>/<dataset>/<partition>=YYYY-MM-DD/<load_id>-<n>.parquet
raw/lake/{loads,load_dates,states}/load_date=YYYY-MM-DD/<load_id>.parquet
changes/<source>/<dataset>/snapshot_date=YYYY-MM-DD/<load_id>-<n>.parquet    what incremental exports said
quarantine/<dataset>/<load_id>.parquet
duplicates/<dataset>/<partition>=YYYY-MM-DD/<load_id>-<n>.parquet
loads/<load_id>.json        a load exists if and only if this file does
loads/files/<load_id>.jsonl    its files and those it took away, for a warehouse that can't list a bucket
lake.json                   what lake this is
landed/<load_id>.json       the source files of all loads up to that one, so that not every record must be read again
tmp/                        what is being written; nothing there belongs to the lake
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders.contracts import Dataset
from loaders.errors import EarshotError
from loaders.store import Folder, Store, open_store, said

FORMAT = 1
MARKER = "lake.json"
# Where rows of datasets lie, and where changes of tables lie, from which rows are made.
RAW, CHANGES = "raw", "changes"
# A partition's rows are written when so many wait, or when all that waits is larger than MAX_WAITING bytes.
FILE_ROWS = 1 << 20
MAX_WAITING = 64 << 20
ROW_GROUP = 128 << 10
GROUP_BYTES = 64 << 20  # of a row group, where rows are that large
# A file that is made of others may have about so many bytes.
FILE_BYTES = 256 << 20
_DICTIONARY_SAMPLE = 8192


@dataclass(frozen=True)
class Part:
    """A Parquet file that waits on this machine for its place: `folder` is where it goes, below the lake."""

    temporary: str
    folder: str
    dataset: str
    day: date
    rows: int
    bytes: int


def open_lake(address: str) -> Store:
    """The lake at an address, its folder made when it is not there; raises EarshotError when it can't be."""
    store = open_store(address, "EARSHOT_LAKE")
    if isinstance(store, Folder):
        with said(store.root):
            store.root.mkdir(parents=True, exist_ok=True)
    elif not store.exists():
        raise EarshotError(f"There is no bucket for {address}; make it, or check EARSHOT_LAKE.")
    return store


def claim(lake: Store) -> None:
    """Write a new lake's `lake.json`, under the writer lock; raises EarshotError when the lake can't be ours."""
    if not check(lake):
        lake.create(MARKER, msgspec.json.encode({"format": FORMAT, "lake_id": str(uuid.uuid4())}) + b"\n")


def check(lake: Store) -> bool:
    """Whether there is a lake, False where one may be made.

    Raises EarshotError when it was written by a version whose files this one doesn't know, or is something else.
    """
    if lake.info(MARKER) is None:
        # Whose are they? A lake's folder `tmp` is emptied by every run.
        found = sorted({"duplicates", "landed", "loads", "quarantine", "raw", "tmp"}.intersection(lake.folders()))
        if found:
            words = f"{lake.address} has no {MARKER}, but a folder {found[0]}"
            raise EarshotError(f"{words}; restore {MARKER} if this is a lake, or name another EARSHOT_LAKE.")
        return False
    check_format(lake)
    return True


def check_format(lake: Store) -> None:
    """Raise EarshotError when the lake was written by a version whose files this one doesn't know."""
    where = f"{lake.address}/{MARKER}"
    try:
        found = msgspec.json.decode(lake.read(MARKER))
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EarshotError(f"{where} can't be read ({error}); check EARSHOT_LAKE or restore the file.") from error
    version = found.get("format") if isinstance(found, dict) else None
    if type(version) is int and version > FORMAT:
        raise EarshotError(
            f"{where} says format {version}, but this version of Earshot knows formats up to {FORMAT}; use a newer one."
        )
    if type(version) is not int or version != FORMAT:
        raise EarshotError(f"{where} says format {version!r}, which no version of Earshot wrote; check EARSHOT_LAKE.")


def write_parquet(table: pa.Table, path: Path) -> int:
    """Write a table as one Parquet file and make it durable; return its size in bytes."""
    options = _options(table)
    rows = min(ROW_GROUP, max(1, len(table) * GROUP_BYTES // max(table.nbytes, 1)))
    if rows < len(table) < ROW_GROUP:  # very long texts, whose least and greatest would stand in memory with them
        options["write_statistics"] = [column.name for column in table.schema if not pa.types.is_string(column.type)]
    pq.write_table(table.unify_dictionaries(), path, row_group_size=rows, **options)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path.stat().st_size


class FileWriter:
    """Writes rows as they come into durable Parquet files of up to about `limit` bytes, as `write_parquet` would.

    They are `<folder>/<stem>-<n>.tmp`.
    """

    def __init__(self, folder: Path, stem: str, schema: pa.Schema, limit: int) -> None:
        self._folder, self._stem, self._schema, self._limit = folder, stem, schema, limit
        self._finished: list[tuple[Path, int]] = []
        self._waiting: list[pa.Table] = []
        self._file: pq.ParquetWriter | None = None
        self._rows = 0

    def write(self, table: pa.Table) -> None:
        """Take rows; whole row groups are written now."""
        self._waiting.append(table)
        while sum(map(len, self._waiting)) >= ROW_GROUP or sum(rows.nbytes for rows in self._waiting) >= MAX_WAITING:
            self._group()

    def close(self) -> list[tuple[Path, int]]:
        """Write what waits; all files with their rows, in the order they were written."""
        while self._waiting:
            self._group()
        self._finish()
        return self._finished

    def _group(self) -> None:
        rows = pa.concat_tables(self._waiting)
        group = rows.slice(0, ROW_GROUP).combine_chunks()
        self._waiting = [rows.slice(ROW_GROUP).combine_chunks()] if len(rows) > ROW_GROUP else []
        if not len(group):
            return
        if self._file is None:
            self._sink = pa.OSFile(str(self._folder / f"{self._stem}-{len(self._finished)}.tmp"), "wb")
            # Rows that come sorted are much alike at the beginning.
            spread = group.take(pa.array(range(0, len(group), -(-len(group) // _DICTIONARY_SAMPLE))))
            self._file = pq.ParquetWriter(self._sink, self._schema, **_options(spread))
        before = self._sink.tell()
        self._file.write_table(group, row_group_size=ROW_GROUP)
        self._rows += len(group)
        if 2 * self._sink.tell() - before > self._limit:  # another group like this one would be too much
            self._finish()

    def _finish(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._sink.close()
        path = self._folder / f"{self._stem}-{len(self._finished)}.tmp"
        with path.open("rb") as file:
            os.fsync(file.fileno())
        self._finished.append((path, self._rows))
        self._file, self._rows = None, 0


def _options(table: pa.Table) -> dict[str, Any]:
    """How a Parquet file of rows like these is written."""
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": _repetitive(table),
        "write_page_index": True,
        "store_schema": False,  # an array with a dictionary is a column like others
    }


def _repetitive(table: pa.Table) -> list[str]:
    """The text columns whose values repeat so much that a dictionary pays."""
    found = []
    for name in table.column_names:
        sample = table.column(name).slice(0, _DICTIONARY_SAMPLE)
        if pa.types.is_dictionary(sample.type):
            found.append(name)
        if not pa.types.is_string(sample.type) and not pa.types.is_date32(sample.type):
            continue
        values = len(sample) - sample.null_count
        if pc.count_distinct(sample).as_py() * 8 <= max(values, 8):
            found.append(name)
    return found


class PartitionWriter:
    """Collects the rows of one dataset by day and writes them below a temporary folder, in bounded memory."""

    def __init__(self, temporary: Path, dataset: Dataset, root: str = RAW) -> None:
        self._temporary, self._dataset, self._partition = temporary, dataset.name, dataset.partition
        self._folder = f"{root}/{dataset.source}/{dataset.name}"
        self._waiting: dict[date, list[pa.Table]] = {}
        self._bytes: dict[date, int] = {}
        self._rows: dict[date, int] = {}
        # Rows of other days than most that came with them; a few of each, so they are told apart later.
        self._others: list[pa.Table] = []
        self._others_bytes = 0
        self.parts: list[Part] = []

    def write(self, table: pa.Table) -> None:
        """Take rows of any days, those without one left out; some may be written now."""
        days = table.column(self._partition).combine_chunks()
        counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(days).to_pylist()}
        most = max(counts, key=lambda day: (day is not None, counts[day]))
        if most is None:
            return
        if len(counts) > 1:
            # A slice would keep the whole table in memory.
            if counts.keys() > {most, None} or None not in counts:
                self._others.append(table.filter(pc.not_equal(days, most)))
                self._others_bytes += self._others[-1].nbytes
            table = table.filter(pc.equal(days, most))
        self._take(most, table)
        while sum(self._bytes.values()) + self._others_bytes > MAX_WAITING:
            self._tell_apart()
            if self._bytes:
                self._flush(max(self._bytes, key=lambda day: (self._bytes[day], day)))

    def close(self) -> list[Part]:
        """Write what waits; all parts, in the order they were written."""
        self._tell_apart()
        for day in sorted(self._waiting):
            self._flush(day)
        return self.parts

    def _take(self, day: date, rows: pa.Table) -> None:
        self._waiting.setdefault(day, []).append(rows)
        self._rows[day] = self._rows.get(day, 0) + len(rows)
        self._bytes[day] = self._bytes.get(day, 0) + rows.nbytes
        if self._rows[day] >= FILE_ROWS:
            self._flush(day)

    def _tell_apart(self) -> None:
        """Let the rows of other days wait with those of their day."""
        if self._others:
            table = pa.concat_tables(self._others)
            self._others, self._others_bytes = [], 0
            days = table.column(self._partition)
            for day in sorted(days.unique().to_pylist()):
                self._take(day, table.filter(pc.equal(days, day)))

    def _flush(self, day: date) -> None:
        table = pa.concat_tables(self._waiting.pop(day))
        del self._bytes[day], self._rows[day]
        path = self._temporary / f"part-{len(self.parts)}.tmp"
        size = write_parquet(table, path)
        folder = f"{self._folder}/{self._partition}={day.isoformat()}"
        self.parts.append(Part(str(path), folder, self._dataset, day, len(table), size))
