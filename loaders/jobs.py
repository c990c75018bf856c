"""The unit of work: some files of one dataset, read, checked and written to temporary files of this machine.

A job runs in this process or in another; what it wrote becomes part of the lake only when its load is committed.
"""

from __future__ import annotations

import gc
import shutil
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from loaders import contracts, quarantine
from loaders.chains import Dump
from loaders.changes import WRITTEN, ChangeShape, kept_as
from loaders.contracts import CHANGE_MESSAGES, Dataset
from loaders.dynamodb import ItemShape
from loaders.exports import Export
from loaders.inbox import Found
from loaders.lake import CHANGES, RAW, Part, PartitionWriter
from loaders.loads import SourceFile
from loaders.personal import Treatment, treatment
from loaders.records import Batch, Reader
from loaders.shapes import LineShape
from loaders.tables import Origin, table
from loaders.textfiles import Refused, Source


@dataclass(frozen=True)
class Run:
    """What all jobs of a run share."""

    datasets: dict[str, Dataset]
    temporary: Path  # on this machine
    load_id: str
    landed_at: datetime


@dataclass(frozen=True)
class Job:
    """Files of one dataset, in the order they are read."""

    number: int
    dataset: str
    files: tuple[Found, ...]
    export: Export | None = None  # the dump that the files are, else None


@dataclass
class Result:
    """What a job has done: every file of it is in `sources` or in `refused` (path, why).

    `parts` are rows of the dataset, `changes` those that an incremental export wants made; `dump` is what was landed of
    a table.
    """

    dataset: str
    parts: list[Part] = field(default_factory=list)
    changes: list[Part] = field(default_factory=list)
    dump: Dump | None = None
    quarantined: Path | None = None
    sources: list[SourceFile] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def run(job: Job, run: Run) -> Result:
    """Do a job, in this process."""
    with no_collector():
        return _lines(job, run) if job.export is None else _export(job, job.export, run)


def _lines(job: Job, run: Run) -> Result:
    """JSON-lines files. One that is refused halfway has left rows behind: then the job begins anew without it."""
    dataset = run.datasets[job.dataset]
    regions = {file.region for file in job.files}
    shapes = {region: LineShape(dataset, treatment(dataset, run.datasets.values(), region)) for region in regions}
    refused: dict[str, str] = {}
    while True:
        with Output(job, run) as output:
            for file in job.files:
                if file.path in refused:
                    continue
                shape = shapes[file.region]
                try:
                    output.take(file, Source(file.inbox, file.path), Reader(shape, file.region), shape.treatment)
                except Refused as why:
                    refused[file.path] = str(why)
                    if output.touched:
                        break
            else:
                return output.result(list(refused.items()))


def _export(job: Job, export: Export, run: Run) -> Result:
    """A dump: all of its files, or none of them."""
    dataset = run.datasets[job.dataset]
    rules = treatment(dataset, run.datasets.values(), None)
    shape = ChangeShape(dataset, rules) if export.incremental else ItemShape(dataset, rules, wrapped=export.native)
    with Output(job, run) as output:
        for file in job.files:
            source = Source(file.inbox, file.path, with_md5=export.native)
            name = file.path.removeprefix(f"{export.folder}/")
            try:
                taken = output.take(file, source, Reader(shape, None), rules, export.snapshot_id, export.snapshot_at)
            except Refused as why:
                return Result(job.dataset, refused=[(export.folder, f"{name}: {why}")])
            promise = export.promises.get(file.path)
            if promise is not None and promise.md5 != source.md5:
                return Result(job.dataset, refused=[(export.folder, f"{name} has another MD5 than the manifest says")])
            if promise is not None and promise.items != taken.records_read:
                counts = f"{taken.records_read} items where the manifest says {promise.items}"
                return Result(job.dataset, refused=[(export.folder, f"{name} has {counts}")])
        return output.result([])


