"""`earshot compact`: many small files of a closed day into few sorted ones, each record once.

A compaction is a load that brings nothing new. Days are done in batches, each a load of its own, so that no more than a
batch has to lie in the lake twice, and what is done is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from loaders import commits, contracts, loads, quarantine, sorting
from loaders.contracts import Dataset
from loaders.errors import EarshotError
from loaders.lake import MARKER, check_format
from loaders.loads import DataFile, Load
from loaders.locks import Held, writer_lock
from loaders.sorting import Layout, Unlike
from loaders.store import Entry, Store, clear, open_store, said

# Files of a compaction are known by their names: <load_id>-sorted-<n>.parquet.
MARK = "-sorted-"
# What came after a day was compacted waits until it is so many files, or so large a part of the day; a small day is
# done at once.
LATE_FILES = 16
LATE_PART = 10  # one in ten bytes
SMALL_DAY = 16 << 20
# About how much is rewritten in one load.
BATCH_BYTES = 1 << 30
QUARANTINE_BYTES = 16 << 20

Progress = Callable[[str], None]  # the folder that is worked on


@dataclass
class Done:
    """What was made of the files of an area. `days` is None where there are none."""

    days: int | None = None
    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    dropped: int = 0


@dataclass
class Report:
    """What a run did, by area: a dataset, `quarantine/<dataset>`, or one of the loaders' own tables, `lake/<table>`.

    `left` are days that can't be compacted, (folder below the lake, why); `held` is how many of the old files are still
    there because somebody reads them.
    """

    load_ids: list[str] = field(default_factory=list)
    areas: dict[str, Done] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)
    held: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Task:
    """A folder whose files are to be put together: those of a day, or those of a dataset's quarantine."""

    area: str
    folder: str
    files: tuple[Entry, ...]
    layout: Layout
    notes: tuple[Entry, ...] = ()  # of duplicates that were dropped before
    notes_folder: str = ""

    @property
    def bytes(self) -> int:
        return sum(entry.size for entry in self.files)


def compact(lake_address: str, only: Sequence[str] = (), progress: Progress = lambda folder: None) -> Report:
    """Compact what is worth it, of the datasets named by `only` (default all, and the loaders' own tables).

    Every batch is done whole or not at all, whatever happens on the way. Raises EarshotError as `land` does.
    """
    began = time.monotonic()
    datasets = contracts.read()
    for name in only:
        if name not in datasets:
            raise EarshotError(f"There is no dataset {name!r}; there are {', '.join(datasets)}.", code=2)
    report = Report()
    lake = open_store(lake_address, "EARSHOT_LAKE")
    if not lake.exists() or lake.info(MARKER) is None:
        return report
    with writer_lock(lake) as lock, said(lake.scratch()):
        check_format(lake)
        loads.recover(lake)
        for batch in _batches(_tasks(lake, datasets, only)):
            load_id = loads.new_load_id(lake)
            try:
                _compact(lake, lock, load_id, batch, report, progress)
            except BaseException:
                # Where the store gives no answer any more, the next run tidies up; what went wrong first is told.
                with suppress(EarshotError):
                    loads.recover(lake, load_id)
                raise
        report.held = len(loads.retired(lake, loads.ids(lake)))
    report.seconds = time.monotonic() - began
    return report


