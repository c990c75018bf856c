"""`earshot quarantine replay`: land the quarantined records that now pass, because their contract was mended.

A replay is a load. The records it lands leave the quarantine, and the counts of their source files follow, so that
read = landed + quarantined holds for each file as before. Records without text (region cn) stay where they are,
and so do those of which more was cut out than their contract now wants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from loaders import contracts, exports, jsontext, loads, quarantine, states
from loaders.batches import Batch
from loaders.changes import ChangeShape, kept_as
from loaders.commits import TakenAway, commit
from loaders.contracts import TABLE_DUMPS, Column, Dataset
from loaders.dynamodb import ItemShape
from loaders.errors import EarshotError
from loaders.jobs import Result, Run
from loaders.judge import Invalid
from loaders.lake import CHANGES, RAW, PartitionWriter, check, claim, open_lake, write_parquet
from loaders.loads import Landed, SourceFile
from loaders.locks import writer_lock
from loaders.personal import UNDECLARED, plain, require_key, treatment
from loaders.records import BLANKS
from loaders.shapes import Judged, LineShape, Shape, column_array, held
from loaders.store import Store, said
from loaders.tables import Origin, table


@dataclass
class Counts:
    """Of one dataset: how many records were landed, how many are still quarantined."""

    landed: int = 0
    quarantined: int = 0


def replay(lake_address: str, only: Sequence[str] = ()) -> dict[str, Counts]:
    """Land what now passes, of the datasets named by `only` (default all); counts by dataset.

    Raises EarshotError as `land` does.
    """
    datasets = contracts.read()
    for name in only:
        if name not in datasets:
            raise EarshotError(f"There is no dataset {name!r}; there are {', '.join(datasets)}.", code=2)
    require_key(datasets.values())
    lake = open_lake(lake_address)
    check(lake)
    with writer_lock(lake) as lock, said(lake.scratch()):
        claim(lake)
        there = loads.recover(lake)
        load_id = loads.new_load_id(lake, there)
        run = Run(datasets, lake.scratch() / load_id, load_id, loads.landed_at(load_id))
        landed = loads.landed(lake, there)
        counts: dict[str, Counts] = {}
        results: list[Result] = []
        away = TakenAway()
        try:
            for name in only or datasets:
                result = _dataset(lake, run, datasets[name], landed, counts.setdefault(name, Counts()), away)
                if result.sources:
                    results.append(result)
            if results:
                states.follow(lake, run, results, landed, {}, away)
                _take_away_counts(lake, run, {source.source_path for r in results for source in r.sources}, away)
                commit(lake, lock, run, results, away)
        finally:
            loads.recover(lake, load_id)
    return {name: count for name, count in counts.items() if count != Counts()}


def _dataset(lake: Store, run: Run, dataset: Dataset, landed: Landed, counts: Counts, away: TakenAway) -> Result:
    """Write the records of a dataset that now pass, and each quarantine file they leave without them."""
    temporary = run.temporary / dataset.name
    temporary.mkdir(parents=True)
    writers = {}
    for root in (RAW, CHANGES):
        (temporary / root).mkdir()
        writers[root] = PartitionWriter(temporary / root, dataset, root)
    changed: dict[str, SourceFile] = {}
    for path in quarantine.files(lake, dataset.name):
        with lake.open(path) as opened:
            rows = pq.ParquetFile(opened).read()
        kept = [True] * len(rows)
        places = list(enumerate(rows.to_pylist()))
        for (file, region, cleaned), group in groupby(places, key=_kind):
            shape = _shape(dataset, run, region, file, cleaned, landed)
            passing = list(_passing(shape, group)) if shape is not None else []
            if shape is None or not passing:
                continue
            for at, _, _, _ in passing:
                kept[at] = False
            source = changed.setdefault(file, msgspec.structs.replace(landed.sources[file], load_id=""))
            source.records_landed += len(passing)
            source.records_quarantined -= len(passing)
            is_changes = isinstance(shape, ChangeShape)
            rows_as = kept_as(dataset) if is_changes else dataset
            writers[CHANGES if is_changes else RAW].write(_table(rows_as, run, source, region, shape, passing))
        counts.landed += kept.count(False)
        counts.quarantined += kept.count(True)
        if not all(kept):
            away.removed.append(path)
            if any(kept):
                place = temporary / f"kept-{PurePosixPath(path).stem}.tmp"
                pq.write_table(rows.filter(pa.array(kept)), place, compression="zstd")
                away.quarantined.setdefault(dataset.name, []).append(place)
    return Result(dataset.name, writers[RAW].close(), writers[CHANGES].close(), sources=list(changed.values()))


Passing = tuple[int, int, int, Judged]  # position in the quarantine file, line, offset, what it is


def _kind(place: tuple[int, dict[str, Any]]) -> tuple[str, str | None, str | None]:
    """What rows must share to be landed together: source file, region and what was cut out of them."""
    row = place[1]
    return row["source_file"], row["region"], row.get("cleaned")


def _passing(shape: Shape, rows: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[Passing]:
    """The records that pass now."""
    for at, row in rows:
        record = row["record"]
        if record is None:
            continue
        try:
            parsed = jsontext.scan(record)
            if not record[parsed.end :].strip(BLANKS):
                yield at, row["source_line"], row["source_offset"], shape.judge(parsed, record)
        except (jsontext.NotJson, Invalid):
            continue


def _shape(
    dataset: Dataset, run: Run, region: str | None, file: str, cleaned: str | None, landed: Landed
) -> Shape | None:
    """The shape of records; None where too much was cut out of them to land them under the contract of now."""
    rules = treatment(dataset, run.datasets.values(), region)
    if cleaned is not None:
        fields = msgspec.json.decode(cleaned, type=dict[str, str])
        after = rules.after(fields)
        if after is None:
            return None
        dataset, rules = _without_rules(dataset, fields), after
    if dataset.format != TABLE_DUMPS:
        return LineShape(dataset, rules)
    dump = landed.dumps.get(exports.folder_of(file, landed.sources[file].snapshot_id))
    if dump is not None and dump.incremental:
        return ChangeShape(dataset, rules)
    return ItemShape(dataset, rules, wrapped=file.split("/")[2] == exports.NATIVE)


def _without_rules(dataset: Dataset, cleaned: dict[str, str]) -> Dataset:
    """The contract for records that were cleaned: a value that was cut out was there, and a hash is any text."""
    hashed = {plain(name.removeprefix(UNDECLARED)) for name, before in cleaned.items() if before == "hash"}
    columns = []
    for column in dataset.columns:
        if column.name in cleaned:
            column = replace(column, required=False)
        if column.personal and plain(column.name) in hashed:
            column = Column(column.name, column.staged_name, "string", column.required, personal=column.personal)
        columns.append(column)
    return replace(dataset, columns=tuple(columns))


def _table(
    dataset: Dataset,
    run: Run,
    source: SourceFile,
    region: str | None,
    shape: Shape,
    passing: list[Passing],
) -> pa.Table:
    """The rows of records of one source file that pass."""
    rows = [judged.row for _, _, _, judged in passing]
    columns = {}
    for column in shape.dataset.declared:
        values = list(map(attrgetter(shape.names[column.name]), rows))
        columns[column.name], _ = column_array(column, [held(column, values)])
    carried = shape.extras(rows)
    extras = [carried.get(at, judged.extra) for at, (_, _, _, judged) in enumerate(passing)]
    batch = Batch(
        columns,
        pa.array([line for _, line, _, _ in passing], pa.int64()),
        pa.array([offset for _, _, offset, _ in passing], pa.int64()),
        pa.array(extras, pa.string()),
        keys=None,
        sizes=[len(passing)],
    )
    taken = datetime.fromisoformat(source.snapshot_at) if source.snapshot_at else None
    origin = Origin(run.load_id, run.landed_at, [(source.source_path, len(passing))], region, source.snapshot_id, taken)
    return table(dataset, contracts.arrow_schema(dataset), batch, shape.treatment, origin)


def _take_away_counts(lake: Store, run: Run, paths: set[str], away: TakenAway) -> None:
    """Take the rows of source files out of raw/lake/loads: the replay's load tells of them anew."""
    temporary = run.temporary / "counts"
    temporary.mkdir()
    for path, _, _ in loads.data_files(lake, "raw/lake/loads"):
        with lake.open(path) as file:
            rows = pq.ParquetFile(file).read()
        kept = pa.array([source not in paths for source in rows.column("source_path").to_pylist()], pa.bool_())
        left = rows.filter(kept)
        if len(left) == len(rows):
            continue
        away.removed.append(path)
        if len(left):
            place = temporary / f"{len(away.removed)}.tmp"
            write_parquet(left, place)
            away.others.append((place, path.rsplit("/", 1)[0], len(left)))
