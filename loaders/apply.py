"""One incremental export applied: the dump before it without the items that changed, and with what these became."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders import contracts, loads
from loaders.chains import Dump, Step
from loaders.changes import DELETED, WRITTEN
from loaders.commits import TakenAway
from loaders.contracts import Dataset
from loaders.errors import EarshotError
from loaders.jobs import Result, Run, State
from loaders.lake import CHANGES, RAW, PartitionWriter
from loaders.reland import is_of, tables
from loaders.store import Store
from loaders.tables import constant


def apply(lake: Store, run: Run, step: Step, number: int, results: Sequence[Result], away: TakenAway) -> Result:
    """Write the rows of the state that a step leads to. What it reads is the lake as it will be when `results` are
    committed and `away` is taken away."""
    dataset = run.datasets[step.dump.dataset]
    folder = run.temporary / f"state-{dataset.name}-{number}"
    folder.mkdir()
    writer = PartitionWriter(folder, dataset)
    view = _View(lake, results, away)
    wins, changed = _winners(view, dataset, step.dump)
    before = 0
    for rows in view.rows(RAW, dataset, step.base):
        before += len(rows)
        stays = pc.invert(pc.is_in(_keys(rows, dataset), value_set=changed))
        _write(writer, run, dataset, step.dump, rows.filter(stays))
    position = 0
    for rows in view.rows(CHANGES, dataset, step.dump):
        there = pc.and_not(wins.slice(position, len(rows)), rows.column(DELETED).combine_chunks())
        position += len(rows)
        _write(writer, run, dataset, step.dump, rows.filter(there))
    parts = writer.close()
    state = State(step.dump, sum(part.rows for part in parts), before)
    return Result(dataset.name, parts=parts, state=state)


class _View:
    """The lake as it will be when a load is committed."""

    def __init__(self, lake: Store, results: Sequence[Result], away: TakenAway) -> None:
        self._lake, self._away = lake, away
        self._parts = [*away.parts, *chain.from_iterable((*result.parts, *result.changes) for result in results)]

    def rows(self, root: str, dataset: Dataset, dump: Dump, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a dump below `root`, some at a time, every time in the same order."""
        wanted = None if columns is None else [*columns, "_snapshot_id", "_snapshot_at"]
        for file in self._files(f"{root}/{dataset.source}/{dataset.name}/{dataset.partition}={dump.at.date()}"):
            for rows in tables(file, wanted):
                yield rows.filter(is_of(rows, dump))

    def _files(self, folder: str) -> Iterator[pq.ParquetFile]:
        for path, _, _ in loads.data_files(self._lake, folder):
            if path not in self._away.removed:
                with self._lake.open(path) as opened:
                    yield pq.ParquetFile(opened)
        for part in self._parts:
            if part.folder == folder:
                with Path(part.temporary).open("rb") as opened:
                    yield pq.ParquetFile(opened)


def _winners(view: _View, dataset: Dataset, dump: Dump) -> tuple[pa.Array, pa.Array]:
    """Of the changes that an export brought, in the view's order: which is the last of its item; and the keys of all.

    The last is the one that was written last; where that is the same, the one that stands later in the files.
    """
    columns = [*dataset.key, WRITTEN, "_source_file", "_source_offset"]
    tables = [
        rows.select(columns[len(dataset.key) :]).append_column("key", _keys(rows, dataset))
        for rows in view.rows(CHANGES, dataset, dump, columns)
    ]
    if not tables:
        return pa.array([], pa.bool_()), pa.array([], pa.string())
    changes = pa.concat_tables(tables).combine_chunks()
    order = [(name, "ascending") for name in ("key", WRITTEN, "_source_file", "_source_offset")]
    indices = pc.sort_indices(changes, sort_keys=order)
    keys = changes.column("key").combine_chunks().take(indices)
    lasts = pa.concat_arrays([pc.not_equal(keys.slice(0, max(len(keys) - 1, 0)), keys.slice(1)), pa.array([True])])
    last = indices.filter(lasts.slice(0, len(keys)))
    positions = pa.array(range(len(changes)), pa.uint64())
    return pc.is_in(positions, value_set=last), keys.unique()


def _keys(rows: pa.Table, dataset: Dataset) -> pa.ChunkedArray:
    """The key of each row as one text."""
    texts = [rows.column(name).cast(pa.string()) for name in dataset.key]
    if len(texts) == 1:
        return texts[0]
    # With the length of each part before it no two keys come to the same text.
    parts = [part for text in texts for part in (pc.binary_length(text).cast(pa.string()), text)]
    return pc.binary_join_element_wise(*parts, ":")


def _write(writer: PartitionWriter, run: Run, dataset: Dataset, dump: Dump, rows: pa.Table) -> None:
    """Write rows as rows of a dump of this load, in the columns that the contract has now."""
    if not len(rows):
        return
    fixed = {
        "_snapshot_id": dump.snapshot_id,
        "_snapshot_at": dump.at.replace(tzinfo=None),
        dataset.partition: dump.at.date(),
        "_load_id": run.load_id,
        "_landed_at": run.landed_at.replace(tzinfo=None),
    }
    schema = contracts.arrow_schema(dataset)
    arrays = []
    for field in schema:
        if field.name in fixed:
            arrays.append(constant(fixed[field.name], field.type, len(rows)))
        elif field.name in rows.column_names:
            try:
                arrays.append(rows.column(field.name).cast(field.type))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise EarshotError(
                    f"{dataset.name}.{field.name} is declared {field.type}, but older dumps in the lake hold "
                    f"{rows.column(field.name).type} there; land the dump before {dump.folder} with --reland first."
                ) from error
        else:
            arrays.append(pa.nulls(len(rows), field.type))
    writer.write(pa.Table.from_arrays(arrays, schema=schema))
