"""What arrives that no contract declares.

Two places tell. Fields that nobody declares lie in `_extra` of the landed rows. Values that are not in a declared
list, and types other than declared, lie in quarantine; their records are held against the contracts as they are today,
so what was declared meanwhile is no drift any more. A value is never shown where its name or its look is personal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders import contracts, jsontext, quarantine
from loaders.contracts import CHANGE_MESSAGES, EVENT_STREAM, TABLE_DUMPS, Column, Dataset
from loaders.dynamodb import ItemShape
from loaders.errors import EarshotError
from loaders.inbox import REGIONS, unfinished
from loaders.judge import Invalid
from loaders.loads import data_files
from loaders.locks import reader_lock
from loaders.personal import UNTREATED, looks_personal, plain, reads_like_email
from loaders.shapes import LineShape
from loaders.store import Store, said

# A producer may use data as names: so many fields of a dataset are told one by one, and so many values of a field.
MAX_FIELDS, MAX_VALUES = 1000, 100
EXAMPLE_LENGTH = 80
PERSONAL, NOT_KEPT = "looks personal", "not kept in region cn"
_ROWS = 1 << 16
_REASONS = ("not_in_enum", "wrong_type")
_decode = json.JSONDecoder(parse_int=jsontext.Number, parse_float=jsontext.Number).decode
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass
class Undeclared:
    """A field of landed rows that the contract does not declare: `name` for a top-level one, `name.member` one below.

    `types` counts JSON types, null among them. `example` is JSON text, cut; None where it is personal or always null.
    """

    name: str
    personal: bool
    records: int = 0
    types: Counter[str] = field(default_factory=Counter)
    example: str | None = None
    first: str = ""
    last: str = ""


@dataclass
class Refused:
    """What stands in quarantine where a contract declares otherwise.

    `seen` is the value (not_in_enum) or its type (wrong_type), None where it may not be shown; `hidden` says why.
    """

    field: str
    declared: str
    seen: str | None
    hidden: str | None
    records: int = 0
    example: str | None = None
    first: str = ""
    last: str = ""


@dataclass
class Drift:
    """The drift of one dataset; rows looked at, and of what the dates of `undeclared` are those: a partition column."""

    dataset: str
    dated_by: str
    rows: int = 0
    undeclared: list[Undeclared] = field(default_factory=list)
    not_in_enum: list[Refused] = field(default_factory=list)
    wrong_type: list[Refused] = field(default_factory=list)
    more: int = 0  # values of fields, and quarantined records, beyond what is told one by one

    def __bool__(self) -> bool:
        return bool(self.undeclared or self.not_in_enum or self.wrong_type)


def drift(lake: Store, only: Sequence[str] = (), since: date | None = None) -> list[Drift]:
    """The drift of each dataset (default all) in the files of committed loads, since a date.

    The date is that of the partition for landed rows and of landing for quarantined ones. Memory is bounded whatever
    the lake's size. Raises EarshotError when a dataset is named that no contract knows.
    """
    datasets = contracts.read()
    for name in only:
        if name not in datasets:
            raise EarshotError(f"There is no dataset {name!r}; there are {', '.join(datasets)}.", code=2)
    discretion = _Discretion({plain(c.name) for dataset in datasets.values() for c in dataset.columns if c.personal})
    found = [Drift(name, datasets[name].partition) for name in dict.fromkeys(only or datasets)]
    if lake.exists():
        with reader_lock(lake), said(lake.address):
            for one in found:
                _Fields(datasets[one.dataset], discretion, one).read(lake, since)
                _Quarantined(datasets[one.dataset], discretion, one).read(lake, since)
    return found


def unclaimed(inbox: Store, datasets: Mapping[str, Dataset]) -> list[tuple[str, str]]:
    """Folders of the inbox that no contract claims: (path, why)."""
    kinds = {"events": EVENT_STREAM, "dynamodb": TABLE_DUMPS, "catalog": CHANGE_MESSAGES}
    found = []
    for root in inbox.folders():
        if root not in kinds:
            if not unfinished(root):
                found.append((root, f"there are {', '.join(kinds)}, and no source is named {root}"))
            continue
        regions = inbox.folders(root) if root == "events" else [""]
        for region in regions:
            if region and region not in REGIONS:
                found.append((f"{root}/{region}", f"the region {region} is none of {', '.join(REGIONS)}"))
                continue
            folder = f"{root}/{region}".rstrip("/")
            for name in inbox.folders(folder):
                dataset = datasets.get(name)
                claimed = dataset is not None and (dataset.source, dataset.format) == (root, kinds[root])
                if not claimed and not unfinished(name):
                    found.append((f"{folder}/{name}", f"no contract of the source {root} is named {name}"))
    return found


class _Discretion:
    """What may be shown: nothing that is personal by a contract, by its name or by what it looks like."""

    def __init__(self, names: set[str]) -> None:
        self._names = names  # of the contracts' personal columns, as `personal.plain` spells them

    def hides(self, name: str, value: Any) -> bool:
        """Whether a field's value must not be shown."""
        return plain(name) in self._names or looks_personal(name) or reads_like_email(value)

    def example(self, value: Any) -> str:
        """A value that may be shown, as JSON text, short and without its personal members."""
        return _cut(jsontext.dump(value, lambda name, member: None if self.hides(name, member) else member))


