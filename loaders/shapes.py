"""What the contract of a JSON-lines dataset compiles to: a msgspec Struct that decodes and checks in one go.

The Struct takes a subset of what `judge` takes: whatever it refuses is judged again, and what it might have taken too
lightly (a key that stands twice, a timestamp, a field that only some records need) is looked at a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import repeat
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from loaders import jsontext, judge, times
from loaders.contracts import ARROW_TYPES, OPERATION, Column, Dataset
from loaders.judge import INT64
from loaders.personal import Treatment

# What `decode` of a shape may raise; then the line is judged exactly.
NOT_FAST = (msgspec.DecodeError, ValueError, RecursionError, judge.Invalid)
# A blank between a key and its colon, where `":` would not be found.
_GAP = re.compile(rb'"[ \t\r\n]+:')
_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}
_any_json = msgspec.json.Decoder().decode
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


# The values of some rows in one column: an array, or a sequence that Arrow does not take as it is.
Values: TypeAlias = Any


class Judged(NamedTuple):
    """A valid record: its row, and the JSON text of what no contract declares."""

    row: Any
    extra: str | None


class Taken(NamedTuple):
    """Where rows come from, text by text: the row n of the text t stands on `lines[t][where[t][n]]`.

    The rows that were `judged` (counted through) have distinct keys for sure; `numeric` ones hold a time as a number.
    """

    lines: Sequence[Sequence[bytes]]
    where: Sequence[pa.Array]
    judged: Set[int]
    numeric: Set[int]

    def of(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Rows, which are in order, each with its line."""
        first = text = 0
        for row in rows:
            while row >= first + len(self.where[text]):
                first += len(self.where[text])
                text += 1
            yield row, self.lines[text][self.where[text][row - first].as_py()]


class Looked(NamedTuple):
    """What a second look at rows finds: those that have to be judged, and JSON text of undeclared fields of others."""

    doubtful: list[int]
    extras: Mapping[int, str]


class Shape(Protocol):
    """How the lines of a dataset become rows; a row has the attribute `names[column]` for each declared column."""

    dataset: Dataset
    treatment: Treatment

    @property
    def level(self) -> int:
        """How many objects deep the declared fields stand in a line."""

    @property
    def names(self) -> Mapping[str, str]:
        """The attribute of each declared column."""

    def decode(self, line: bytes) -> Any:
        """The row of a line that is one valid record, but for what `second_look` finds; raises one of NOT_FAST."""

    def judge(self, parsed: jsontext.Parsed, text: bytes) -> Judged:
        """The row of a record that stands in `text`; raises judge.Invalid."""

    def drifted(self, line: bytes) -> Judged | None:
        """The row of a line that `decode` did not take, None where there is any doubt."""

    def extras(self, rows: Sequence[Any]) -> Mapping[int, str]:
        """JSON text of the undeclared fields that rows carry, by row."""

    def second_look(self, taken: Taken, columns: Mapping[str, pa.Array]) -> Looked:
        """What `decode` might have taken too lightly or left out of rows, whose values are `columns`."""

    def told(self, column: Column | None, key: str, value: Any) -> str | None:
        """The text that a parsed value is hashed as, None of a null; raises judge.Invalid.

        `column` is None where no contract declares the member `key` that the value is of.
        """

    def written(self, text: str | None) -> bytes:
        """A text, or null, as a value stands in a line."""


