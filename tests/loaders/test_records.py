"""Every nasty line has one fate. A record that is lost, changed or let through here is a wrong number in a mart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loaders import encodings, records
from tests.loaders.support import DATASETS, PLAY, Exact, line, play, read, shape

GOOD = line()
BOM = b"\xef\xbb\xbf"


def changed(before: bytes, after: bytes) -> bytes:
    assert before in GOOD
    return GOOD.replace(before, after)


def test_a_long_line_is_a_record_like_others() -> None:
    text = GOOD + b"\n" + line(title="x" * 5_000_000) + b"\n" + GOOD
    found = read(text, blocks=[1 << 16] * 90)
    assert [len(row["title"] or "") for row in found.rows] == [0, 5_000_000, 0]


@pytest.mark.parametrize(
    ("text", "rows", "reasons"),
    [
        (b"", [], []),
        (b"\n\n \t\r\n", [], []),
        (BOM, [], []),
        (GOOD, [(1, 0)], []),
        (BOM + GOOD + b"\r\n" + GOOD, [(1, 3), (2, 3 + len(GOOD) + 2)], []),
        (b"\n" + GOOD + b"\n\n\n" + GOOD + b"\n\n", [(2, 1), (5, len(GOOD) + 4)], []),
        (GOOD + GOOD + b"\n" + GOOD, [(1, 0), (1, len(GOOD)), (2, 2 * len(GOOD) + 1)], []),
        (GOOD + b" \t" + GOOD, [(1, 0), (1, len(GOOD) + 2)], []),
        (GOOD + b"\r" + GOOD + b"\r", [(1, 0), (1, len(GOOD) + 1)], []),
        (GOOD + b"{}" + GOOD, [(1, 0), (1, len(GOOD) + 2)], [("missing", "eventid")]),
        (GOOD + b"{}[]" + GOOD, [], [("trailing_text", None)]),
        (GOOD + b'{"a":1,"a":2}' + GOOD, [(1, 0), (1, len(GOOD) + 13)], [("duplicate_key", "a")]),
    ],
)
def test_lines_blanks_and_glued_records_are_counted_and_placed(
    text: bytes, rows: list[tuple[int, int]], reasons: list[tuple[str, str | None]]
) -> None:
    found = read(text)
    assert [(row["_line"], row["_offset"]) for row in found.rows] == rows
    assert found.reasons == reasons


def test_a_record_over_several_lines_is_one_record() -> None:
    pretty = json.dumps(play() | {"x": {"y": [1, 2]}}, indent=2).encode()
    found = read(GOOD + b"\n" + pretty + b"\n" + pretty + GOOD + b"\n" + GOOD)
    height = pretty.count(b"\n") + 1
    assert found.reasons == []
    assert [row["_line"] for row in found.rows] == [1, 2, 2 + height, 1 + 2 * height, 2 + 2 * height]
    assert json.loads(found.rows[1]["_extra"]) == {"x": {"y": [1, 2]}}


@pytest.mark.parametrize("cut", range(-3, 4))
def test_an_endless_line_may_be_cut_anywhere(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PATIENCE", 10)
    text = GOOD * 3 + b" \n\n" + GOOD
    found = read(text, blocks=[3 * len(GOOD) + cut])
    size = len(GOOD)
    places = [(1, 0), (1, size), (1, 2 * size), (3, 3 * size + 3)]
    assert [(row["_line"], row["_offset"]) for row in found.rows] == places
    assert (found.rejected, found.blank_lines) == ([], 1)


def test_of_an_endless_line_that_is_seen_to_be_broken_nothing_is_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PATIENCE", 10)
    bad = GOOD + GOOD + b'{"a":oops' + GOOD
    found = read(bad + b"\n" + GOOD, blocks=[len(bad) - 5])
    assert [row["_line"] for row in found.rows] == [2]
    assert [(one.reason, one.record) for one in found.rejected] == [("trailing_text", bad)]
    array = b"[" + GOOD + b"," + GOOD + b",oops," + GOOD + b"]"
    found = read(array + b"\n" + GOOD, blocks=[len(array) - 5])
    assert [row["_line"] for row in found.rows] == [2]
    assert [(one.reason, one.record) for one in found.rejected] == [("not_json", array)]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_that_is_one_array_is_read_as_its_records(indent: int | None) -> None:
    records = [play(), play(eventid="e2", action="x"), play(eventid="e3", x=[1]), {}]
    text = BOM + b"\n " + json.dumps(records, indent=indent).encode() + b"\n"
    for blocks in ([], [5], [400, 1], [1] * 300):
        found = read(text, blocks=blocks)
        assert [row["eventid"] for row in found.rows] == ["e1", "e3"]
        assert found.reasons == [("not_in_enum", "action"), ("missing", "eventid")]
        starts = [row["_offset"] for row in found.rows] + [one.offset for one in found.rejected]
        assert all(text[start : start + 1] == b"{" for start in starts)
        lines = [row["_line"] for row in found.rows] + [one.line for one in found.rejected]
        assert lines == [1 + text.count(b"\n", 0, start) for start in starts]
    assert read(b" []\n").reasons == []


@pytest.mark.parametrize("text", [b"[1]", b"[" + GOOD + b",]", b"[" + GOOD, b"[" + GOOD + b"]x", b"[,]", b"["])
def test_a_file_that_only_begins_like_an_array_is_read_by_lines(text: bytes) -> None:
    found = read(text + b"\n" + GOOD + b"\n", blocks=[3])
    assert [row["_line"] for row in found.rows] == [2]
    assert [(one.line, one.record) for one in found.rejected] == [(1, text)]


@pytest.mark.parametrize("cut", range(1, len(GOOD), 7))
def test_a_truncated_line_never_swallows_the_next(cut: int) -> None:
    found = read(GOOD[:cut] + b"\n" + GOOD + b"\n" + GOOD[:cut] + b"\n")
    assert [row["_line"] for row in found.rows] == [2]
    assert [(one.line, one.record) for one in found.rejected] == [(1, GOOD[:cut]), (3, GOOD[:cut])]


def test_in_region_cn_a_rejected_record_keeps_its_place_and_not_its_text() -> None:
    secret = changed(b"heartbeat", b"secret")
    keyed = GOOD[:-1] + b',"secret":1,"secret":2}'
    found = read(secret + b"\n" + keyed + b"\nsecret\n", region="cn")
    assert [(one.line, one.reason, one.record) for one in found.rejected] == [
        (1, "not_in_enum", None),
        (2, "duplicate_key", None),
        (3, "not_json", None),
    ]
    assert "secret" not in repr(found.rejected)


def test_change_messages_need_their_row_only_when_they_carry_it() -> None:
    key = {"op": "delete", "updatedat": "2026-03-01T00:00:00Z", "showid": "s1"}
    whole = key | {"op": "upsert", "creatorid": "c1", "title": "t", "status": "live", "tags": ["a", "ü"]}
    messages = [key, key | {"op": "upsert"}, whole, whole | {"tags": [1]}, whole | {"tags": ["a", None]}]
    text = b"\n".join(json.dumps(message).encode() for message in messages)
    found = read(text, shape(DATASETS["shows"], None), region=None)
    assert [(row["_line"], row["tags"]) for row in found.rows] == [(1, None), (3, '["a","ü"]')]
    assert found.reasons == [("missing", "creatorid"), ("wrong_type", "tags"), ("wrong_type", "tags")]


PIECES = st.sampled_from(
    [GOOD, GOOD, GOOD[:50], GOOD[50:], b"{", b"}", b"[", b"]", b",", b"\n", b"\n", b" ", BOM, b"\0", b'"']
)


def is_empty(text: bytes) -> bool:
    """Whether nothing but blanks, or an empty array, stands in a text: in UTF-16 or UTF-32 where it looks like that."""
    other = encodings.detect(text[: encodings.ENOUGH])
    if other is None:
        return text.removeprefix(BOM).translate(None, b" \t\r\n") in (b"", b"[]")
    encoding, mark = other
    return not text[mark:].decode(encoding, "replace").strip(" \t\r\n")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=12).map(b"".join),
    st.lists(st.integers(1, 300), max_size=6),
)
@example("\n\n".encode("utf-16-le"), [])
@example("\n[]".encode("utf-16-be"), [3])
@example("\n\n".encode("utf-32"), [1])
@example(b"\n\0\n\0\n", [])
def test_no_bytes_make_it_fail_and_how_they_are_cut_into_blocks_changes_nothing(text: bytes, blocks: list[int]) -> None:
    whole, cut = read(text), read(text, blocks=blocks)
    assert (cut.rows, cut.rejected) == (whole.rows, whole.rejected)
    # Everything but blanks, brackets around and commas between the records of an array belongs to some record.
    starts = {row["_offset"] for row in whole.rows} | {one.offset for one in whole.rejected}
    assert bool(starts) is not is_empty(text)


@pytest.mark.parametrize("again", [b'"receivedtime":0', b'"genre":"x"', b'"secondslistened":1', b'"title":null'])
def test_a_key_that_stands_twice_is_seen_however_times_are_written_and_whatever_is_null(again: bytes) -> None:
    times = ("eventtime", "senttime", "receivedtime")
    optional = ("userid", "countrycode", "genre", "contentid", "secondslistened")
    written = []
    for numbers in range(len(times) + 1):
        for nulls in range(len(optional) + 1):
            changes: dict[str, Any] = dict.fromkeys(times[:numbers], 1772334900123)
            changes |= dict.fromkeys(optional[:nulls])
            written.append(line(**changes, title="t")[:-1] + b"," + again + b"}")
    found = read(b"\n".join([GOOD, *written]))
    assert [row["_line"] for row in found.rows] == [1]
    assert [one.reason for one in found.rejected] == ["duplicate_key"] * len(written)


# Pieces of almost-right records, so that most lines pass some checks and fail others.
KEYS = st.sampled_from([*(column.name for column in PLAY.declared), "x", "Userid", 'q"', "é", "user\\u0069d"])
VALUES = st.one_of(
    st.sampled_from(
        [
            b"null",
            b"true",
            b'"ios"',
            b'"play"',
            b'"track"',
            b'"ZA"',
            b'":"',
            b'"\\":"',
            b'" x"',
            b'"\xff"',
            b'"\\ud800"',
            b'"\\ud83d\\ude00"',
            b"1e400",
            b"12.0",
            b"-1",
            b"01",
            b"NaN",
            b"[1,{}]",
            b'{"a":1,"a":2}',
            b'{"a":{"b":1},"b":":"}',
            b'{"e-mail":"x"}',
            b'"2026-03-01T03:15:00Z"',
            b'"2026-03-01T03:15:00"',
            b'"2026-02-30T03:15:00.1234567+01:00"',
            b"1772334900123",
        ]
    ),
    st.floats(allow_nan=False).map(lambda value: repr(value).encode()),
    st.integers().map(lambda value: str(value).encode()),
    st.text(max_size=4).map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")),
)
BLANK = st.sampled_from([b"", b"", b"", b" ", b"\t", b"\r"])


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    numbers: dict[str, Any] = {"eventtime": 1772334900123, "senttime": 1772334900124}
    of_producer: dict[str, Any] = draw(st.sampled_from([{}, numbers, {"userid": None}]))
    members = {name: json.dumps(value).encode() for name, value in play(**of_producer).items()}
    pairs = [(json.dumps(name).encode(), value) for name, value in members.items() if draw(st.integers(0, 30))]
    for _ in range(draw(st.integers(0, 3))):
        key = b'"' + draw(KEYS).replace('"', '\\"').encode() + b'"'
        pairs.insert(draw(st.integers(0, len(pairs))), (key, draw(VALUES)))
    written = b",".join(key + draw(BLANK) + b":" + draw(BLANK) + value + draw(BLANK) for key, value in pairs)
    return draw(BLANK) + b"{" + written + b"}" + draw(st.sampled_from([b"", b"", b"", b"\r", b" ", b"{}", b"x"]))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(lines(), st.sampled_from([b"\n", b"\n", b"", b" "])), min_size=1, max_size=4),
    st.lists(st.integers(1, 900), max_size=3),
)
def test_the_fast_ways_decide_as_the_exact_one(written: list[tuple[bytes, bytes]], blocks: list[int]) -> None:
    text = b"".join(one + border for one, border in written)
    fast, exact = read(text, blocks=blocks), read(text, Exact(shape()))
    assert fast.rejected == exact.rejected
    assert fast.rows == exact.rows