class _Fields:
    """Counts what stands in `_extra` of a dataset's rows."""

    def __init__(self, dataset: Dataset, discretion: _Discretion, found: Drift) -> None:
        self._dataset, self._discretion, self._found = dataset, discretion, found
        self._declared = {column.name for column in dataset.declared}
        self._fields: dict[str, Undeclared] = {}

    def read(self, lake: Store, since: date | None) -> None:
        mark = f"/{self._dataset.partition}="
        for entry in data_files(lake, f"raw/{self._dataset.source}/{self._dataset.name}"):
            day = entry.path.partition(mark)[2].partition("/")[0]
            if since is None or day >= since.isoformat():
                for text, rows in self._extras(lake, entry.path):
                    for key, value in _decode(text).items():
                        self._count(key, value, rows, day)
        self._found.undeclared = sorted(self._fields.values(), key=lambda one: (-one.records, one.name))

    def _extras(self, lake: Store, path: str) -> Iterator[tuple[str, int]]:
        """Each different `_extra` of some rows, and how many of them have it."""
        with lake.open(path) as opened:
            file = pq.ParquetFile(opened)
            self._found.rows += file.metadata.num_rows
            groups = [group for group in range(file.num_row_groups) if not _all_null(file, group)]
            for batch in file.iter_batches(_ROWS, groups, ["_extra"]) if groups else ():
                filled = batch.column(0).drop_null()
                if len(filled):
                    counted = filled.value_counts()
                    values, counts = counted.field("values"), counted.field("counts")
                    yield from zip(values.to_pylist(), counts.to_pylist(), strict=True)

    def _count(self, name: str, value: Any, rows: int, day: str) -> None:
        if name in self._declared:  # since then
            return
        self._note(name, [name], value, rows, day)
        if isinstance(value, dict):
            for key, member in value.items():
                self._note(f"{name}.{key}", [name, key], member, rows, day)

    def _note(self, path: str, names: list[str], value: Any, rows: int, day: str) -> None:
        one = self._fields.get(path)
        if one is None:
            if len(self._fields) >= MAX_FIELDS:
                self._found.more += rows
                return
            personal = any(self._discretion.hides(name, None) for name in names)
            one = self._fields[path] = Undeclared(path, personal, first=day, last=day)
        one.records += rows
        one.types[jsontext.kind(value)] += rows
        one.first, one.last = min(one.first, day), max(one.last, day)
        if not one.personal and reads_like_email(value):
            one.personal, one.example = True, None
        if one.example is None and value is not None and not one.personal:
            one.example = self._discretion.example(value)


