"""Every nasty line has one fate. A record that is lost, changed or let through here is a wrong number in a mart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.loaders.support import DATASETS, PLAY, Exact, line, play, read, shape

GOOD = line()
BOM = b"\xef\xbb\xbf"


def changed(before: bytes, after: bytes) -> bytes:
    assert before in GOOD
    return GOOD.replace(before, after)


def deep(levels: int) -> bytes:
    """A good event with an undeclared field, `levels` levels deep with the event itself."""
    return GOOD[:-1] + b',"x":' + b'{"a":' * (levels - 1) + b"1" + b"}" * levels


# name: (line 2 of good / nasty / good, reason, field). The whole line must be put aside as it stands.
REJECTED: dict[str, tuple[bytes, str, str | None]] = {
    "truncated": (GOOD[:-20], "not_json", None),
    "truncated in a key": (GOOD[:20], "not_json", None),
    "not a number": (changed(b"12.5", b"NaN"), "not_json", None),
    "infinity": (changed(b"12.5", b"Infinity"), "not_json", None),
    "leading zero": (changed(b"12.5", b"012"), "not_json", None),
    "number without fraction digits": (changed(b"12.5", b"12."), "not_json", None),
    "plus sign": (changed(b"12.5", b"+12"), "not_json", None),
    "trailing comma": (GOOD[:-1] + b",}", "not_json", None),
    "comment": (GOOD[:-1] + b"/* x */}", "not_json", None),
    "single quotes": (GOOD.replace(b'"', b"'"), "not_json", None),
    "raw tab": (changed(b"jazz", b"ja\tzz"), "not_json", None),
    "raw nul": (changed(b"jazz", b"ja\0zz"), "not_json", None),
    "unknown escape": (changed(b"jazz", b"ja\\xzz"), "not_json", None),
    "short escape": (changed(b"jazz", b"ja\\u12"), "not_json", None),
    "nul after the record": (GOOD + b"\0", "trailing_text", None),
    "form feed after the record": (GOOD + b"\x0c", "trailing_text", None),
    "byte-order mark inside the file": (BOM + GOOD, "not_json", None),
    "words": (b"oops", "not_json", None),
    "only nul": (b"\0\0", "not_json", None),
    "only a form feed": (b"\x0c", "not_json", None),
    "text after the record": (GOOD + b"xyz", "trailing_text", None),
    "comma between records": (GOOD + b"," + GOOD, "trailing_text", None),
    "number after the record": (GOOD + b" 5", "trailing_text", None),
    "truncated record after the record": (GOOD + GOOD[:-9], "trailing_text", None),
    "two numbers": (b"1 2", "not_json", None),
    "number": (b"12", "not_an_object", None),
    "string": (b'"x"', "not_an_object", None),
    "null": (b"null", "not_an_object", None),
    "array of records": (b"[" + GOOD + b"]", "not_an_object", None),
    "invalid UTF-8": (changed(b"jazz", b"\xff\xfe"), "not_utf8", None),
    "overlong UTF-8": (changed(b"jazz", b"\xc0\xaf"), "not_utf8", None),
    "surrogate in UTF-8": (changed(b"jazz", b"\xed\xa0\x80"), "not_utf8", None),
    "invalid UTF-8 in an undeclared field": (GOOD[:-1] + b',"x":"\xff"}', "not_utf8", None),
    "invalid UTF-8 in an undeclared key": (GOOD[:-1] + b',"\xff":1}', "not_utf8", None),
    "lone surrogate": (changed(b"jazz", b"\\ud800"), "lone_surrogate", None),
    "lone surrogate in an undeclared field": (GOOD[:-1] + b',"x":"\\udc00"}', "lone_surrogate", None),
    "duplicate key": (GOOD[:-1] + b',"userid":"u2"}', "duplicate_key", "userid"),
    "duplicate of an equal value": (GOOD[:-1] + b',"userid":"u1"}', "duplicate_key", "userid"),
    "duplicate that makes up for an absent field": (
        changed(b',"genre":"jazz"', b',"userid":"u2"'),
        "duplicate_key",
        "userid",
    ),
    "duplicate with a blank before the colon": (GOOD[:-1] + b',"userid" :"u2"}', "duplicate_key", "userid"),
    "duplicate null": (GOOD[:-1] + b',"userid":null}', "duplicate_key", "userid"),
    "duplicate key, escaped": (GOOD[:-1] + b',"user\\u0069d":"u2"}', "duplicate_key", "userid"),
    "duplicate undeclared key": (GOOD[:-1] + b',"x":1,"x":1}', "duplicate_key", "x"),
    "duplicate nested key": (GOOD[:-1] + b',"x":{"y":{"z":1,"z":2}}}', "duplicate_key", "z"),
    "duplicate in an array": (GOOD[:-1] + b',"x":[{"z":1,"z":2}]}', "duplicate_key", "z"),
    "513 levels": (deep(513), "too_deep", None),
    "3000 levels": (deep(3000), "too_deep", None),
    "3000 arrays": (GOOD[:-1] + b',"x":' + b"[" * 3000 + b"]" * 3000 + b"}", "too_deep", None),
    "missing": (line(playid=...), "missing", "playid"),
    "null where required": (line(playid=None), "missing", "playid"),
    "empty object": (b"{}", "missing", "eventid"),
    "string for number": (changed(b"12.5", b'"12.5"'), "wrong_type", "secondslistened"),
    "boolean for number": (changed(b"12.5", b"true"), "wrong_type", "secondslistened"),
    "object for string": (changed(b'"u1"', b'{"a":1}'), "wrong_type", "userid"),
    "number for string": (changed(b'"u1"', b"12"), "wrong_type", "userid"),
    "number too large": (changed(b"12.5", b"1e400"), "not_finite", "secondslistened"),
    "very long number": (changed(b"12.5", b"9" * 5000), "not_finite", "secondslistened"),
    "below range": (changed(b"12.5", b"-0.001"), "below_min", "secondslistened"),
    "above range": (changed(b"12.5", b"86400.5"), "above_max", "secondslistened"),
    "not above": (line(durationseconds=0), "below_min", "durationseconds"),
    "not in enum": (changed(b"heartbeat", b"explode"), "not_in_enum", "action"),
    "enum in another case": (changed(b"heartbeat", b"Heartbeat"), "not_in_enum", "action"),
    "empty id": (line(eventid=""), "too_short", "eventid"),
    "long id": (line(eventid="x" * 129), "too_long", "eventid"),
    "country of three letters": (line(countrycode="ZAF"), "too_long", "countrycode"),
    "country of one letter in two units": (line(countrycode="\U0001f600"), "too_short", "countrycode"),
    "timestamp without zone": (line(eventtime="2026-03-01T03:15:00"), "bad_timestamp", "eventtime"),
    "date only": (line(eventtime="2026-03-01"), "bad_timestamp", "eventtime"),
    "second 60": (line(eventtime="2026-03-01T23:59:60Z"), "bad_timestamp", "eventtime"),
    "no such day": (line(senttime="2026-02-29T00:00:00Z"), "bad_timestamp", "senttime"),
    "year 1969": (line(eventtime="1969-12-31T23:59:59Z"), "bad_timestamp", "eventtime"),
    "year 2101": (line(eventtime="2101-01-01T00:00:00Z"), "bad_timestamp", "eventtime"),
    "negative epoch": (line(eventtime=-1), "bad_timestamp", "eventtime"),
    "epoch in nanoseconds": (line(eventtime=1772334900123000000), "bad_timestamp", "eventtime"),
    "epoch as text": (line(eventtime="1772334900123"), "bad_timestamp", "eventtime"),
    "fractional epoch": (changed(b'"2026-03-01T03:15:00.123Z"', b"1772334900123.0"), "wrong_type", "eventtime"),
    "boolean timestamp": (line(receivedtime=True), "wrong_type", "receivedtime"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_bad_line_is_put_aside_alone_with_its_reason_and_its_bytes(name: str) -> None:
    nasty, reason, field = REJECTED[name]
    found = read(GOOD + b"\n" + nasty + b"\n" + line(eventid="e3") + b"\n")
    assert [row["eventid"] for row in found.rows] == ["e1", "e3"]
    assert [row["_line"] for row in found.rows] == [1, 3]
    [rejected] = found.rejected
    assert (rejected.reason, rejected.field) == (reason, field)
    assert (rejected.line, rejected.offset, rejected.record) == (2, len(GOOD) + 1, nasty)


# name: (line, what is expected of the row)
ACCEPTED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "integer for a number": (changed(b"12.5", b"12"), {"secondslistened": 12.0}),
    "exponent": (changed(b"12.5", b"1.25e1"), {"secondslistened": 12.5}),
    "range's ends": (changed(b"12.5", b"86400"), {"secondslistened": 86400.0}),
    "minus zero": (changed(b"12.5", b"-0"), {"secondslistened": 0.0}),
    "null where optional": (line(userid=None), {"userid": None}),
    "absent where optional": (line(userid=...), {"userid": None}),
    "escaped key": (changed(b'"userid"', b'"user\\u0069d"'), {"userid": "u1"}),
    "surrogate pair": (changed(b"jazz", b"\\ud83d\\ude00"), {"genre": "\U0001f600"}),
    "escaped nul": (changed(b"jazz", b"\\u0000"), {"genre": "\0"}),
    "line separator": (changed(b"jazz", "\u2028\x85".encode()), {"genre": "\u2028\x85"}),
    "delete character": (changed(b"jazz", b"\x7f"), {"genre": "\x7f"}),
    "key-like text in a value": (line(genre='x":'), {"genre": 'x":'}),
    "value that begins with a colon": (line(genre=":x"), {"genre": ":x"}),
    "value that begins with a blank": (line(genre=" x"), {"genre": " x"}),
    "blanks everywhere": (json.dumps(play(), indent=None, separators=(" , ", " : ")).encode(), {"userid": "u1"}),
    "python's blanks": (json.dumps(play()).encode(), {"userid": "u1", "_extra": None}),
    "blanks around": (b" \t" + GOOD + b" \r", {"userid": "u1", "_offset": len(GOOD) + 3}),
    "country of two letters in three bytes each": (line(countrycode="\u20ac\u20ac"), {"countrycode": "\u20ac\u20ac"}),
    "epoch milliseconds": (line(eventtime=1772334900123), {"eventtime": "2026-03-01T03:15:00.123000"}),
    "offset": (line(eventtime="2026-03-01T05:15:00+02:00"), {"eventtime": "2026-03-01T03:15:00"}),
    "offset without colon": (line(eventtime="2026-03-01T01:45:00-0130"), {"eventtime": "2026-03-01T03:15:00"}),
    "nine digits": (line(eventtime="2026-03-01T03:15:00.123456789Z"), {"eventtime": "2026-03-01T03:15:00.123456"}),
    "undeclared": (
        GOOD[:-1] + b',"a":1.10,"b":{"c":12345678901234567890123456789012345678},"d":1e400,"e":null}',
        {"_extra": '{"a":1.10,"b":{"c":12345678901234567890123456789012345678},"d":1e400,"e":null}'},
    ),
    "undeclared with blanks": (GOOD[:-1] + b', "a" : [1 , 2] }', {"_extra": '{"a":[1 , 2]}'}),
    "undeclared with escapes": (GOOD[:-1] + b',"a":"\\u00e9\xc3\xa9"}', {"_extra": '{"a":"\\u00e9é"}'}),
    "undeclared in another case": (GOOD[:-1] + b',"UserId":"u2"}', {"userid": "u1", "_extra": '{"UserId":"u2"}'}),
    "512 levels": (deep(512), {"userid": "u1"}),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_valid_line_lands_as_it_was_meant(name: str) -> None:
    odd, expected = ACCEPTED[name]
    found = read(GOOD + b"\n" + odd + b"\n" + GOOD + b"\n")
    assert found.reasons == []
    assert [row["_line"] for row in found.rows] == [1, 2, 3]
    row = found.rows[1] | {"eventtime": found.rows[1]["eventtime"].isoformat()}
    assert {name: row[name] for name in expected} == expected


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


INTEGERS = {
    b"12": 12,
    b"-0": 0,
    b"0": 0,
    b"9223372036854775807": 2**63 - 1,
    b"9223372036854775808": "integer_too_large",
    b"99999999999999999999999": "integer_too_large",
    b"-1": "below_min",
    b"12.0": "wrong_type",
    b"1e1": "wrong_type",
    b'"12"': "wrong_type",
    b"true": "wrong_type",
}


@pytest.mark.parametrize("written", INTEGERS)
def test_an_integer_is_never_coerced(written: bytes) -> None:
    envelope = {
        name: value for name, value in play().items() if name in ("eventid", "eventtime", "receivedtime", "clientid")
    }
    event = json.dumps(envelope | {"utterance": "hi", "outcome": "understood"}).encode()
    found = read(event[:-1] + b',"latencyms":' + written + b"}", shape(DATASETS["voicefeedback"]))
    wanted = INTEGERS[written]
    if isinstance(wanted, int):
        assert [row["latencyms"] for row in found.rows] == [wanted]
    else:
        assert found.reasons == [(wanted, "latencyms")]


PIECES = st.sampled_from(
    [GOOD, GOOD, GOOD[:50], GOOD[50:], b"{", b"}", b"[", b"]", b",", b"\n", b"\n", b" ", BOM, b"\0", b'"']
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=12).map(b"".join),
    st.lists(st.integers(1, 300), max_size=6),
)
def test_no_bytes_make_it_fail_and_how_they_are_cut_into_blocks_changes_nothing(text: bytes, blocks: list[int]) -> None:
    whole, cut = read(text), read(text, blocks=blocks)
    assert (cut.rows, cut.rejected) == (whole.rows, whole.rejected)
    # Everything but blanks, brackets around and commas between the records of an array belongs to some record.
    starts = {row["_offset"] for row in whole.rows} | {one.offset for one in whole.rejected}
    assert bool(starts) is (text.removeprefix(BOM).translate(None, b" \t\r\n") not in (b"", b"[]"))


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
    members = {name: json.dumps(value).encode() for name, value in play().items()}
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