class LineShape:
    """The shape of event streams and change messages."""

    level = 1

    def __init__(self, dataset: Dataset, treatment: Treatment) -> None:
        self.dataset, self.treatment = dataset, treatment
        self.names = attributes(dataset)
        # What it leaves out is found by a second look.
        self._struct = struct(dataset, {column.name: _fast_type(column) for column in dataset.declared})
        self.decode = msgspec.json.Decoder(self._struct).decode
        self._conditional = [column for column in dataset.declared if isinstance(column.required, str)]

    def judge(self, parsed: jsontext.Parsed, text: bytes) -> Judged:
        """The row of a record that stands in `text`; raises judge.Invalid."""
        record = judge.whole(parsed)
        values = judge.fields(self.dataset, record, self.treatment.replace)
        row = self._struct(**{self.names[name]: value for name, value in values.items()})
        undeclared = [member for member in parsed.members if member[0] not in self.names]
        if not undeclared:
            return Judged(row, None)
        rest = {name: record[name] for name, _, _ in undeclared}
        if self.treatment.touches(jsontext.keys_of(rest)):
            return Judged(row, jsontext.dump(rest, self.treatment.replace))
        return Judged(row, _as_written((name, text[start:stop]) for name, start, stop in undeclared))

    def drifted(self, line: bytes) -> Judged | None:
        """The row of a record that may have fields nobody declares; None where there is any doubt.

        As `decode`, it may take timestamps and fields that only some records need too lightly, but no duplicate keys.
        """
        try:
            row = self.decode(line)
            return Judged(row, self._undeclared(line))
        except NOT_FAST:
            return None

    def _undeclared(self, line: bytes) -> str | None:
        """JSON text of what nobody declares of a line; raises one of NOT_FAST where there is any doubt.

        A line has two quotation marks for each key, and those of the values. If it has more of them than its distinct
        keys and their values account for, a key stands twice.
        """
        members = _raw_object(line)
        if line.count(b'"') != 2 * len(members) + b"".join(members.values()).count(b'"'):
            raise ValueError("to be judged")
        rest = {name: bytes(raw) for name, raw in members.items() if name not in self.names}
        if not rest:
            return None
        # Names without escapes stand in JSON as they are.
        extra = "{" + ",".join([f'"{name}":{raw.decode()}' for name, raw in rest.items()]) + "}"
        if b"\\" in line or extra.count("{") + extra.count("[") > jsontext.MAX_DEPTH:
            raise ValueError("to be judged")
        deeper = [key for raw in rest.values() if b"{" in raw for key in _distinct_keys(raw)]
        if self.treatment.touches([*rest, *deeper]):
            return jsontext.dump(jsontext.scan(extra.encode()).value, self.treatment.replace)
        return extra

    def extras(self, rows: Sequence[Any]) -> Mapping[int, str]:
        """None: the Struct holds none."""
        return {}

    def second_look(self, taken: Taken, columns: Mapping[str, pa.Array]) -> Looked:
        """Undeclared fields; rows that may carry a key twice or lack what is required of records of their kind."""
        doubtful: list[int] = []
        extras: dict[int, str] = {}
        more = self._with_more(taken, columns)
        for row, line in taken.of(sorted(more)):
            if more[row] == line.count(b'\\"') and b"\\\\" not in line:
                continue  # marks within texts, and nothing else
            try:
                extra = self._undeclared(line)
            except NOT_FAST:
                doubtful.append(row)
            else:
                if extra is not None:
                    extras[row] = extra
        for column in self._conditional:
            lacks = pc.and_(pc.is_null(columns[column.name]), pc.equal(columns[OPERATION], column.required))
            doubtful += pc.indices_nonzero(lacks).to_pylist()
        return Looked(doubtful, extras)

    def told(self, column: Column | None, key: str, value: Any) -> str | None:
        """The text that a parsed value is hashed as, None of a null; raises judge.Invalid."""
        if value is None:
            return None
        found = value if column is None else judge.checked(column, value)
        return found if isinstance(found, str) else jsontext.dump(found)

    def written(self, text: str | None) -> bytes:
        """A text, or null, as a value stands in a line."""
        return jsontext.dump(text).encode()

    def _with_more(self, taken: Taken, columns: Mapping[str, pa.Array]) -> dict[int, int | None]:
        """The rows of the fast way on whose lines there is more than they hold, and how many quotation marks more.

        A line has two quotation marks for each key and two for each value that is text. A row's values have keys of
        their own on its line, so the line has at least the marks that these need. Where it has no more, there is no
        other key, be it undeclared, of a null or of a value that stands twice, whatever stands in its texts. Of a time
        that is a number more marks are expected than are there, so for a row with one it is not known (None) how many.
        """
        marks = pa.scalar(0, pa.int64())
        for column in self.dataset.declared:
            array = columns[column.name]
            weight = 4 if column.type in ("string", "timestamp") else 2
            if not array.null_count:
                marks = pc.add(marks, weight)
            elif array.null_count < len(array):
                marks = pc.add(marks, pc.multiply(pc.is_valid(array).cast(pa.int64()), weight))
        there = [
            pa.array(list(map(bytes.count, lines, repeat(b'"'))), pa.int64()).take(where)
            for lines, where in zip(taken.lines, taken.where, strict=True)
        ]
        more = pc.subtract(pa.concat_arrays(there), marks)
        odd = pc.indices_nonzero(more)
        found = dict(zip(odd.to_pylist(), more.take(odd).to_pylist(), strict=True)) | dict.fromkeys(taken.numeric)
        return {row: marks for row, marks in found.items() if row not in taken.judged}


