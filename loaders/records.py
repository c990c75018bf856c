"""JSON-lines text to checked records, each with its line and byte offset.

Two ways lead through here. The fast one decodes a line straight into a msgspec Struct that is built from the contract.
Whatever it can't take without any doubt goes the exact way: `jsontext` and `judge`, which decide alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from loaders import jsontext, judge, times
from loaders.contracts import ARROW_TYPES, OPERATION, Column, Dataset
from loaders.judge import INT64, Invalid
from loaders.personal import DROP_REGION, Treatment

BLANKS = b" \t\r\n"
BOM = b"\xef\xbb\xbf"
# A record may go on over several lines (pretty-printed), but a line that only forgot to end must not swallow the file.
MAX_MULTILINE = 16 << 20
# A blank after a closing quote could stand before a colon, where `":` would not be found.
_GAPS = (b'" ', b'"\t', b'"\r', b'"\n')
_NEWLINE, _BRACE = 0x0A, 0x7B
_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_FAST_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Rejected(NamedTuple):
    """A record that is put aside; `record` is None where its text must not be kept."""

    line: int
    offset: int
    field: str | None
    reason: str
    detail: str
    record: bytes | None


@dataclass
class Batch:
    """Some consecutive records of one file.

    `columns` are the declared columns as Arrow arrays (timestamps naive UTC), before personal data is treated;
    `lines`, `offsets` and `extras` (JSON text or None) go with them row by row.
    """

    columns: dict[str, pa.Array]
    lines: pa.Array
    offsets: pa.Array
    extras: pa.Array
    rejected: list[Rejected] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def without(self, rows: list[int]) -> Batch:
        """The same batch without some rows."""
        out = set(rows)
        keep = pa.array([row not in out for row in range(len(self))], pa.bool_())
        columns = {name: array.filter(keep) for name, array in self.columns.items()}
        lines, offsets, extras = (array.filter(keep) for array in (self.lines, self.offsets, self.extras))
        return Batch(columns, lines, offsets, extras, self.rejected)


class Shape:
    """What a contract compiles to: the Struct, its decoder, and which columns need a second look."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        fields = []
        for at, column in enumerate(dataset.declared):
            if column.required is True:
                fields.append((f"f{at}", _fast_type(column)))
        for at, column in enumerate(dataset.declared):
            if column.required is not True:
                fields.append((f"f{at}", _fast_type(column) | None, None))  # type: ignore[arg-type]
        self.names = {column.name: f"f{at}" for at, column in enumerate(dataset.declared)}
        spelled = {attribute: name for name, attribute in self.names.items()}
        self.struct = msgspec.defstruct(
            f"Record_{dataset.name}", fields, rename=spelled, forbid_unknown_fields=True, gc=False, kw_only=True
        )
        self.decode = msgspec.json.Decoder(self.struct).decode
        self.conditional = [column for column in dataset.declared if isinstance(column.required, str)]

    def row(self, values: Mapping[str, Any]) -> Any:
        """A Struct of values that are already checked."""
        return self.struct(**{self.names[name]: value for name, value in values.items()})


def _fast_type(column: Column) -> Any:
    """The msgspec type that takes a subset of what `judge` takes for the column; None takes only null."""
    if column.enum is not None:
        return Literal[column.enum] if column.type in ("string", "integer") else type(None)
    limits = {"ge": column.min, "le": column.max, "gt": column.above}
    limits = {rule: limit for rule, limit in limits.items() if limit is not None}
    match column.type:
        case "string":
            return Annotated[str, msgspec.Meta(min_length=column.min_length, max_length=column.max_length)]
        case "integer":
            low = int(limits.get("ge", INT64[0])) if column.above is None else int(column.above) + 1
            high = int(limits.get("le", INT64[1]))
            return Annotated[int, msgspec.Meta(ge=max(low, INT64[0]), le=min(high, INT64[1]))]
        case "number":
            return Annotated[float, msgspec.Meta(**limits)]  # type: ignore[arg-type]
        case "boolean":
            return bool
        case "timestamp":
            return str | int
        case "string_list":
            return list[str]
        case _:
            return type(None)


class Reader:
    """Reads the text of one file, block by block: give each to `feed`, the last with `final`."""

    def __init__(self, shape: Shape, treatment: Treatment, region: str | None) -> None:
        self.shape, self.treatment = shape, treatment
        self.keeps_text = region != DROP_REGION
        self._carry: list[bytes] = []
        self._line, self._offset, self._started = 1, 0, False

    def feed(self, block: bytes, final: bool = False) -> Batch | None:
        """The records whose end is now known; None when there is none yet."""
        # Lines longer than a block only collect here; joining them once keeps this linear.
        if not final and b"\n" not in block:
            self._carry.append(block)
            return None
        text = b"".join([*self._carry, block])
        if not self._started:
            self._started = True
            if text.startswith(BOM):
                text = text[len(BOM) :]
                self._offset += len(BOM)
        cut = len(text) if final else text.rindex(b"\n") + 1
        batch, consumed = _Pass(self, text[:cut], final).run()
        self._line += text.count(b"\n", 0, consumed)
        self._offset += consumed
        self._carry = [text[consumed:]] if consumed < len(text) else []
        return batch

    @property
    def line(self) -> int:
        """Number of the line that the next text begins on."""
        return self._line

    @property
    def offset(self) -> int:
        """Position of the next text in the file."""
        return self._offset


