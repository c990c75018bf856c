"""`earshot land`: everything new in the inbox into the lake, as one load."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path

import pyarrow as pa

from loaders import contracts, exports, inbox, jobs, loads, reland, states
from loaders.commits import TakenAway, commit
from loaders.contracts import Dataset
from loaders.errors import EarshotError
from loaders.exports import Export
from loaders.inbox import Found
from loaders.jobs import Job, Result, Run
from loaders.lake import check, claim, open_lake
from loaders.loads import Landed, Listing, SourceFile
from loaders.locks import Held, writer_lock
from loaders.personal import require_key
from loaders.store import Store, clear, open_store, said
from loaders.textfiles import Refused, checksum

# A job is small enough to be shared out among processes and large enough to fill its Parquet files.
JOB_BYTES = 96 << 20
# Below this much, starting other processes takes longer than the work.
PARALLEL_BYTES = 48 << 20
# What a gzip file is taken to unpack to.
GZIP_FACTOR = 6

Progress = Callable[[int, int], None]  # bytes of the inbox done, and in all


@dataclass
class Counts:
    """Totals of one dataset in a run."""

    files: int = 0
    read: int = 0
    landed: int = 0
    quarantined: int = 0


@dataclass
class Report:
    """What a run did. `refused`, `waiting` and `unknown` are (path below the inbox, why).

    `listed_from` is the day from which on all deliveries were looked at, None when they were whatever their day.
    """

    load_id: str | None = None
    landed_at: datetime | None = None
    datasets: dict[str, Counts] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    listed_from: date | None = None


def land(
    inbox_address: str,
    lake_address: str,
    only: Sequence[str] = (),
    progress: Progress = lambda done, total: None,
    workers: int | None = None,
    again: str | None = None,
    everything: bool = False,
) -> Report:
    """Land what is new, of the datasets named by `only` (default all).

    `again` is the path below the inbox of a file (or of a dump) that a load has: then it alone is landed, and its rows
    take the place of those of before.

    Of an inbox in a bucket only what is recent is looked at (loaders/recent.py), or `everything`.

    The lake is as before or holds the whole load, whatever happens on the way. Raises EarshotError when the inbox, the
    lake or a contract can't be used, and when another process is writing to the lake. Files that can't be landed are no
    error: they stand in the report.
    """
    datasets = contracts.read()
    for name in only:
        if name not in datasets:
            raise EarshotError(f"There is no dataset {name!r}; there are {', '.join(datasets)}.", code=2)
    require_key(datasets.values())
    source = open_store(inbox_address, "EARSHOT_INBOX")
    inbox.check(source)
    lake = open_lake(lake_address)
    check(lake)
    with writer_lock(lake) as lock, said(lake.scratch()):
        claim(lake)
        there = loads.recover(lake)
        landed = loads.landed(lake, there)
        contents = inbox.look(source, datasets, {} if everything or again is not None else landed.sources)
        report = Report(unknown=contents.unknown, listed_from=contents.since)
        if again is not None:
            work = [reland.choose(again, contents, landed)]
            before = reland.landed_before(work[0], landed)
            _land(lake, lock, there, datasets, work, landed, report, progress, workers, before)
            return report
        wanted = {name: files for name, files in contents.files.items() if not only or name in only}
        new = {name: _new(files, landed.sources, report) for name, files in wanted.items()}
        work = plan(new)
        for name, files in contents.dumps.items():
            if not only or name in only:
                work.extend(_dumps(name, files, landed, report, len(work)))
        if work:
            _land(lake, lock, there, datasets, work, landed, report, progress, workers, {})
    return report


def _new(files: Iterable[Found], landed: Mapping[str, SourceFile], report: Report) -> list[Found]:
    """The files that no load has; those that differ from what was landed are reported."""
    found = []
    for file in files:
        before = landed.get(file.path)
        if before is None:
            found.append(file)
            continue
        try:
            same = file.size == before.bytes
            # An equal time and size is the same file; another time alone may be a copy of it.
            if same and file.mtime_ns != before.mtime_ns:
                same = checksum(file.inbox, file.path) == before.checksum
        except Refused as why:
            report.refused.append((file.path, str(why)))
            continue
        if not same:
            report.refused.append((file.path, "it changed after it was landed; its rows are those of before"))
    return found


def _dumps(name: str, files: list[Found], landed: Landed, report: Report, number: int) -> list[Job]:
    """A job for each whole dump of a table that no load has and that need not wait; the others are reported."""
    dumps = exports.find(files)
    report.waiting.extend(dumps.waiting)
    report.refused.extend(dumps.refused)
    report.unknown.extend(dumps.unknown)
    known = states.dumps_of(name, landed)
    # A dump without files matters only to changes that apply to it.
    changes = any(dump.incremental for dump in (*known.values(), *(export.dump for export in dumps.whole)))
    new: dict[str, Export] = {}
    for export in dumps.whole:
        unlanded = _new(export.files, landed.sources, report)
        if export.folder not in known and len(unlanded) == len(export.files):
            if unlanded or changes:
                new[export.folder] = export
        elif unlanded:
            words = f"it changed after it was landed: {unlanded[0].path.removeprefix(export.folder + '/')} is new in it"
            report.refused.append((export.folder, words))
        elif export.incremental and export.folder not in known:
            report.refused.append((export.folder, "its data files were landed as another dump's"))
    for dump, why in states.waiting(name, [export.dump for export in new.values()], landed):
        report.waiting.append((dump.folder, why))
        del new[dump.folder]
    return [Job(number + at, name, export.files, export) for at, export in enumerate(new.values())]


def plan(new: dict[str, list[Found]]) -> list[Job]:
    """Files to jobs: by dataset, in order of their paths, alike in size and up to about JOB_BYTES each.

    A dataset has 1, 2, 4, 8, … jobs: two, four or eight processes are done with it at about the same time, and how many
    there are does not show in the lake.
    """
    found: list[Job] = []
    for name, files in sorted(new.items()):
        total = sum(map(weight, files))
        parts = 1
        while total > parts * JOB_BYTES:
            parts *= 2
        chosen: list[list[Found]] = [[] for _ in range(parts)]
        before = 0
        for file in files:  # to the part in which its middle lies; an empty one may lie behind the last
            part = (2 * before + weight(file)) * parts // (2 * total) if total else 0
            chosen[min(part, parts - 1)].append(file)
            before += weight(file)
        for some in filter(None, chosen):
            found.append(Job(len(found), name, tuple(some)))
    return found


def weight(file: Found) -> int:
    """About how many bytes of text a file holds."""
    return file.size * (GZIP_FACTOR if file.path.endswith(".gz") else 1)


def _land(
    lake: Store,
    lock: Held,
    there: Listing,
    datasets: dict[str, Dataset],
    work: list[Job],
    landed: Landed,
    report: Report,
    progress: Progress,
    workers: int | None,
    replaced: dict[str, str],
) -> None:
    """Run the jobs and commit what they wrote, in place of the source files `replaced` (path to the load of each)."""
    load_id = loads.new_load_id(lake, there)
    run = Run(datasets, lake.scratch() / load_id, load_id, loads.landed_at(load_id))
    try:
        run.temporary.mkdir(parents=True)
        results = _run_all(work, run, progress, workers)
        for result in results:
            report.refused.extend(result.refused)
        away = TakenAway()
        if any(result.sources or result.dump for result in results):
            waiting = states.follow(lake, run, results, landed, replaced, away)
            report.waiting.extend((dump.folder, why) for dump, why in waiting)
        if any(result.sources or result.dump for result in results):
            commit(lake, lock, run, results, away)
            report.load_id, report.landed_at = load_id, run.landed_at
            _count(results, report)
    except BaseException:
        # Where the store gives no answer any more, the next run tidies up; what went wrong first is told.
        with suppress(EarshotError):
            loads.recover(lake, load_id)
        raise
    clear(lake.scratch())


def _run_all(work: list[Job], run: Run, progress: Progress, workers: int | None) -> list[Result]:
    """The results of all jobs, in the jobs' order; in several processes when that pays."""
    weights = [sum(weight(file) for file in job.files) for job in work]
    total = sum(weights)
    if workers is None:
        workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
        workers = workers if total > PARALLEL_BYTES else 1
    results: list[Result] = []
    done = 0
    if workers == 1 or len(work) == 1:
        for job, size in zip(work, weights, strict=True):
            results.append(jobs.run(job, run))
            done += size
            progress(done, total)
        return results
    with _pool(min(workers, len(work))) as pool:
        # The largest first, so that no process is left with one at the end.
        order = sorted(range(len(work)), key=lambda at: -weights[at])
        try:
            with _interrupts_held():  # the processes that start here never hear any, not even while they import
                futures = {at: pool.submit(_to_file, work[at], run) for at in order}
            for at, size in enumerate(weights):
                results.append(pickle.loads(Path(futures[at].result()).read_bytes()))
                done += size
                progress(done, total)
        except BrokenProcessPool as error:
            words = (
                "A process that was landing files died, perhaps for want of memory; nothing was landed, run it again."
            )
            raise EarshotError(words) from error
        except BaseException:
            for process in active_children():  # an interrupted run does not wait for what nobody wants
                process.terminate()
            pool.shutdown(cancel_futures=True)
            raise
    return results


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Take Ctrl-C at the end of the block only."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _to_file(job: Job, run: Run) -> str:
    """Do a job; the path of its pickled result.

    It is not sent itself: who dies while it writes a long message lets the one who reads it wait forever.
    """
    result = jobs.run(job, run)
    path = run.temporary / f"result-{job.number}"
    path.write_bytes(pickle.dumps(result))
    return str(path)


def _pool(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A worker must not go on writing below a lake whose lock died with its parent."""
    parent = parent_process()

    def watch() -> None:
        assert parent is not None, "only worker processes run this"
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends the pool
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # with which it does
    pa.set_cpu_count(1)


def _count(results: list[Result], report: Report) -> None:
    for source in (source for result in results for source in result.sources):
        counts = report.datasets.setdefault(source.dataset, Counts())
        counts.files += 1
        counts.read += source.records_read
        counts.landed += source.records_landed
        counts.quarantined += source.records_quarantined
    report.datasets = dict(sorted(report.datasets.items()))