def _distinct_keys(text: bytes) -> list[str]:
    """The keys of all objects in a text without escapes; raises ValueError when one may stand twice in an object."""
    keys = jsontext.keys_of(_any_json(text))
    if text.count(b'":') != len(keys) or _GAP.search(text):
        raise ValueError("to be judged")
    return keys


def attributes(dataset: Dataset) -> dict[str, str]:
    """The Struct's attribute of each declared column: a producer's name need not be one in Python."""
    return {column.name: f"f{at}" for at, column in enumerate(dataset.declared)}


def struct(dataset: Dataset, types: Mapping[str, Any], **more: Any) -> Any:
    """A Struct with an attribute for each declared column, optional unless the column is required, and `more`."""
    names = attributes(dataset)
    fields: list[Any] = []
    for column in dataset.declared:
        if column.required is True:
            fields.append((names[column.name], types[column.name]))
        else:
            fields.append((names[column.name], types[column.name] | None, None))
    fields.extend((name, kind, None) for name, kind in more.items())
    spelled = {attribute: name for name, attribute in names.items()}
    return msgspec.defstruct(f"Record_{dataset.name}", fields, rename=spelled, gc=False, kw_only=True)


def _as_written(members: Iterable[tuple[str, bytes]]) -> str:
    """A JSON object of members whose values stay as they were written, byte by byte."""
    return "{" + ",".join(f"{jsontext.dump(name)}:{raw.decode()}" for name, raw in members) + "}"


def _fast_type(column: Column) -> Any:
    """The msgspec type that takes a subset of what `judge` takes for the column; None takes only null."""
    if column.enum is not None:
        bounds = (column.min_length, column.max_length, column.min, column.max, column.above)
        return Literal[column.enum] if bounds == (None,) * len(bounds) else type(None)
    rules = {"ge": column.min, "gt": column.above, "le": column.max}
    limits: dict[str, Any] = {rule: limit for rule, limit in rules.items() if limit is not None}
    match column.type:
        case "string":
            return Annotated[str, msgspec.Meta(min_length=column.min_length, max_length=column.max_length)]
        case "integer":
            low = INT64[0] if column.min is None else int(column.min)
            low = low if column.above is None else int(column.above) + 1
            high = INT64[1] if column.max is None else int(column.max)
            return Annotated[int, msgspec.Meta(ge=max(low, INT64[0]), le=min(high, INT64[1]))]
        case "number":
            return Annotated[float, msgspec.Meta(**limits)]
        case "boolean":
            return bool
        case "timestamp":
            return str | int
        case "string_list":
            return list[str]
        case _:
            return type(None)


def held(column: Column, values: Sequence[Any]) -> Values:
    """Values of rows as they are kept until there are enough to make a column of: as an array where that can be."""
    if column.type == "timestamp":
        return times.texts(values)
    if column.type == "string_list":
        values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    return pa.array(values, pa.string() if column.type == "date" else _ARROW[ARROW_TYPES[column.type]])


def column_array(column: Column, parts: Sequence[Values]) -> tuple[pa.Array, list[int]]:
    """Values of rows as the Arrow array of a column, and the positions of those that are wrong (null there)."""
    if all(isinstance(part, pa.Array) for part in parts):
        values = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
    else:  # times that are integers among them
        values = [value for part in parts for value in (part.to_pylist() if isinstance(part, pa.Array) else part)]
    if column.type == "timestamp":
        return times.column(values)
    return (values.cast(pa.date32()) if column.type == "date" else values), []
