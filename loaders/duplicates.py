"""Exact duplicate deliveries: records equal in all that was delivered, of which a compaction keeps one.

Where each of the others stood is noted in `duplicates/`, with the place of the one that was kept. So every record is
accounted for, and a copy comes back when the file of the one that was kept is landed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders import loads
from loaders.commits import TakenAway
from loaders.lake import write_parquet
from loaders.store import Store

# Where a record stood, which tells it from all others; and with it, what the loaders say of a delivery.
PLACE = ("_source_file", "_source_line", "_source_offset")
LINEAGE = ("_load_id", "_landed_at", *PLACE)
# A note: the lineage of the copy that was dropped, and the place of the one that was kept.
KEPT = ("kept_source_file", "kept_source_offset")
SCHEMA = pa.schema(
    [
        ("_load_id", pa.string()),
        ("_landed_at", pa.timestamp("us")),
        ("_source_file", pa.string()),
        ("_source_line", pa.int64()),
        ("_source_offset", pa.int64()),
        ("kept_source_file", pa.string()),
        ("kept_source_offset", pa.int64()),
    ]
)


def drop(tables: Iterator[pa.Table], content: Sequence[str], note: Callable[[pa.Table], None]) -> Iterator[pa.Table]:
    """Leave out the rows that equal the one before them in the columns `content`, and note where they stood.

    Rows that are equal must follow each other; the column `#` holds a hash of them.
    """
    last: pa.Table | None = None  # the row that was kept last
    for table in tables:
        if not len(table):
            continue
        rows = table if last is None else pa.concat_tables([last, table])
        copies = _like_those_before(rows, content)
        firsts: list[int] = []
        before = -1
        for at in copies.to_pylist():
            # Of a run of equal rows the first is kept.
            firsts.append(firsts[-1] if at - 1 == before else at - 1)
            before = at
        if firsts:
            kept = rows.select(["_source_file", "_source_offset"]).take(pa.array(firsts))
            columns = [*rows.select(LINEAGE).take(copies).columns, *kept.columns]
            note(pa.Table.from_arrays(columns, names=SCHEMA.names).cast(SCHEMA))
        places = pa.arange(0, len(rows), 1)
        stays = pc.invert(pc.is_in(places, value_set=copies))
        left = rows.filter(stays)
        yield left if last is None else left.slice(1)  # the first was given with the table before
        last = left.slice(len(left) - 1).take(pa.array([0]))  # a copy: a slice would keep them all in memory


def take_away(
    lake: Store, name: str, replaced: Collection[str], away: TakenAway, temporary: Path
) -> dict[str, pa.Table]:
    """Add to `away` the notes of dataset `name` that tell of source files which are replaced.

    Returns, by the name of the day's folder, the notes of copies that were dropped for a record of such a file: they
    have to come back when that goes.
    """
    back: dict[str, pa.Table] = {}
    gone = pa.array(sorted(replaced), pa.string())
    for path in (PurePosixPath(entry.path) for entry in loads.data_files(lake, f"duplicates/{name}")):
        with lake.open(str(path)) as file:
            notes = pq.ParquetFile(file).read()
        void = pc.is_in(notes.column("_source_file"), value_set=gone)
        loose = pc.is_in(notes.column("kept_source_file"), value_set=gone)
        if not pc.any(pc.or_(void, loose)).as_py():
            continue
        away.removed.append(str(path))
        left = notes.filter(pc.invert(pc.or_(void, loose)))
        if len(left):
            place = temporary / f"notes-{len(away.removed)}.tmp"
            write_parquet(left, place)
            away.others.append((place, str(path.parent), len(left)))
        day = path.parent.name
        back[day] = pa.concat_tables([*([back[day]] if day in back else []), notes.filter(pc.and_not(loose, void))])
    return back


def copies(rows: pa.Table, notes: pa.Table) -> pa.Table:
    """The copies that notes tell of, of those records that are among `rows`."""
    places = zip(rows.column("_source_file").to_pylist(), rows.column("_source_offset").to_pylist(), strict=True)
    at = {place: number for number, place in enumerate(places)}
    kept = zip(*(notes.column(name).to_pylist() for name in KEPT), strict=True)
    found = [(number, at[place]) for number, place in enumerate(kept) if place in at]
    made = rows.take(pa.array([position for _, position in found], pa.int64()))
    told = notes.take(pa.array([number for number, _ in found], pa.int64()))
    for name in LINEAGE:
        made = made.set_column(made.schema.get_field_index(name), made.schema.field(name), told.column(name))
    return made


def _like_those_before(rows: pa.Table, content: Sequence[str]) -> pa.Int64Array:
    """The positions of the rows that equal the one before them."""
    hashes = rows.column("#").combine_chunks()
    rest = max(len(hashes) - 1, 0)
    found = pc.indices_nonzero(pc.equal(hashes.slice(1), hashes.slice(0, rest))).cast(pa.int64())
    for name in content:
        if not len(found):
            break
        column = rows.column(name)
        found = found.filter(_equal(column.take(found), column.take(pc.add(found, 1))))
    return pc.add(found, 1)


def _equal(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
    """Which values are the same; null is like null, and -0.0 is not 0.0."""
    one, other = left.combine_chunks(), right.combine_chunks()
    if pa.types.is_floating(one.type):
        one, other = one.view(pa.int64()), other.view(pa.int64())
    return pc.if_else(pc.is_null(one), pc.is_null(other), pc.fill_null(pc.equal(one, other), False))
