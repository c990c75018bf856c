"""The unit of work: some files of one dataset, read, checked and written to temporary files of this machine.

A job runs in this process or in another; what it wrote becomes part of the lake only when its load is committed.
"""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile

import pyarrow as pa
import pyarrow.compute as pc

from loaders import contracts, quarantine
from loaders.batches import Batch, Piece, batch_of
from loaders.chains import Dump
from loaders.changes import WRITTEN, ChangeShape, kept_as
from loaders.contracts import CHANGE_MESSAGES, Dataset
from loaders.dynamodb import ItemShape
from loaders.exports import Export
from loaders.inbox import Found
from loaders.lake import CHANGES, RAW, Part, PartitionWriter
from loaders.loads import SourceFile
from loaders.personal import treatment
from loaders.records import Reader
from loaders.shapes import LineShape
from loaders.tables import Origin, table
from loaders.textfiles import Refused, Source

# Rows of so much text become columns at once, of several small files too.
TOGETHER = 4 << 20
# So many keys of a file are compared at once.
MANY_KEYS = 1 << 20


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


@dataclass(frozen=True)
class State:
    """What an incremental export made of the dump before it: `rows`, where that had `rows_before`; None for both when
    the state is gone, because its export has to wait again."""

    dump: Dump
    rows: int | None = None
    rows_before: int | None = None


@dataclass
class Result:
    """What a job has done: every file of it is in `sources` or in `refused` (path, why).

    `parts` are rows of the dataset, `changes` those that an incremental export wants made; `dump` is what was landed of
    a table, `state` what became of one that changes were applied to.
    """

    dataset: str
    parts: list[Part] = field(default_factory=list)
    changes: list[Part] = field(default_factory=list)
    dump: Dump | None = None
    state: State | None = None
    quarantined: Path | None = None
    sources: list[SourceFile] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def run(job: Job, run: Run) -> Result:
    """Do a job, in this process."""
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own gives memory back and has it cleared over and over
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
                    output.take(file, Source(file.inbox, file.path), Reader(shape, file.region))
                except Refused as why:
                    refused[file.path] = str(why)
                    if not output.forget():
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
                taken = output.take(file, source, Reader(shape, None))
                output.flush()
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
        self._taken: list[Taken] = []
        self._waiting: list[tuple[Taken, Piece]] = []
        self._done = False

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

    def take(self, file: Found, source: Source, reader: Reader) -> Taken:
        """Read one file to its end; what it counts is known when all that waits was written.

        Raises Refused: then `forget` the file.
        """
        started = time.perf_counter()
        taken = Taken(file, source, Keys(self._folder))
        self._taken.append(taken)
        if self._waiting and self._waiting[0][1].shape is not reader.shape:
            self.flush()
        for piece in pieces(source, reader):
            # Pieces are put together, those of small files too, for each batch has its cost.
            if piece is not None:
                self._waiting.append((taken, piece))
            piece = None
            if sum(waiting.size for _, waiting in self._waiting) >= TOGETHER:
                self.flush()
        taken.seconds = time.perf_counter() - started
        return taken

    def forget(self) -> bool:
        """Leave out the file that was taken last; False when some of it was written: then this job must begin anew."""
        last = self._taken.pop()
        self._waiting = [(taken, piece) for taken, piece in self._waiting if taken is not last]
        return not last.written

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        batch = batch_of([piece for _, piece in self._waiting], key=key_of(self._dataset))
        files = []
        first = 0
        for (taken, piece), size in zip(self._waiting, batch.sizes, strict=True):
            taken.count(piece, size, batch.keys, first)
            files.append((taken.file.path, len(piece)))
            self._aside.write(taken.file.path, taken.file.region, piece.rejected)
            first += size
        region, rules = self._waiting[0][0].file.region, self._waiting[0][1].shape.treatment
        self._waiting = []  # long texts must not stay in memory while their rows are written
        batch.rejected = []
        if first:
            export = self._job.export
            moment = (export.snapshot_id, export.snapshot_at) if export else (None, None)
            origin = Origin(self._run.load_id, self._run.landed_at, files, region, *moment)
            rows = table(self._dataset, self._schema, batch, rules, origin)
            del taken, piece, batch
            self._rows.write(rows)

    def result(self, refused: list[tuple[str, str]]) -> Result:
        """Finish the files and hand them over."""
        self.flush()
        parts = self._rows.close()
        aside = self._aside.close()
        self._done = True
        export = self._job.export
        sources = [taken.source_file(self._dataset.name, export) for taken in self._taken]
        found = Result(self._dataset.name, quarantined=aside, sources=sources, refused=refused)
        if self._changes:
            found.changes = parts
        else:
            found.parts = parts
        found.dump = export.dump if export else None
        return found


