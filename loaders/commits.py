"""From the results of jobs to a committed load: the names its files take, and the tables that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from loaders import loads, quarantine
from loaders.jobs import Result, Run, State
from loaders.lake import Part, write_parquet
from loaders.loads import DataFile, Load, SourceFile
from loaders.locks import Held
from loaders.store import Store

LOADS = pa.schema(
    [
        ("load_date", pa.date32()),
        ("load_id", pa.string()),
        ("dataset", pa.string()),
        ("source_path", pa.string()),
        ("bytes", pa.int64()),
        ("checksum", pa.string()),
        ("records_read", pa.int64()),
        ("records_landed", pa.int64()),
        ("records_quarantined", pa.int64()),
        ("records_duplicate_in_file", pa.int64()),
        ("snapshot_id", pa.string()),
        ("snapshot_at", pa.timestamp("us")),
        ("landed_at", pa.timestamp("us")),
        ("seconds", pa.float64()),
        ("blank_lines", pa.int64()),
    ]
)
LOAD_DATES = pa.schema(
    [
        ("load_date", pa.date32()),
        ("load_id", pa.string()),
        ("landed_at", pa.timestamp("us")),
        ("dataset", pa.string()),
        ("date_day", pa.date32()),
        ("records", pa.int64()),
        ("lost_rows", pa.bool_()),
    ]
)
STATES = pa.schema(
    [
        ("load_date", pa.date32()),
        ("load_id", pa.string()),
        ("landed_at", pa.timestamp("us")),
        ("dataset", pa.string()),
        ("snapshot_id", pa.string()),
        ("snapshot_at", pa.timestamp("us")),
        ("records", pa.int64()),
        ("records_before", pa.int64()),
    ]
)


@dataclass
class TakenAway:
    """What a load takes out of the lake: the rows of the source files `replaced`, by removing the files `removed`.

    What else those held waits to be put back: `parts`, `quarantined` by dataset, `others` as (temporary file, folder
    below the lake, rows). `days` are the days that lose rows, as (dataset, day). `replaced` also names the dumps that a
    load record lists, by folder.
    """

    replaced: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    quarantined: dict[str, list[Path]] = field(default_factory=dict)
    others: list[tuple[Path, str, int]] = field(default_factory=list)
    days: set[tuple[str, date]] = field(default_factory=set)


def commit(lake: Store, lock: Held, run: Run, results: Sequence[Result], away: TakenAway) -> None:
    """Name the files of all jobs and make them a load, which takes `away` what it replaces."""
    moves: list[tuple[Path, str]] = []
    files: list[DataFile] = []
    numbers: dict[str, int] = {}

    def place(temporary: Path, relative: str, rows: int) -> None:
        moves.append((temporary, relative))
        files.append(DataFile(relative, rows, temporary.stat().st_size))

    def numbered(folder: str) -> str:
        numbers[folder] = numbers.get(folder, -1) + 1
        return f"{folder}/{run.load_id}-{numbers[folder]}.parquet"

    states = [result.state for result in results if result.state is not None]
    days = dict.fromkeys(away.days, 0)
    days |= {(state.dump.dataset, state.dump.at.date()): 0 for state in states}  # of those without rows, too
    for part in (part for result in results for part in result.parts):
        place(Path(part.temporary), numbered(part.folder), part.rows)
        days[part.dataset, part.day] = days.get((part.dataset, part.day), 0) + part.rows
    for part in (part for result in results for part in result.changes):
        place(Path(part.temporary), numbered(part.folder), part.rows)
    for part in away.parts:
        place(Path(part.temporary), numbered(part.folder), part.rows)
    for temporary, folder, rows in away.others:
        place(temporary, numbered(folder), rows)
    for name in sorted(run.datasets):
        aside = [*away.quarantined.get(name, [])]
        aside += [result.quarantined for result in results if result.quarantined and result.dataset == name]
        if aside:
            joined = run.temporary / f"quarantine-{name}.tmp"
            rows = quarantine.join(aside, joined)
            place(joined, f"quarantine/{name}/{run.load_id}.parquet", rows)
    sources = [source for result in results for source in result.sources]
    told = [("loads", _loads(run, sources)), ("load_dates", _load_dates(run, days, away.days))]
    if states:
        told.append(("states", _states(run, states)))
    for kind, table in told:
        temporary = run.temporary / f"{kind}.tmp"
        write_parquet(table, temporary)
        day = run.landed_at.date().isoformat()
        place(temporary, f"raw/lake/{kind}/load_date={day}/{run.load_id}.parquet", len(table))
    load = Load(
        run.load_id,
        run.landed_at.isoformat(),
        sources,
        files,
        replaced=away.replaced,
        removed=away.removed,
        dumps=[
            result.dump
            for result in results
            if result.dump is not None and (result.dump.incremental or not result.sources)
        ],
    )
    loads.commit(lake, lock, load, moves)


def _loads(run: Run, sources: list[SourceFile]) -> pa.Table:
    rows = [
        {
            "load_date": run.landed_at.date(),
            "load_id": run.load_id,
            "dataset": source.dataset,
            "source_path": source.source_path,
            "bytes": source.bytes,
            "checksum": source.checksum,
            "records_read": source.records_read,
            "records_landed": source.records_landed,
            "records_quarantined": source.records_quarantined,
            "records_duplicate_in_file": source.records_duplicate_in_file,
            "snapshot_id": source.snapshot_id,
            "snapshot_at": datetime.fromisoformat(source.snapshot_at).replace(tzinfo=None)
            if source.snapshot_at
            else None,
            "landed_at": run.landed_at.replace(tzinfo=None),
            "seconds": source.seconds,
            "blank_lines": source.blank_lines,
        }
        for source in sources
    ]
    return pa.Table.from_pylist(rows, LOADS)


def _load_dates(run: Run, days: dict[tuple[str, date], int], lost: set[tuple[str, date]]) -> pa.Table:
    rows = [
        {
            "load_date": run.landed_at.date(),
            "load_id": run.load_id,
            "landed_at": run.landed_at.replace(tzinfo=None),
            "dataset": dataset,
            "date_day": day,
            "records": records,
            "lost_rows": (dataset, day) in lost,
        }
        for (dataset, day), records in sorted(days.items())
    ]
    return pa.Table.from_pylist(rows, LOAD_DATES)


def _states(run: Run, states: Sequence[State]) -> pa.Table:
    rows = [
        {
            "load_date": run.landed_at.date(),
            "load_id": run.load_id,
            "landed_at": run.landed_at.replace(tzinfo=None),
            "dataset": state.dump.dataset,
            "snapshot_id": state.dump.snapshot_id,
            "snapshot_at": state.dump.at.replace(tzinfo=None),
            "records": state.rows,
            "records_before": state.rows_before,
        }
        for state in states
    ]
    return pa.Table.from_pylist(rows, STATES)
