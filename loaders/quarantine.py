"""Records that were put aside: each with its place, the reason and its original bytes, in `quarantine/<dataset>/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loaders import loads
from loaders.errors import EarshotError
from loaders.lake import check
from loaders.locks import reader_lock
from loaders.rejected import Rejected
from loaders.store import Store, said

SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
        ("source_offset", pa.int64()),
        ("field", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("record", pa.binary()),  # null where the text must not be kept
        # Null where the record is as it came. Else a JSON object: the name of a declared field whose value was cut out,
        # or `*` and the plain name of an undeclared one, to `drop`, `hash` (its hash stands there now) or `lost` (it
        # broke its rule, so the record can't be judged again).
        ("cleaned", pa.string()),
        ("load_id", pa.string()),
        ("landed_at", pa.timestamp("us")),
        ("region", pa.string()),
    ]
)
_WAITING = 8 << 20

# One code a rule. docs/landing.md tells what each means for the one who has to mend it.
REASONS = (
    "not_json",
    "trailing_text",
    "not_utf8",
    "wrong_encoding",
    "lone_surrogate",
    "duplicate_key",
    "too_deep",
    "not_an_object",
    "missing",
    "wrong_type",
    "not_in_enum",
    "too_short",
    "too_long",
    "below_min",
    "above_max",
    "integer_too_large",
    "not_finite",
    "bad_timestamp",
    "bad_date",
    "bad_number",
    "bad_base64",
    "not_typed",
    "key_differs",
)

# Records hardly repeat, and a long one would stand in memory several times.
_REPETITIVE = [name for name in SCHEMA.names if name not in ("record", "cleaned")]
_OPTIONS = {"compression": "zstd", "use_dictionary": _REPETITIVE, "write_statistics": _REPETITIVE}


class Writer:
    """Writes the put-aside records of one dataset and load to a temporary file, made when the first comes."""

    def __init__(self, path: Path, dataset: str, load_id: str, landed_at: datetime) -> None:
        self.path = path
        self._constants = (dataset, load_id, landed_at)
        self._rows: list[dict[str, object]] = []
        self._bytes = 0
        self._file: pq.ParquetWriter | None = None

    def write(self, source_file: str, region: str | None, rejected: Sequence[Rejected]) -> None:
        """Take the put-aside records of one source file."""
        dataset, load_id, landed_at = self._constants
        for one in rejected:
            self._rows.append(
                {
                    "dataset": dataset,
                    "source_file": source_file,
                    "source_line": one.line,
                    "source_offset": one.offset,
                    "field": one.field,
                    "reason": one.reason,
                    "detail": one.detail,
                    "record": one.record,
                    "cleaned": one.cleaned,
                    "load_id": load_id,
                    "landed_at": landed_at.replace(tzinfo=None),
                    "region": region,
                }
            )
            self._bytes += 256 + len(one.record or b"")
            if self._bytes >= _WAITING:
                self._flush()

    def close(self) -> Path | None:
        """Finish the file; its path, None when nothing was put aside."""
        if self._rows:
            self._flush()
        if self._file is None:
            return None
        self._file.close()
        return self.path

    def _flush(self) -> None:
        if self._file is None:
            self._file = pq.ParquetWriter(self.path, SCHEMA, **_OPTIONS)
        self._file.write_table(pa.Table.from_pylist(self._rows, SCHEMA))
        self._rows, self._bytes = [], 0


def join(parts: Sequence[Path], path: Path) -> int:
    """Write the records of several temporary files into one, in order; return how many there are."""
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, **_OPTIONS) as file:
        for part in parts:
            opened = pq.ParquetFile(part)
            for group in range(opened.num_row_groups):  # of about _WAITING bytes each, however long the records are
                some = current(opened.read_row_group(group))
                file.write_table(some)
                rows += len(some)
                del some
    return rows


def current(rows: pa.Table) -> pa.Table:
    """Rows of a quarantine file in the schema of today: an older file lacks what was added since."""
    for name in set(SCHEMA.names) - set(rows.column_names):
        rows = rows.append_column(name, pa.nulls(len(rows), SCHEMA.field(name).type))
    return rows.select(SCHEMA.names).cast(SCHEMA)


@dataclass(frozen=True)
class Group:
    """How many records of a dataset were put aside for a reason, and where the newest of them stands."""

    dataset: str
    reason: str
    field: str | None
    records: int
    newest_source: str


def groups(lake: Store, dataset: str | None = None, reason: str | None = None) -> list[Group]:
    """Counts by dataset, reason and field, largest first within a dataset."""
    counts: Counter[tuple[str, str, str | None]] = Counter()
    newest: dict[tuple[str, str, str | None], str] = {}
    columns = ["dataset", "reason", "field", "source_file", "source_line"]
    for row in _rows(lake, dataset, reason, columns):
        key = (str(row["dataset"]), str(row["reason"]), None if row["field"] is None else str(row["field"]))
        counts[key] += 1
        newest[key] = f"{row['source_file']}:{row['source_line']}"
    ordered = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1], item[0][2] or ""))
    return [Group(*key, count, newest[key]) for key, count in ordered]


def show(
    lake: Store, dataset: str | None = None, reason: str | None = None, limit: int | None = None
) -> list[dict[str, object]]:
    """The records themselves, oldest load first, as rows of SCHEMA; `record` is bytes or None."""
    found: list[dict[str, object]] = []
    for row in _rows(lake, dataset, reason, SCHEMA.names):
        if limit is not None and len(found) >= limit:
            break
        found.append(row)
    return found


def files(lake: Store, dataset: str | None = None) -> list[str]:
    """The paths of the quarantine files of committed loads, by dataset and load."""
    return [entry.path for entry in loads.data_files(lake, f"quarantine/{dataset}" if dataset else "quarantine")]


def _rows(lake: Store, dataset: str | None, reason: str | None, columns: list[str]) -> Iterator[dict[str, object]]:
    """Rows of committed loads, by dataset and load."""
    if reason is not None and reason not in REASONS:
        raise EarshotError(f"There is no reason {reason!r}; the reasons are {', '.join(REASONS)}.", code=2)
    if not check(lake):
        return
    with reader_lock(lake):  # so that no file goes that was found
        for path in files(lake, dataset):
            with said(lake.address), lake.open(path) as file:
                for batch in pq.ParquetFile(file).iter_batches(batch_size=4096, columns=columns):
                    for row in batch.to_pylist():
                        if reason is None or row["reason"] == reason:
                            yield row