class _Pass:
    """One text of whole lines on its way to a Batch."""

    def __init__(self, reader: Reader, text: bytes, final: bool) -> None:
        self.reader, self.text, self.final = reader, text, final
        self.shape = reader.shape
        self.rows: list[Any] = []
        self.index: list[int] = []  # the line of each row, from 0
        self.begins: list[int] = []  # where each row begins in `text`
        self.extras: dict[int, str] = {}  # by row
        self.rejected: list[Rejected] = []
        self.exact: set[int] = set()  # rows that came the exact way, how many `":` its text has, how many values
        self.exact_colons = 0
        self.exact_values = 0

    def run(self) -> tuple[Batch, int]:
        """The batch, and how much of the text it used up."""
        text, decode = self.text, self.shape.decode
        rows, index, begins = self.rows, self.index, self.begins
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        resume = 0
        begin = 0
        for at, line in enumerate(lines):
            if begin < resume:  # the exact way has gone past it
                begin += len(line) + 1
                continue
            try:
                rows.append(decode(line))
            except _FAST_ERRORS:
                if line.strip(BLANKS):
                    stop = self._exactly(begin, at)
                    if stop is None:
                        return self._batch(lines, begin), begin
                    self.exact_colons += text.count(b'":', begin, stop)
                    resume = stop
            else:
                index.append(at)
                begins.append(begin)
            begin += len(line) + 1
        return self._batch(lines, len(text)), len(text)

    def _exactly(self, begin: int, at: int) -> int | None:
        """Judge what stands from the line `at`, which begins at `begin`; return where the next line begins.

        None: the record may go on in text that is not here yet.
        """
        text = self.text
        outcomes: list[_Accepted | Rejected] = []
        position = _skip_blanks(text, begin)
        objects = True
        while position < len(text) and text[position] != _NEWLINE:
            try:
                parsed = self._scan(position)
                objects = objects and isinstance(parsed.value, dict)
                if outcomes and not objects:
                    raise jsontext.NotJson(position, "no record")
            except jsontext.NotJson as error:
                if error.incomplete and not self.final and len(text) - begin <= MAX_MULTILINE:
                    return None
                stop = _line_end(text, position)
                fault = Invalid("trailing_text", None, "a record is followed by text that is no record")
                if not outcomes:
                    words = error.words if error.position < stop else "the record does not end on its line"
                    fault = Invalid("not_json", None, f"{words} (byte {min(error.position, stop) - begin} of the line)")
                self.rejected.append(self._reject(fault, at, begin, text[begin:stop].removesuffix(b"\r")))
                return stop + 1
            line = at + text.count(b"\n", begin, parsed.start)
            outcomes.append(self._judge(parsed, line))
            position = _skip_blanks(text, parsed.end)
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                self.rejected.append(outcome)
            else:
                self._accept(outcome)
        return position + 1

    def _scan(self, position: int) -> jsontext.Parsed:
        """The value at a position; over several lines only an object goes on, and only if nothing speaks against it."""
        try:
            parsed = jsontext.scan(self.text, position)
        except jsontext.NotJson as error:
            if self.text[position] != _BRACE:
                error.incomplete = False
            raise
        span = self.text[position : parsed.end]
        if b"\n" in span:
            deep = any(reason == "too_deep" for reason, _ in parsed.faults)
            if not isinstance(parsed.value, dict) or b"\n{" in span or deep or len(span) > MAX_MULTILINE:
                raise jsontext.NotJson(_line_end(self.text, position), "the record does not end on its line")
        return parsed

    def _judge(self, parsed: jsontext.Parsed, line: int) -> _Accepted | Rejected:
        """The row of a parsed record, or why there is none."""
        shape, treatment = self.shape, self.reader.treatment
        try:
            record = judge.whole(parsed)
            values = judge.fields(shape.dataset, record, treatment.replace)
        except Invalid as fault:
            return self._reject(fault, line, parsed.start, self.text[parsed.start : parsed.end])
        extra = None
        undeclared = [member for member in parsed.members if member[0] not in shape.names]
        if undeclared:
            rest = {name: record[name] for name, _, _ in undeclared}
            if treatment.touches(jsontext.keys_of(rest)):
                extra = jsontext.dump(rest, treatment.replace)
            else:
                extra = "{" + ",".join(self.text[start:stop].decode() for _, start, stop in undeclared) + "}"
        return _Accepted(shape.row(values), line, parsed.start, extra, sum(v is not None for v in values.values()))

    def _accept(self, accepted: _Accepted) -> None:
        if accepted.extra is not None:
            self.extras[len(self.rows)] = accepted.extra
        self.exact.add(len(self.rows))
        self.rows.append(accepted.row)
        self.index.append(accepted.line)
        self.begins.append(accepted.start)
        self.exact_values += accepted.values

    def _reject(self, fault: Invalid, line: int, start: int, record: bytes) -> Rejected:
        reader = self.reader
        field_name = fault.field
        if not reader.keeps_text:
            # A key that no contract declares is text of the record too.
            field_name = field_name if field_name in self.shape.names else None
        kept = record if reader.keeps_text else None
        return Rejected(reader.line + line, reader.offset + start, field_name, fault.reason, fault.detail, kept)

    def _batch(self, lines: list[bytes], consumed: int) -> Batch:
        """The rows as columns, without those that a second look finds invalid."""
        doubtful: set[int] = set()
        columns = {}
        values = 0
        for column in self.shape.dataset.declared:
            found = list(map(attrgetter(self.shape.names[column.name]), self.rows))
            columns[column.name], wrong = _column(column, found)
            doubtful.update(wrong)
            values += len(found) - columns[column.name].null_count
        doubtful.update(self._maybe_duplicate_keys(lines, consumed, columns, values))
        doubtful.update(self._incomplete())
        invalid = []
        for row in sorted(doubtful - self.exact):
            outcome = self._again(lines[self.index[row]], self.index[row], self.begins[row])
            if outcome is not None:
                invalid.append(row)
                self.rejected.append(outcome)
        self.rejected.sort(key=lambda rejected: rejected.offset)
        extras = [self.extras.get(row) for row in range(len(self.rows))] if self.extras else [None] * len(self.rows)
        batch = Batch(
            columns,
            pa.array(map(self.reader.line.__add__, self.index), pa.int64()),
            pa.array(map(self.reader.offset.__add__, self.begins), pa.int64()),
            pa.array(extras, pa.string()),
            self.rejected,
        )
        return batch.without(invalid) if invalid else batch

    def _maybe_duplicate_keys(
        self, lines: list[bytes], consumed: int, columns: Mapping[str, pa.Array], values: int
    ) -> list[int]:
        """The rows of the fast way that might carry a key twice; msgspec lets the last one win without a word.

        Every key is followed by `":` (no gap, see _GAPS), so a line has at most as many keys as it has `":`. It has at
        least as many as its row has values. Where the two are equal, nothing stands twice. Over a whole text the sums
        tell the same, because no line can be below its own number of values.
        """
        text = self.text
        gaps = any(gap in text for gap in _GAPS)
        if not gaps and text.count(b'":', 0, consumed) - self.exact_colons == values - self.exact_values:
            return []
        counts = pa.array([0] * len(self.rows), pa.int64())
        for array in columns.values():
            counts = pc.add(counts, pc.is_valid(array).cast(pa.int64()))
        found = []
        for row, count in enumerate(counts.to_pylist()):
            if row in self.exact:
                continue
            line = lines[self.index[row]]
            colons = line.count(b'":')
            gap = gaps and any(gap in line for gap in _GAPS)
            # Written nulls have no value: then the distinct keys are counted.
            if gap or (colons != count and colons != len(_raw_object(line))):
                found.append(row)
        return found

    def _incomplete(self) -> list[int]:
        """The rows that lack what is required of records of their kind."""
        shape = self.shape
        found = []
        for column in shape.conditional:
            value_of = attrgetter(shape.names[column.name])
            kind_of = attrgetter(shape.names[OPERATION])
            for at, row in enumerate(self.rows):
                if value_of(row) is None and kind_of(row) == column.required:
                    found.append(at)
        return found

    def _again(self, line: bytes, at: int, begin: int) -> Rejected | None:
        """What the exact way rejects of a line that the fast way took for one record."""
        try:
            parsed = jsontext.scan(self.text, begin)
        except jsontext.NotJson as error:
            return self._reject(Invalid("not_json", None, error.words), at, begin, line)
        outcome = self._judge(parsed, at)
        return outcome if isinstance(outcome, Rejected) else None


class _Accepted(NamedTuple):
    """A record that passed the exact way; `values` counts the fields that are set."""

    row: Any
    line: int
    start: int
    extra: str | None
    values: int


def _column(column: Column, values: list[Any]) -> tuple[pa.Array, list[int]]:
    """Values of the rows as an Arrow array, and the positions of those that are wrong (null there)."""
    if column.type == "timestamp":
        return times.column(values)
    if column.type == "date":
        return pa.array(values, pa.string()).cast(pa.date32()), []
    if column.type == "string_list":
        values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    return pa.array(values, _ARROW[ARROW_TYPES[column.type]]), []


def _skip_blanks(text: bytes, position: int) -> int:
    """Position of the next byte that is no blank, or of the line's end."""
    while position < len(text) and text[position] in b" \t\r":
        position += 1
    return position


def _line_end(text: bytes, position: int) -> int:
    """Position of the newline at or after a position, or of the text's end."""
    found = text.find(b"\n", position)
    return len(text) if found < 0 else found
