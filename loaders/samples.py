"""Sample files, read as `land` reads them, and what was seen of each of their fields."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from math import isfinite
from pathlib import Path
from typing import Any

from loaders import dynamodb, jsontext, times
from loaders.batches import Batch
from loaders.contracts import CHANGE_MESSAGES, OPERATION, TABLE_DUMPS, Dataset
from loaders.errors import EarshotError
from loaders.inbox import unfinished
from loaders.jobs import batches, no_collector
from loaders.jsontext import Number
from loaders.judge import INT64, Invalid
from loaders.personal import UNTREATED, reads_like_email
from loaders.records import Reader
from loaders.shapes import LineShape, Shape
from loaders.store import Folder
from loaders.textfiles import Refused, Source

# Of a text field so many different values are told apart, each up to a length.
MAX_VALUES, MAX_LENGTH = 32, 64
DELETE = "delete"
# Epoch milliseconds of 2001 to 2100: an integer within may be a time.
_MILLISECONDS = range(10**12, 4_102_444_800_000)
_ITEM = {"Item"}
_decode = json.JSONDecoder(parse_int=Number, parse_float=Number).decode


@dataclass
class Seen:
    """A field in the samples: `kinds` counts its types where it was not null.

    Types are JSON's, for DynamoDB's too: N is `integer` or `number`; S, BOOL, M, L are string, boolean, object, array;
    SS is `set`; B, NS and BS are `other`. The flags hold for all values of that type.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    in_deletes: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    many_texts: bool = False
    timestamps: bool = True  # texts
    dates: bool = True
    emails: bool = True
    milliseconds: bool = True  # integers
    int64: bool = True
    exact: bool = True  # numbers that a 64-bit float holds digit by digit
    finite: bool = True
    negative: bool = False
    low: float = float("inf")
    high: float = float("-inf")
    all_strings: bool = True  # arrays

    @property
    def records(self) -> int:
        """In how many records the field was not null."""
        return self.kinds.total()

    def add(self, kind: str, value: Any) -> None:
        """Take one value as `jsontext` parses it."""
        self.kinds[kind] += 1
        if kind == "string":
            self._text(value)
        elif kind in ("integer", "number"):
            self._number(kind, value)
        elif kind == "array":
            self.all_strings = self.all_strings and all(type(element) is str for element in value)

    def _text(self, value: str) -> None:
        self.timestamps = self.timestamps and times.micros(value) is not None
        self.dates = self.dates and times.day(value) is not None
        self.emails = self.emails and reads_like_email(value)
        if not self.many_texts:
            self.texts[value] += 1
            if len(value) > MAX_LENGTH or len(self.texts) > MAX_VALUES:
                self.many_texts = True
                self.texts.clear()

    def _number(self, kind: str, value: Number) -> None:
        near = float(value)
        self.negative = self.negative or value.startswith("-")
        self.low, self.high = min(self.low, near), max(self.high, near)
        if kind == "integer":
            # int() refuses very long texts.
            whole = int(value) if len(value) <= 20 else INT64[1] + 1
            self.int64 = self.int64 and INT64[0] <= whole <= INT64[1]
            self.milliseconds = self.milliseconds and whole in _MILLISECONDS
        if not isfinite(near):
            self.finite = self.exact = False
        elif self.exact:
            try:
                self.exact = Decimal(repr(near)) == Decimal(value)
            except InvalidOperation:  # an exponent beyond any range
                self.finite = self.exact = False


@dataclass
class Samples:
    """All sample files: fields in the order they were seen, and what `land` would put aside, by reason and field."""

    files: list[Path]
    format: str
    records: int = 0
    deletes: int = 0
    fields: dict[str, Seen] = field(default_factory=dict)
    nulls: set[str] = field(default_factory=set)  # fields that were null somewhere
    wrapped: set[bool] = field(default_factory=set)  # whether items stand in {"Item": …}
    rejected: Counter[tuple[str, str | None]] = field(default_factory=Counter)


def files(paths: Sequence[Path]) -> list[Path]:
    """The files named, a folder standing for all finished files below it; raises EarshotError when one isn't there."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(place for place in path.rglob("*") if place.is_file())
            inside = [place for place in below if not any(map(unfinished, place.relative_to(path).parts))]
            found.extend(place for place in inside if not place.name.startswith("manifest"))
        elif path.exists():
            found.append(path)
        else:
            raise EarshotError(f"There is no file {path}; name files with sample records.", code=2)
    return list(dict.fromkeys(found))


def read(paths: Sequence[Path], form: str) -> Samples:
    """Look at every record of the files, which hold records of a format; raises EarshotError when one can't be read."""
    found = Samples(files(paths), form)
    anything = Dataset("sample", "", "", CHANGE_MESSAGES, (), None, ())
    with no_collector():
        for batch in _batches(found.files, LineShape(anything, UNTREATED)):
            found.rejected.update((one.reason, one.field) for one in batch.rejected)
            for text in batch.extras.to_pylist():
                _take(found, _decode(text) if text is not None else {})
    return found


def held_against(paths: Sequence[Path], shape: Shape) -> tuple[int, Counter[tuple[str, str | None]]]:
    """How many records of the files a contract takes, and how many it puts aside, by reason and field."""
    landed = 0
    rejected: Counter[tuple[str, str | None]] = Counter()
    with no_collector():
        for batch in _batches(paths, shape):
            landed += len(batch)
            rejected.update((one.reason, one.field) for one in batch.rejected)
    return landed, rejected


def _batches(paths: Sequence[Path], shape: Shape) -> Iterator[Batch]:
    for path in paths:
        try:
            yield from batches(Source(Folder(path.parent), path.name), Reader(shape, None))
        except Refused as why:
            raise EarshotError(f"The sample {path} can't be read: {why}; leave it out or mend it.") from why


def _take(found: Samples, record: Mapping[str, Any]) -> None:
    typed = found.format == TABLE_DUMPS
    if typed:
        wrapped = record.keys() == _ITEM and isinstance(record["Item"], dict)
        found.wrapped.add(wrapped)
        record = record["Item"] if wrapped else record
    values: dict[str, tuple[str, Any]] = {}
    try:
        for name, value in record.items():
            values[name] = _typed(name, value) if typed else (jsontext.kind(value), value)
    except Invalid as fault:
        found.rejected[fault.reason, fault.field] += 1
        return
    found.records += 1
    deleted = found.format == CHANGE_MESSAGES and record.get(OPERATION) == DELETE
    found.deletes += deleted
    for name, (kind, value) in values.items():
        seen = found.fields.get(name)
        if seen is None:
            seen = found.fields[name] = Seen()
        if kind == "null":
            found.nulls.add(name)
        else:
            seen.add(kind, value)
            seen.in_deletes += deleted


def _typed(name: str, value: Any) -> tuple[str, Any]:
    """The type, as `Seen` has them, and the plain value of a DynamoDB value; raises Invalid."""
    plain = dynamodb.plain(value, name)
    kind = next(iter(value)).upper()
    if kind == "N":
        return jsontext.kind(plain), plain
    kinds = {"S": "string", "BOOL": "boolean", "M": "object", "L": "array", "SS": "set"}
    return "null" if plain is None else kinds.get(kind, "other"), plain
