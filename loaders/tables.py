"""Checked records to the rows of the lake: personal data treated, lineage added, the date they belong to computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from loaders.batches import Batch
from loaders.contracts import EVENT_STREAM, RECEIVED, SENT, TABLE_DUMPS, Dataset
from loaders.personal import Treatment

TIMESTAMP = pa.timestamp("us")


@dataclass(frozen=True)
class Origin:
    """Where rows come from: files, each with how many of the rows, one after the other.

    `snapshot_*` are those of a table dump, else None.
    """

    load_id: str
    landed_at: datetime  # UTC
    files: Sequence[tuple[str, int]]
    region: str | None = None
    snapshot_id: str | None = None
    snapshot_at: datetime | None = None


def table(dataset: Dataset, schema: pa.Schema, batch: Batch, treatment: Treatment, origin: Origin) -> pa.Table:
    """The rows of a batch as they stand in the lake, but those that are invalid have no date.

    Texts that all rows share are kept once, as a dictionary.
    """
    rows = len(batch)
    days = _days(dataset, batch, origin)
    landed_at = origin.landed_at.replace(tzinfo=None)
    snapshot_at = origin.snapshot_at.replace(tzinfo=None) if origin.snapshot_at else None
    lineage = {
        "_region": lambda: _shared([(origin.region, rows)]),
        "_extra": lambda: batch.extras,
        "_load_id": lambda: _shared([(origin.load_id, rows)]),
        "_landed_at": lambda: constant(landed_at, TIMESTAMP, rows),
        "_source_file": lambda: _shared(origin.files),
        "_source_line": lambda: batch.lines,
        "_source_offset": lambda: batch.offsets,
        "_snapshot_id": lambda: _shared([(origin.snapshot_id, rows)]),
        "_snapshot_at": lambda: constant(snapshot_at, TIMESTAMP, rows),
        dataset.partition: lambda: pc.if_else(batch.valid, days, None) if batch.invalid else days,
    }
    arrays = []
    for column in dataset.columns:
        if column.lineage:
            arrays.append(lineage[column.name]())
        else:
            array = batch.columns[column.name]
            arrays.append(_treated(array, treatment.columns.get(column.name, "keep"), treatment, schema, column.name))
    return pa.Table.from_arrays(arrays, names=schema.names)


def occurred_at(batch: Batch, event_time: str) -> pa.Array:
    """When the events happened: the producer's clock set right by how long before receipt it says it was."""
    event, sent, received = (batch.columns[name].view(pa.int64()) for name in (event_time, SENT, RECEIVED))
    trusted = pc.fill_null(pc.greater_equal(sent, event), False)
    set_right = pc.subtract(received, pc.subtract(sent, event))
    return pc.min_element_wise(pc.if_else(trusted, set_right, event), received).view(TIMESTAMP)


def _days(dataset: Dataset, batch: Batch, origin: Origin) -> pa.Array:
    if dataset.format == TABLE_DUMPS:
        assert origin.snapshot_at is not None, "a dump has an export time"
        return constant(origin.snapshot_at.date(), pa.date32(), len(batch))
    assert dataset.event_time is not None, "the contract names an event time"
    if dataset.format == EVENT_STREAM:
        return occurred_at(batch, dataset.event_time).cast(pa.date32())
    return batch.columns[dataset.event_time].cast(pa.date32())


def _treated(array: pa.Array, kind: str, treatment: Treatment, schema: pa.Schema, name: str) -> pa.Array:
    """A column after its personal class was applied."""
    wanted = schema.field(name).type
    if kind == "drop":
        return pa.nulls(len(array), wanted)
    if kind == "hash":
        texts = (None if value is None else str(value) for value in array.to_pylist())
        return pa.array([None if text is None else treatment.hash(text) for text in texts], wanted)
    return array if array.type == wanted else array.cast(wanted)


def _shared(texts: Sequence[tuple[str | None, int]]) -> pa.Array:
    """Texts, each for so many rows, as an array with a dictionary; null for all rows where there is none."""
    if texts[0][0] is None:
        return pa.nulls(sum(rows for _, rows in texts), pa.string())
    places = pa.concat_arrays([constant(at, pa.int32(), rows) for at, (_, rows) in enumerate(texts)])
    return pa.DictionaryArray.from_arrays(places, pa.array([text for text, _ in texts], pa.string()))


def constant(value: object, kind: pa.DataType, rows: int) -> pa.Array:
    """An array of one value."""
    return pa.repeat(pa.scalar(value, kind), rows)
