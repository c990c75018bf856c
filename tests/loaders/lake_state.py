"""What a lake in a folder holds, read without the loaders' code: its content, what a reader sees, what is left over."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

# What differs from one run to the next: when a row was landed, and how long that took.
OF_THE_RUN = {"_load_id", "_landed_at", "load_id", "landed_at", "load_date", "seconds"}

Content = dict[str, list[str]]


def content(lake: Path) -> Content:
    """The rows of every dataset, of the quarantine and of the tables that tell of loads, but for what is of the run."""
    found: Content = {}
    for path in _files(lake):
        parts = path.relative_to(lake).parts
        table = pq.ParquetFile(path).read()
        table = table.drop_columns([name for name in table.column_names if name in OF_THE_RUN])
        name = "/".join(parts[: 2 if parts[0] == "quarantine" else 3])
        found.setdefault(name, []).extend(map(repr, table.to_pylist()))
    return {name: sorted(rows) for name, rows in sorted(found.items())}


def _files(lake: Path) -> Iterator[Path]:
    """The Parquet files of the lake; folders may go meanwhile."""
    for below in ("raw", "quarantine"):
        for folder, _, names in os.walk(lake / below):
            yield from (Path(folder, name) for name in names if name.endswith(".parquet"))


def records(lake: Path) -> list[dict[str, Any]]:
    """The load records, oldest first."""
    paths = sorted(path for path in (lake / "loads").glob("*.json") if not path.name.startswith("."))
    return [json.loads(path.read_bytes()) for path in paths]


def left_over(lake: Path) -> set[str]:
    """What lies in the lake and belongs to no committed load, or is missing of one."""
    told: set[str] = set()
    for load in records(lake):
        told |= {file["path"] for file in load["files"]}
        told -= set(load.get("removed", []))
        told |= {f"loads/{load['load_id']}.json", f"loads/files/{load['load_id']}.jsonl"}
    told |= {path.relative_to(lake).as_posix() for path in (lake / "landed").glob("[0-9]*.json")}
    there = {path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file()}
    empty = {path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_dir() and not any(path.iterdir())}
    return ((there - {".lock", ".readers", "lake.json"}) ^ told) | empty


def phase(lake: Path, loads_before: int) -> str:
    """How far a run that died had come."""
    committed = {load["load_id"] for load in records(lake)}
    intents = {path.stem for path in (lake / "loads").glob("[0-9]*.intent")}
    if intents - committed:
        return "while its files took their places"
    if len(committed) > loads_before:
        return "after its commit"
    return "before its files took their places"


@dataclass
class Reader:
    """Looks at a lake as the warehouse does, and remembers whatever was not a whole number of loads."""

    looks: int = 0
    states: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _known: dict[tuple[str, int, int], Counter[str]] = field(default_factory=dict)

    def look(self, lake: Path, seconds: float = 0) -> None:
        """Read what there is now, taking at least so long, and compare it with the load records."""
        if not lake.is_dir():
            return
        with _reading(lake):
            newest = max((path.stem for path in (lake / "loads").glob("[0-9]*.json")), default="")
            gone = set(_removed(lake, newest))
            seen: dict[str, Counter[str]] = {"raw": Counter(), "quarantine": Counter()}
            told = Counter[str]()
            there = list(_files(lake))
            time.sleep(seconds)
            for path in there:
                name = path.relative_to(lake).as_posix()
                if path.stem.split("-")[0] > newest or name in gone:
                    continue
                if name.startswith("raw/lake/loads/"):
                    told.update(self._sources(path, "source_path"))
                elif not name.startswith("raw/lake/"):
                    kind = name.split("/", 1)[0]
                    seen[kind].update(self._sources(path, "_source_file" if kind == "raw" else "source_file"))
            expected = _landed([load for load in records(lake) if load["load_id"] <= newest])
        self.looks += 1
        self.states.add(f"{lake}:{newest}")
        for kind, number in (("raw", "records_landed"), ("quarantine", "records_quarantined")):
            wanted = {path: source[number] for path, source in expected.items() if source[number]}
            if seen[kind] != wanted:
                self.wrong.append(f"{kind} at {newest} of {lake}: {seen[kind] - Counter(wanted)} too many, "
                                  f"{Counter(wanted) - seen[kind]} missing")  # fmt: skip
        if told != dict.fromkeys(expected, 1):
            self.wrong.append(f"raw/lake/loads at {newest} of {lake} tells of {told}, not of {sorted(expected)}")

    def _sources(self, path: Path, column: str) -> Counter[str]:
        """How many rows of each source file a file of the lake holds."""
        stat = path.stat()
        known = (str(path), stat.st_ino, stat.st_mtime_ns)
        if known not in self._known:
            self._known[known] = Counter(pq.ParquetFile(path).read([column]).column(column).to_pylist())
        return self._known[known]


def _removed(lake: Path, newest: str) -> Iterator[str]:
    """The files that committed loads have taken away, but that are still there."""
    for path in (lake / "loads").glob("[0-9]*.intent"):
        if path.stem <= newest:
            try:
                yield from json.loads(path.read_bytes())["removes"]
            except FileNotFoundError:  # all of it is done
                continue


def _landed(loads: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the load records say of each source file."""
    found: dict[str, dict[str, Any]] = {}
    for load in loads:
        for path in load.get("replaced", []):
            found.pop(path, None)
        found |= {source["source_path"]: source for source in load["sources"]}
    return found


@contextmanager
def _reading(lake: Path) -> Iterator[None]:
    handle = os.open(lake / ".readers", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)
