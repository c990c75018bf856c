"""The loaders' judgement of damaged lines against plain Python, which shares nothing with them but the rules."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loaders.records import Reader
from tests.loaders import inbox_reader
from tests.loaders.nasty import ASIDE, LANDED
from tests.loaders.support import DATASETS, GOOD_LINE, Read, read, shape

PATH = "events/eu/{}/2026/03/01/03/a"
RULES = inbox_reader.contracts()
# Fields that only the contracts of the tests have are undeclared here, which is as good.
KINDS = [case[0] for case in ASIDE.values()] + [case[0] for case in LANDED.values()]
LINES = [line for line in KINDS if len(line) < 1500 and b"E-Mail" not in line]
WORDS = rb'" \ { } [ ] , : 0 - . e9 null true NaN \u00e9 \ud800 \ude00 "userid": }{ Z +14:00 60'.split()
TOKENS = st.sampled_from([*WORDS, b" ", b"\r", b"\0", b"\xff", b"\xc3"])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line that was flipped, cut, doubled, swapped or glued somewhere."""
    line = draw(st.sampled_from(LINES))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(line)))
        stop = min(len(line), start + draw(st.integers(0, 12)))
        match draw(st.integers(0, 6)):
            case 0:
                line = line[:start] + line[stop:]
            case 1:
                line = line[:start] + bytes([draw(st.integers(0, 255))]) + line[start + 1 :]
            case 2:
                line = line[:start] + draw(TOKENS) + line[start:]
            case 3:
                line = line[:stop] + line[start:]
            case 4:
                other = draw(st.integers(0, len(line)))
                line = line[:other] + line[start:stop] + line[other:]
            case 5:
                line = line + draw(st.sampled_from(LINES))
            case 6:
                line = line[:start]
    return line.replace(b"\n", b" ")


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(), st.sampled_from(["play", "voicefeedback"]))
@example(b"1" + GOOD_LINE, "play")
def test_a_damaged_line_is_judged_as_plain_python_judges_it(line: bytes, stream: str) -> None:
    found = read(GOOD_LINE + b"\n" + line + b"\n" + GOOD_LINE, shape(DATASETS[stream]))
    offset = len(GOOD_LINE) + 1
    expected = inbox_reader.judge(line, PATH.format(stream), RULES[stream]) if line.strip(b" \t\r") else []
    here = {row["_offset"] - offset: row for row in found.rows if row["_line"] == 2}
    assert sorted(here) == [one.offset for one in expected if one.values is not None]
    aside = [one for one in found.rejected if one.line == 2]
    broken = [one.offset for one in expected if one.values is None]
    if len(expected) == 1 and broken:
        # Of a line that is put aside as a whole, the blanks before it are part.
        assert [one.record.strip(b" \t\r") for one in aside] == [line.strip(b" \t\r")]
    else:
        assert [one.offset - offset for one in aside] == broken
    for one in expected:
        if one.values is not None:
            same(here[one.offset], one.values, stream)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(damaged(), st.sampled_from([GOOD_LINE, *LINES])), min_size=1, max_size=40),
    st.sampled_from([b"\n", b"\r\n"]),
    st.lists(st.integers(1, 6000), max_size=6),
)
def test_records_are_read_together_as_they_are_one_by_one(lines: list[bytes], end: bytes, blocks: list[int]) -> None:
    # A line that begins with a brace goes on with none before it.
    lines = [line if line.startswith(b"{") else b"{" + line for line in lines]
    text = b"".join(line + end for line in [GOOD_LINE, *lines])
    together = read(text, blocks=blocks)
    assert together.rows == sorted(together.rows, key=lambda row: row["_offset"])
    alone = Read([], [])
    offset = 0
    for number, line in enumerate([GOOD_LINE, *lines], 1):
        reader = Reader(shape(), "eu")
        # As if the lines before it had been read, and no byte-order mark or array could begin here.
        reader.feed(b" " * 7 + b"\n", final=False)
        reader.line, reader.offset = number, offset
        reader._array = False
        alone.add(reader.feed(line + end, final=True))
        offset += len(line + end)
    assert [one.offset for one in together.rejected] == [one.offset for one in alone.rejected]
    assert together.rows == alone.rows
    # A text that is not kept takes that of the next line with it, which alone is not seen.
    for one, other in zip(together.rejected, alone.rejected, strict=True):
        assert one == other or one.record is None


def same(row: dict[str, Any], values: dict[str, Any], stream: str) -> None:
    """Every value of a row is the one that plain Python reads."""
    declared = {column.name: column.type for column in DATASETS[stream].declared}
    for name, kind in declared.items():
        value = values.get(name)
        if value is None:
            assert row[name] is None
        elif kind == "timestamp":
            assert row[name] == inbox_reader.moment(value)
            assert isinstance(row[name], datetime)
        else:
            assert row[name] == (float(value) if kind == "number" else value)
    rest = {name: value for name, value in values.items() if name not in declared}
    extra = json.loads(row["_extra"], parse_float=Decimal, parse_int=digits) if row["_extra"] else {}
    assert repr(extra) == repr(rest)


def digits(text: str) -> int:
    return int(text) if len(text) < 4000 else 10**4000