def _tasks(lake: Store, datasets: dict[str, Dataset], only: Sequence[str]) -> Iterator[Task]:
    """What is worth to be compacted: closed days, those before the day of the newest landing."""
    newest = loads.newest_landing(lake)
    if newest is None:
        return
    open_day = newest.date()
    # Asked once: every look at the lake lists all its loads.
    raw, notes, aside = (_by_folder(loads.data_files(lake, root)) for root in ("raw", "duplicates", "quarantine"))

    def closed(below: str) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        for folder, files in raw.items():
            table, _, day = folder.rpartition("/")
            if table == below and day.split("=", 1)[1] < open_day.isoformat() and is_worth(files):
                yield folder, files

    for name in only or datasets:
        layout = sorting.layout(datasets[name])
        for folder, files in closed(f"raw/{datasets[name].source}/{name}"):
            told = f"duplicates/{name}/{folder.rpartition('/')[2]}"
            yield Task(name, folder, files, layout, notes.get(told, ()), told)
    for name in only or datasets:
        # Each file holds the records of later loads than the one before it, so only the last ones can be put together.
        last = list(aside.get(f"quarantine/{name}", ()))
        while last and MARK in last[0].path and last[0].size >= QUARANTINE_BYTES // 2:
            last.pop(0)
        if len(last) > 1 and is_worth(last):
            layout = Layout(quarantine.SCHEMA, limit=QUARANTINE_BYTES)
            yield Task(f"quarantine/{name}", f"quarantine/{name}", tuple(last), layout)
    if only:
        return
    own = (
        ("loads", commits.LOADS, "source_path"),
        ("load_dates", commits.LOAD_DATES, "date_day"),
        ("states", commits.STATES, "snapshot_at"),
    )
    for name, schema, third in own:
        layout = Layout(schema, ("landed_at", "dataset", third))
        for folder, files in closed(f"raw/lake/{name}"):
            if len(files) > 1:
                yield Task(f"lake/{name}", folder, files, layout)


def _by_folder(entries: Sequence[Entry]) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.path.rsplit("/", 1)[0], []).append(entry)
    return {folder: tuple(files) for folder, files in found.items()}


def is_worth(files: Sequence[Entry]) -> bool:
    """Whether a folder's files should be written anew: some are not sorted, and these are enough."""
    new = [entry.size for entry in files if MARK not in entry.path]
    total = sum(entry.size for entry in files)
    done = total - sum(new)
    if not new:
        return False
    return len(new) > LATE_FILES or sum(new) * LATE_PART > done or total <= SMALL_DAY


def _batches(tasks: Iterator[Task]) -> Iterator[list[Task]]:
    batch: list[Task] = []
    for task in tasks:
        if batch and sum(other.bytes for other in batch) + task.bytes > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(task)
    if batch:
        yield batch


def _compact(lake: Store, lock: Held, load_id: str, batch: list[Task], report: Report, progress: Progress) -> None:
    """Do some tasks as one load."""
    moves: list[tuple[Path, str]] = []
    files: list[DataFile] = []
    removed: list[str] = []
    dropped: dict[str, int] = {}
    done: list[tuple[Task, Done]] = []

    def place(made: sorting.Files, folder: str) -> None:
        for number, (temporary, rows) in enumerate(made):
            path = f"{folder}/{load_id}{MARK}{number:04}.parquet"
            moves.append((temporary, path))
            files.append(DataFile(path, rows, temporary.stat().st_size))

    for number, task in enumerate(batch):
        progress(task.folder)
        temporary = lake.scratch() / load_id / str(number)
        temporary.mkdir(parents=True)
        paths, notes = ([entry.path for entry in entries] for entries in (task.files, task.notes))
        try:
            made = sorting.sort(lake, paths, notes, task.layout, temporary)
        except Unlike as why:
            report.left.append((task.folder, str(why)))
            clear(temporary)
            continue
        place(made.files, task.folder)
        removed += paths
        if made.dropped:
            place(made.notes, task.notes_folder)
            removed += notes
            dropped[task.area] = dropped.get(task.area, 0) + made.dropped
        size = sum(path.stat().st_size for path, _ in made.files)
        done.append((task, Done(None, len(paths), len(made.files), task.bytes, size, made.dropped)))
    if done:
        landed_at = loads.landed_at(load_id).isoformat()
        loads.commit(lake, lock, Load(load_id, landed_at, [], files, removed=removed, dropped=dropped), moves)
        report.load_ids.append(load_id)
        for task, one in done:
            _add(report.areas.setdefault(task.area, Done()), one, is_day="=" in task.folder)
    clear(lake.scratch())


def _add(area: Done, one: Done, is_day: bool) -> None:
    if is_day:
        area.days = (area.days or 0) + 1
    area.files_before += one.files_before
    area.files_after += one.files_after
    area.bytes_before += one.bytes_before
    area.bytes_after += one.bytes_after
    area.dropped += one.dropped