class Keys:
    """Counts the records of a file whose key stood in it before, by 64-bit hashes.

    The hashes of very many records wait in a temporary file, and are compared some at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = 0
        self._hashes = SpooledTemporaryFile(8 * MANY_KEYS, mode="w+b", dir=str(folder))  # noqa: SIM115 - `repeated` closes it

    def add(self, hashes: pa.Array) -> None:
        """Count records with these hashes in."""
        values = memoryview(hashes.buffers()[1])
        self._hashes.write(values[8 * hashes.offset : 8 * (hashes.offset + len(hashes))])
        self._rows += len(hashes)

    def repeated(self) -> int:
        """How many records there were beyond the first of each key; to be asked once."""
        parts = 1
        while parts * MANY_KEYS < self._rows:
            parts *= 2
        with self._hashes:
            return self._rows - sum(self._distinct(part, parts) for part in range(parts))

    def _distinct(self, part: int, parts: int) -> int:
        """How many distinct hashes there are of those whose last bits say `part`."""
        self._hashes.seek(0)
        found = []
        while block := self._hashes.read(8 * MANY_KEYS):
            hashes = pa.Array.from_buffers(pa.int64(), len(block) // 8, [None, pa.py_buffer(block)])
            found.append(hashes.filter(pc.equal(pc.bit_wise_and(hashes, parts - 1), part)))
        return len(pa.chunked_array(found, pa.int64()).unique())


@dataclass
class Taken:
    """A file that is being landed, and what was counted of it."""

    file: Found
    source: Source
    keys: Keys
    landed: int = 0
    aside: int = 0
    blank_lines: int = 0
    written: bool = False  # whether some of it was
    seconds: float = 0.0

    @property
    def records_read(self) -> int:
        return self.landed + self.aside

    def count(self, piece: Piece, rows: int, keys: pa.Array, first: int) -> None:
        """Count a piece of it, whose `rows` have the keys from `first` on."""
        self.landed += rows
        self.aside += len(piece.rejected)
        self.blank_lines += piece.blank_lines
        self.keys.add(keys.slice(first, rows))
        self.written = True

    def source_file(self, dataset: str, export: Export | None) -> SourceFile:
        """What the load's record says of it."""
        print_ = self.source.fingerprint
        return SourceFile(
            dataset=dataset,
            source_path=self.file.path,
            bytes=print_.size,
            mtime_ns=print_.mtime_ns,
            checksum=print_.checksum,
            records_read=self.records_read,
            records_landed=self.landed,
            records_quarantined=self.aside,
            records_duplicate_in_file=self.keys.repeated(),
            seconds=round(self.seconds, 6),
            snapshot_id=export.snapshot_id if export else None,
            snapshot_at=export.snapshot_at.isoformat() if export else None,
            blank_lines=self.blank_lines,
        )


def pieces(source: Source, reader: Reader) -> Iterator[Piece | None]:
    """The records of a source, in pieces of about a block; None where a block ends no record. Keeps none of them."""
    for block in source:
        yield reader.read(block)
    yield reader.read(b"", final=True)


def batches(source: Source, reader: Reader) -> Iterator[Batch]:
    """The records of a source as columns, in batches of about a block."""
    for piece in pieces(source, reader):
        if piece is not None:
            yield batch_of([piece]).without_invalid()


def key_of(dataset: Dataset) -> Sequence[str]:
    """The columns that tell the records of a file apart.

    Messages of one key at different times are changes, so a change's time is part of what is compared.
    """
    if dataset.format == CHANGE_MESSAGES and dataset.event_time is not None:
        return (*dataset.key, dataset.event_time)
    if any(column.name == WRITTEN for column in dataset.declared):
        return (*dataset.key, WRITTEN)
    return dataset.key


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