class Output:
    """The files that a job writes, and what it counts on the way. Leaving the block without a result removes them."""

    def __init__(self, job: Job, run: Run) -> None:
        self._job, self._run = job, run
        self._changes = job.export is not None and job.export.incremental
        self._dataset = kept_as(run.datasets[job.dataset]) if self._changes else run.datasets[job.dataset]
        self._schema = contracts.arrow_schema(self._dataset)
        self._folder = run.temporary / f"job-{job.number}"
        self._sources: list[SourceFile] = []
        self._done = False
        self.touched = False  # whether rows of the file that is being read were written

    def __enter__(self) -> Output:
        self._folder.mkdir(parents=True)
        self._rows = PartitionWriter(self._folder, self._dataset, CHANGES if self._changes else RAW)
        path = self._folder / "quarantine.tmp"
        self._aside = quarantine.Writer(path, self._dataset.name, self._run.load_id, self._run.landed_at)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._done:
            self._aside.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def take(
        self,
        file: Found,
        source: Source,
        reader: Reader,
        rules: Treatment,
        snapshot_id: str | None = None,
        snapshot_at: datetime | None = None,
    ) -> SourceFile:
        """Read one file to its end; raises Refused, with `touched` telling whether this job must begin anew."""
        started = time.perf_counter()
        run = self._run
        origin = Origin(run.load_id, run.landed_at, file.path, file.region, snapshot_id, snapshot_at)
        keys = Keys(self._dataset)
        landed = aside = blank_lines = 0
        self.touched = False
        for batch in batches(source, reader):
            self.touched = True
            landed += len(batch)
            aside += len(batch.rejected)
            blank_lines += batch.blank_lines
            keys.add(batch)
            if len(batch):
                self._rows.write(table(self._dataset, self._schema, batch, rules, origin))
            self._aside.write(file.path, file.region, batch.rejected)
        print_ = source.fingerprint
        self._sources.append(
            SourceFile(
                dataset=self._dataset.name,
                source_path=file.path,
                bytes=print_.size,
                mtime_ns=print_.mtime_ns,
                checksum=print_.checksum,
                records_read=landed + aside,
                records_landed=landed,
                records_quarantined=aside,
                records_duplicate_in_file=keys.repeated(),
                seconds=round(time.perf_counter() - started, 6),
                snapshot_id=snapshot_id,
                snapshot_at=snapshot_at.isoformat() if snapshot_at else None,
                blank_lines=blank_lines,
            )
        )
        return self._sources[-1]

    def result(self, refused: list[tuple[str, str]]) -> Result:
        """Finish the files and hand them over."""
        parts = self._rows.close()
        aside = self._aside.close()
        self._done = True
        found = Result(self._dataset.name, quarantined=aside, sources=self._sources, refused=refused)
        if self._changes:
            found.changes = parts
        else:
            found.parts = parts
        found.dump = self._job.export.dump if self._job.export else None
        return found


def batches(source: Source, reader: Reader) -> Iterator[Batch]:
    """The records of a source, in batches of about a block."""
    for block in source:
        batch = reader.feed(block)
        if batch is not None:
            yield batch
    batch = reader.feed(b"", final=True)
    if batch is not None:
        yield batch


class Keys:
    """Counts the records of a file whose key stood in it before, by 64-bit hashes: eight bytes a record.

    Messages of one key at different times are changes, so a change's time is part of what is compared.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._names = dataset.key
        if dataset.format == CHANGE_MESSAGES and dataset.event_time is not None:
            self._names = (*dataset.key, dataset.event_time)
        elif any(column.name == WRITTEN for column in dataset.declared):
            self._names = (*dataset.key, WRITTEN)
        self._hashes = array("q")

    def add(self, batch: Batch) -> None:
        """Count the records of a batch in."""
        parts = [batch.columns[name].to_pylist() for name in self._names]
        self._hashes.extend(map(hash, parts[0] if len(parts) == 1 else zip(*parts, strict=True)))

    def repeated(self) -> int:
        """How many records there were beyond the first of each key."""
        hashes = pa.Array.from_buffers(pa.int64(), len(self._hashes), [None, pa.py_buffer(self._hashes)])
        return len(hashes) - len(hashes.unique())


@contextmanager
def no_collector() -> Iterator[None]:
    """Without the cyclic garbage collector: it would walk the same thousands of records again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
