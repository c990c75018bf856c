"""What the loaders' tests share: valid records of the shipped contracts, an inbox to fill, a lake to look into."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loaders import contracts, loads
from loaders.batches import Batch
from loaders.contracts import Dataset
from loaders.land import Report, land
from loaders.personal import treatment
from loaders.records import Reader
from loaders.shapes import LineShape, Shape
from loaders.store import Folder

DATASETS = contracts.read()
PLAY = DATASETS["play"]
HOUR = "2026/03/01/03"


def play(**changes: Any) -> dict[str, Any]:
    """A valid play event; None as a value stays as null, `...` leaves the field out."""
    event = {
        "eventid": "e1",
        "eventtime": "2026-03-01T03:15:00.123Z",
        "senttime": "2026-03-01T03:15:01Z",
        "receivedtime": "2026-03-01T03:15:02Z",
        "clientid": "c1",
        "userid": "u1",
        "countrycode": "ZA",
        "platform": "ios",
        "playid": "p1",
        "action": "heartbeat",
        "secondslistened": 12.5,
        "contentid": "t1",
        "contenttype": "track",
        "genre": "jazz",
    }
    return {name: value for name, value in (event | changes).items() if value is not ...}


def line(**changes: Any) -> bytes:
    """A valid play event as producers write it, without a newline."""
    return json.dumps(play(**changes), separators=(",", ":"), ensure_ascii=False).encode()


GOOD_LINE = line()


def shape(dataset: Dataset = PLAY, region: str | None = "eu") -> LineShape:
    return LineShape(dataset, treatment(dataset, DATASETS.values(), region))


@dataclass
class Exact:
    """A shape without its fast ways: everything is judged."""

    of: Shape

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)

    def decode(self, line: bytes) -> Any:
        raise ValueError("to be judged")

    def drifted(self, line: bytes) -> None:
        return None


def read(text: bytes, through: Shape | None = None, blocks: list[int] | None = None, region: str | None = "eu") -> Read:
    """Everything that a reader makes of a text, given in blocks of these sizes (the last takes the rest)."""
    reader = Reader(through or shape(region=region), region)
    found = Read([], [])
    position = 0
    for size in blocks or []:
        found.add(reader.feed(text[position : position + size]))
        position += size
    found.add(reader.feed(text[position:], final=True))
    return found


@dataclass
class Read:
    """Rows (column to value, with `_line`, `_offset` and `_extra`) and rejected records."""

    rows: list[dict[str, Any]]
    rejected: list[Any]
    blank_lines: int = 0

    def add(self, batch: Batch | None) -> None:
        if batch is None:
            return
        columns = {**batch.columns, "_line": batch.lines, "_offset": batch.offsets, "_extra": batch.extras}
        values = {name: array.to_pylist() for name, array in columns.items()}
        self.rows.extend(dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True))
        self.rejected.extend(batch.rejected)
        self.blank_lines += batch.blank_lines

    @property
    def reasons(self) -> list[tuple[str, str | None]]:
        return [(one.reason, one.field) for one in self.rejected]


class Place:
    """An inbox and a lake below a test's folder."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self.lake = folder / "inbox", folder / "lake"
        self.inbox.mkdir(parents=True, exist_ok=True)

    @property
    def store(self) -> Folder:
        return Folder(self.lake)

    def put(self, path: str, content: bytes | list[dict[str, Any]]) -> Path:
        """Write a file of the inbox: bytes, or records as JSON lines."""
        place = self.inbox / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = b"".join(json.dumps(record).encode() + b"\n" for record in content)
        place.write_bytes(content)
        return place

    def land(self, **options: Any) -> Report:
        return land(str(self.inbox), str(self.lake), **options)

    def rows(self, dataset: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Rows of a dataset in the lake, ordered by file and line."""
        source = DATASETS[dataset].source
        files = sorted(map(str, (self.lake / "raw" / source / dataset).rglob("*.parquet")))
        if not files:
            return []
        return self.query(f"select {columns} from lake order by _source_file, _source_offset", files)

    def query(self, sql: str, files: list[str]) -> list[tuple[Any, ...]]:
        """Ask SQL of Parquet files, as `lake`."""
        connection = duckdb.connect()
        connection.read_parquet(files, hive_partitioning=False).create_view("lake")
        return connection.execute(sql).fetchall()

    def tree(self) -> dict[str, bytes]:
        """Every file of the lake but its lock, by path."""
        found = {}
        for path in sorted(self.lake.rglob("*")):
            if path.is_file() and path.name not in (".lock", ".readers"):
                found[path.relative_to(self.lake).as_posix()] = path.read_bytes()
        return found


def with_class(dataset: Dataset, column: str, personal: str) -> Dataset:
    """The contract with another personal-data class of a column."""
    columns = tuple(replace(c, personal=personal) if c.name == column else c for c in dataset.columns)
    return replace(dataset, columns=columns)


def mended(dataset: Dataset, column: str, value: str) -> Dataset:
    """The contract with one more value in a column's enum."""
    columns = tuple(replace(c, enum=(*(c.enum or ()), value)) if c.name == column else c for c in dataset.columns)
    return replace(dataset, columns=columns)


class Died(BaseException):
    """Stands for the end of the process."""


def visible(place: Place) -> dict[str, bytes]:
    """What readers and later runs see of the lake."""
    return {name: content for name, content in place.tree().items() if not name.startswith("tmp/")}


def die_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die before its n-th change that matters on disk."""
    made: list[str] = []

    def watched(name: str) -> Callable[..., Any]:
        original = getattr(os, name)

        def call(*arguments: Any, **more: Any) -> Any:
            if len(made) == step:
                raise Died
            made.append(name)
            return original(*arguments, **more)

        return call

    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, watched(name))
    # A process that dies tidies nothing up.
    monkeypatch.setattr(loads, "recover", lambda lake, *_: loads.listing(lake))