class _Quarantined:
    """Counts what stands in a dataset's quarantine with another value or type than today's contract declares."""

    def __init__(self, dataset: Dataset, discretion: _Discretion, found: Drift) -> None:
        self._dataset, self._discretion, self._found = dataset, discretion, found
        self._columns = {column.name: column for column in dataset.declared}
        self._shapes: dict[str, LineShape | ItemShape] = {}
        self._counts: dict[tuple[str, str, str | None, str | None], Refused] = {}
        self._told: Counter[tuple[str, str]] = Counter()

    def read(self, lake: Store, since: date | None) -> None:
        for path in quarantine.files(lake, self._dataset.name):
            with lake.open(path) as opened:
                self._file(pq.ParquetFile(opened), since)
        ordered = sorted(self._counts.items(), key=lambda item: (item[0][1], -item[1].records, item[1].seen or ""))
        for (reason, *_), one in ordered:
            (self._found.not_in_enum if reason == "not_in_enum" else self._found.wrong_type).append(one)

    def _file(self, file: pq.ParquetFile, since: date | None) -> None:
        columns = ["field", "reason", "record", "landed_at"]
        for batch in file.iter_batches(1024, columns=columns):
            chosen = pc.is_in(batch.column("reason"), pa.array(_REASONS))
            for row in batch.filter(chosen).to_pylist():
                day = row["landed_at"].date()
                column = self._columns.get(row["field"])
                if column is not None and (since is None or day >= since):
                    self._record(column, row["reason"], row["record"], day.isoformat())

    def _record(self, column: Column, reason: str, record: bytes | None, day: str) -> None:
        if record is None:
            self._note(reason, column, None, NOT_KEPT, None, day)
            return
        value = self._value(record, column.name)
        today = self._judge(column, value)
        if today not in _REASONS:
            return
        bare = next(iter(value.values())) if self._dataset.format == TABLE_DUMPS else value
        hidden = PERSONAL if self._discretion.hides(column.name, bare) else None
        example = None if hidden else self._discretion.example(value)
        if today == "wrong_type":
            self._note(today, column, self._type(column, value), hidden, example, day)
        else:
            self._note(today, column, None if hidden else _cut(str(bare)), hidden, example, day)

    def _value(self, record: bytes, name: str) -> Any:
        """The value of a field as `jsontext` parses it; a DynamoDB value with its type. None where there is none."""
        try:
            members = _raw_members(record)
            if self._dataset.format == TABLE_DUMPS:
                wrapped = next((members[key] for key in ("Item", "NewImage") if key in members), None)
                if wrapped is not None and name not in members:
                    members = _raw_members(wrapped)
            return jsontext.scan(bytes(members[name])).value if name in members else None
        except (msgspec.DecodeError, jsontext.NotJson, RecursionError):
            return None

    def _judge(self, column: Column, value: Any) -> str | None:
        """Why today's contract refuses a value, None where it takes it."""
        shape = self._shapes.get(column.name)
        if shape is None:
            alone = replace(self._dataset, columns=(replace(column, required=False),))
            shape = LineShape(alone, UNTREATED)
            if self._dataset.format == TABLE_DUMPS:
                shape = ItemShape(alone, UNTREATED, wrapped=False)
            self._shapes[column.name] = shape
        try:
            shape.judge(jsontext.Parsed(0, {column.name: value}), b"")
        except Invalid as fault:
            return fault.reason
        return None

    def _type(self, column: Column, value: Any) -> str:
        if self._dataset.format == TABLE_DUMPS:
            kind, inside = next(iter(value.items()))
            kinds = {name for element in inside for name in element} if isinstance(inside, list) else set()
            return str(kind) if kind == "SS" or not kinds else f"{kind} of {', '.join(sorted(kinds))}"
        kind = jsontext.kind(value)
        if kind == "array" and column.type in ("string_list", "string_set"):
            return f"array of {', '.join(sorted({jsontext.kind(element) for element in value}))}"
        return kind

    def _note(
        self, reason: str, column: Column, seen: str | None, hidden: str | None, example: str | None, day: str
    ) -> None:
        key = (reason, column.name, seen, hidden)
        one = self._counts.get(key)
        if one is None:
            if self._told[reason, column.name] >= MAX_VALUES:
                self._found.more += 1
                return
            self._told[reason, column.name] += 1
            declared = column.type if reason == "wrong_type" else ", ".join(map(str, column.enum or ()))
            one = self._counts[key] = Refused(column.name, declared, seen, hidden, 0, example, day, day)
        one.records += 1
        one.first, one.last = min(one.first, day), max(one.last, day)


def _all_null(file: pq.ParquetFile, group: int) -> bool:
    """Whether a row group's statistics say that it holds no `_extra`."""
    metadata = file.metadata.row_group(group)
    for at in range(metadata.num_columns):
        column = metadata.column(at)
        if column.path_in_schema == "_extra":
            statistics = column.statistics
            return statistics is not None and bool(statistics.null_count == metadata.num_rows)
    return True


def _cut(text: str) -> str:
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"
