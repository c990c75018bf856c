"""Records that were read, to columns: those of several pieces of text at once, since each column has its own cost.

A row that came the fast way is looked at a second time here, all rows together; what is in doubt is judged exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from loaders import jsontext
from loaders.judge import Invalid
from loaders.rejected import Keeper, Rejected
from loaders.shapes import Shape, Taken, Values, column_array, held

_BRACE = 0x7B
_REJECTED = 512  # bytes of memory that a rejected record takes beside its text


class Accepted(NamedTuple):
    """A record that `Shape.decode` did not take, and that is valid: its line, from 0, and where it begins."""

    row: Any
    extra: str | None
    line: int
    start: int


@dataclass
class Piece:
    """Some consecutive records of one file: rows and rejected records of a text, which begins on `line` at `offset`.

    The row n stands on `lines[index[n]]`, and it alone unless it was `judged`. It begins, maybe with blanks, at
    `before[n] + index[n]` of the text: behind so many bytes of lines and so many newlines.
    """

    shape: Shape
    keeper: Keeper
    line: int
    offset: int
    text: bytes
    lines: list[bytes]
    rows: list[Any] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)
    extras: dict[int, str] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    blank_lines: int = 0  # lines that hold nothing, between and around the records
    # Once it is closed, the values by declared column, `index` and where rows begin as arrays, and about the bytes of
    # memory it holds.
    values: dict[str, Values] = field(default_factory=dict)
    where: pa.Array = None
    starts: pa.Array = None
    size: int = 0

    def accept(self, accepted: Accepted) -> None:
        """Take a record that was judged."""
        row = len(self.rows)
        if accepted.extra is not None:
            self.extras[row] = accepted.extra
        self.judged.append(row)
        self.rows.append(accepted.row)
        self.index.append(accepted.line)
        self.before.append(accepted.start - accepted.line)

    def __len__(self) -> int:
        return len(self.index)

    def close(self) -> None:
        """Take the values out of the rows, of which nothing is kept: so few wait in memory, and they are at hand."""
        self.extras.update(self.shape.extras(self.rows))
        declared = self.shape.dataset.declared
        # The fields of a row stand in the order of the columns.
        by_column = zip(*map(astuple, self.rows), strict=True) if self.rows else repeat((), len(declared))
        self.values = {column.name: held(column, some) for column, some in zip(declared, by_column, strict=False)}
        self.where = pa.array(self.index, pa.int64())
        self.starts = pc.add(pa.array(self.before, pa.int64()), self.where)
        self.size = len(self.text) + _REJECTED * len(self.rejected)
        self.rows, self.before = [], []
        if not self.index:
            self.text, self.lines = b"", []

    def reject(self, fault: Invalid, line: int, start: int, record: bytes) -> Rejected:
        """What is put aside of a record."""
        return self.keeper.rejected(fault, self.line + line, self.offset + start, record)

    def judge(self, parsed: jsontext.Parsed, line: int) -> Accepted | Rejected:
        """The exact judgement of a record of the text."""
        try:
            judged = self.shape.judge(parsed, self.text)
        except Invalid as fault:
            return self.reject(fault, line, parsed.start, self.text[parsed.start : parsed.end])
        return Accepted(judged.row, judged.extra, line, parsed.start)

    def not_json(self, error: jsontext.NotJson, begin: int, end: int, at: int) -> Rejected:
        """The line `at`, from `begin` to `end`, which is no JSON."""
        words = error.words if error.position < end else "the record does not end on its line"
        fault = Invalid("not_json", None, f"{words} (byte {min(error.position, end) - begin} of the line)")
        return self.reject(fault, at, begin, self.text[begin:end].removesuffix(b"\r"))

    def judge_again(self, row: int) -> bool:
        """Judge the line of a row, which is one record; whether it stays."""
        at = self.index[row]
        begin = self.starts[row].as_py()
        try:
            outcome = self.judge(jsontext.scan(self.text, begin), at)
        except jsontext.NotJson as error:
            outcome = self.not_json(error, begin, begin + len(self.lines[at]), at)
        if isinstance(outcome, Rejected):
            self.rejected.append(outcome)
            return False
        if outcome.extra is not None:
            self.extras[row] = outcome.extra
        return True


@dataclass
class Batch:
    """The rows of some pieces, those that are `invalid` still among them. `sizes[n]` of the piece n are valid.

    `columns` are the declared columns as Arrow arrays (timestamps naive UTC), before personal data is treated;
    `lines`, `offsets` and `extras` (JSON text or null) go with them row by row. `keys`, when asked for, are hashes of
    the valid rows' keys.
    """

    columns: dict[str, pa.Array]
    lines: pa.Array
    offsets: pa.Array
    extras: pa.Array
    keys: pa.Array | None
    sizes: list[int]
    invalid: list[int] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    blank_lines: int = 0

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def valid(self) -> pa.Array:
        """Which rows are, as an array of booleans."""
        rows = pa.arange(0, len(self))
        return pc.invert(pc.is_in(rows, value_set=pa.array(self.invalid, pa.int64())))

    def without_invalid(self) -> Batch:
        """The batch without the rows that are invalid."""
        if not self.invalid:
            return self
        columns = {name: array.filter(self.valid) for name, array in self.columns.items()}
        lines, offsets, extras = (array.filter(self.valid) for array in (self.lines, self.offsets, self.extras))
        return replace(self, columns=columns, lines=lines, offsets=offsets, extras=extras, invalid=[])


def batch_of(pieces: Sequence[Piece], key: Sequence[str] = ()) -> Batch:
    """The rows of pieces of one shape as columns, and which of them a second look finds invalid.

    `key` names the columns that are hashed to the batch's `keys`.
    """
    shape = pieces[0].shape
    columns: dict[str, pa.Array] = {}
    doubtful: set[int] = set()
    for column in shape.dataset.declared:
        columns[column.name], wrong = column_array(column, [piece.values[column.name] for piece in pieces])
        doubtful.update(wrong)
    looked = shape.second_look(_taken(pieces), columns)
    doubtful.update(looked.doubtful)
    extras: list[str | None] = [None] * sum(map(len, pieces))
    sizes = []
    invalid: list[int] = []
    first = 0
    again = sorted(doubtful)
    for piece in pieces:
        last = first + len(piece)
        out = [row for row in again if first <= row < last and not piece.judge_again(row - first)]
        for row, extra in piece.extras.items():
            extras[first + row] = extra
        piece.rejected.sort(key=lambda rejected: rejected.offset)
        piece.rejected = piece.keeper.without_rests(piece.rejected)
        sizes.append(len(piece) - len(out))
        invalid += out
        first = last
    for row, extra in looked.extras.items():
        extras[row] = extra
    batch = Batch(
        columns,
        pa.concat_arrays([pc.add(piece.where, piece.line) for piece in pieces]),
        pa.concat_arrays([pc.add(_starts(piece), piece.offset) for piece in pieces]),
        pa.array(extras, pa.string()),
        None,
        sizes,
        invalid,
        _joined(piece.rejected for piece in pieces),
        sum(piece.blank_lines for piece in pieces),
    )
    if key:
        hashes = _hashes(key, columns)
        batch.keys = hashes.filter(batch.valid) if invalid else hashes
    return batch


def _joined(lists: Iterable[list[Any]]) -> list[Any]:
    """Lists one after the other."""
    first, *rest = lists
    return list(chain(first, *rest)) if rest else first


def _taken(pieces: Sequence[Piece]) -> Taken:
    """Where the rows of all pieces stand."""
    judged: set[int] = set()
    numeric: set[int] = set()
    times = [column.name for column in pieces[0].shape.dataset.declared if column.type == "timestamp"]
    first = 0
    for piece in pieces:
        judged.update(map(first.__add__, piece.judged))
        for values in (piece.values[name] for name in times):
            if not isinstance(values, pa.Array):
                numeric.update(first + row for row, value in enumerate(values) if isinstance(value, int))
        first += len(piece)
    return Taken([piece.lines for piece in pieces], [piece.where for piece in pieces], judged, numeric)


def _hashes(key: Sequence[str], columns: Mapping[str, pa.Array]) -> pa.Array:
    """A hash of each row's values of some columns."""
    parts = [columns[name] for name in key]
    texts = [part.view(pa.int64()) if pa.types.is_timestamp(part.type) else part for part in parts]
    lists = [part.to_pylist() for part in texts]
    return pa.array(list(map(hash, lists[0] if len(lists) == 1 else zip(*lists, strict=True))), pa.int64())


def _starts(piece: Piece) -> pa.Array:
    """Where the rows of a piece begin in its text, behind the blanks before them."""
    if not piece.index:
        return piece.where
    starts = piece.starts
    content = pa.Array.from_buffers(pa.uint8(), len(piece.text), [None, pa.py_buffer(piece.text)])
    blank = pc.not_equal(content.take(starts), pa.scalar(_BRACE, pa.uint8()))
    if pc.any(blank).as_py():
        moved = [behind_blanks(piece.text, start) for start in starts.filter(blank).to_pylist()]
        starts = pc.replace_with_mask(starts, blank, pa.array(moved, pa.int64()))
    return starts


def behind_blanks(text: bytes, position: int) -> int:
    """Position of the next byte that is no blank, or of the line's end."""
    while position < len(text) and text[position] in b" \t\r":
        position += 1
    return position
