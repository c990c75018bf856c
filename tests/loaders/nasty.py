"""The kinds of lines that common readers get wrong, and where each must end.

Every line stands for one kind: it is put between two good ones. `ASIDE` are put aside whole, with a reason and a field;
`LANDED` land, with the values that are said of them. Lines of VOICE have an integer, lines of PLAY have none.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from loaders.contracts import Column, Dataset
from tests.loaders.support import DATASETS, GOOD_LINE, line, play

# Everything that shipped contracts have no example of.
MORE = (
    Column("released", "released", "date"),
    Column("price", "price", "decimal", min=0),
    Column("rank", "rank", "integer", enum=(1, 2)),
    Column("labels", "labels", "string_set"),
    Column("settings", "settings", "map"),
    Column("anything", "anything", "json"),
    Column("live", "live", "boolean"),
)


def with_more(dataset: Dataset) -> Dataset:
    """The contract with a column of each type that it lacks."""
    declared = len(dataset.declared)
    return replace(dataset, columns=(*dataset.columns[:declared], *MORE, *dataset.columns[declared:]))


CONTRACTS = DATASETS | {"play": with_more(DATASETS["play"])}
BOM = b"\xef\xbb\xbf"
GOOD = GOOD_LINE
VOICE = {
    name: value for name, value in play().items() if name in ("eventid", "eventtime", "receivedtime", "clientid")
} | {"utterance": "hi", "outcome": "understood"}


def changed(before: bytes, after: bytes) -> bytes:
    assert before in GOOD
    return GOOD.replace(before, after)


def also(member: bytes) -> bytes:
    """The good line with one more member."""
    return GOOD[:-1] + b"," + member + b"}"


def deep(levels: int) -> bytes:
    """A good event with an undeclared field, `levels` levels deep with the event itself."""
    return also(b'"x":' + b'{"a":' * (levels - 1) + b"1" + b"}" * (levels - 1))


def voice(latency: bytes) -> bytes:
    return json.dumps(VOICE).encode()[:-1] + b',"latencyms":' + latency + b"}"


# name: (the line, reason, field)
ASIDE: dict[str, tuple[bytes, str, str | None]] = {
    "truncated": (GOOD[:-20], "not_json", None),
    "truncated in a key": (GOOD[:20], "not_json", None),
    "truncated in an escape": (changed(b'jazz"}', b"ja\\u00"), "not_json", None),
    "closed twice": (GOOD + b"}", "trailing_text", None),
    "not a number": (changed(b"12.5", b"NaN"), "not_json", None),
    "infinity": (changed(b"12.5", b"Infinity"), "not_json", None),
    "minus infinity": (changed(b"12.5", b"-Infinity"), "not_json", None),
    "not a number in an undeclared field": (also(b'"x":[NaN]'), "not_json", None),
    "undefined": (changed(b"12.5", b"undefined"), "not_json", None),
    "python's None": (changed(b"12.5", b"None"), "not_json", None),
    "upper-case literal": (also(b'"x":TRUE'), "not_json", None),
    "leading zero": (changed(b"12.5", b"012"), "not_json", None),
    "leading zero in an undeclared field": (also(b'"x":-01'), "not_json", None),
    "hexadecimal": (changed(b"12.5", b"0x10"), "not_json", None),
    "number without fraction digits": (changed(b"12.5", b"12."), "not_json", None),
    "number without leading digit": (changed(b"12.5", b".5"), "not_json", None),
    "exponent without digits": (changed(b"12.5", b"12e"), "not_json", None),
    "plus sign": (changed(b"12.5", b"+12"), "not_json", None),
    "minus alone": (changed(b"12.5", b"-"), "not_json", None),
    "trailing comma": (GOOD[:-1] + b",}", "not_json", None),
    "trailing comma in an array": (also(b'"x":[1,]'), "not_json", None),
    "two commas": (changed(b',"genre"', b',,"genre"'), "not_json", None),
    "no comma": (changed(b',"genre"', b' "genre"'), "not_json", None),
    "no colon": (changed(b'"genre":', b'"genre" '), "not_json", None),
    "no value": (changed(b'"genre":"jazz"', b'"genre":'), "not_json", None),
    "key without quotes": (changed(b'"genre"', b"genre"), "not_json", None),
    "comment": (GOOD[:-1] + b"/* x */}", "not_json", None),
    "line comment": (GOOD[:-1] + b"// x }", "not_json", None),
    "comment after the record": (GOOD + b" # x", "trailing_text", None),
    "single quotes": (GOOD.replace(b'"', b"'"), "not_json", None),
    "quote in the middle": (changed(b"jazz", b'ja"zz'), "not_json", None),
    "raw tab": (changed(b"jazz", b"ja\tzz"), "not_json", None),
    "raw nul": (changed(b"jazz", b"ja\0zz"), "not_json", None),
    "raw 01": (changed(b"jazz", b"ja\x01zz"), "not_json", None),
    "raw 1f in a key": (changed(b'"genre"', b'"gen\x1fre"'), "not_json", None),
    "raw carriage return in a string": (changed(b"jazz", b"ja\rzz"), "not_json", None),
    "vertical tab between tokens": (changed(b',"genre"', b',\x0b"genre"'), "not_json", None),
    "no-break space between tokens": (changed(b',"genre"', b',\xc2\xa0"genre"'), "not_json", None),
    "unknown escape": (changed(b"jazz", b"ja\\xzz"), "not_json", None),
    "short escape": (changed(b"jazz", b"ja\\u12"), "not_json", None),
    "nul after the record": (GOOD + b"\0", "trailing_text", None),
    "nuls before the record": (b"\0\0\0" + GOOD, "not_json", None),
    "form feed after the record": (GOOD + b"\x0c", "trailing_text", None),
    "byte-order mark inside the file": (BOM + GOOD, "not_json", None),
    "words": (b"oops", "not_json", None),
    "only nul": (b"\0\0", "not_json", None),
    "only a form feed": (b"\x0c", "not_json", None),
    "binary": (bytes(byte for byte in range(256) if byte not in b"\n"), "not_json", None),
    "text after the record": (GOOD + b"xyz", "trailing_text", None),
    "text after a blank after the record": (GOOD + b" xyz", "trailing_text", None),
    "comma between records": (GOOD + b"," + GOOD, "trailing_text", None),
    "comma after the record": (GOOD + b",", "trailing_text", None),
    "number after the record": (GOOD + b" 5", "trailing_text", None),
    "array after the record": (GOOD + b"[]", "trailing_text", None),
    "truncated record after the record": (GOOD + GOOD[:-9], "trailing_text", None),
    "text after glued records": (GOOD + GOOD + b"x", "trailing_text", None),
    "two numbers": (b"1 2", "not_json", None),
    "number before a record": (b"1" + GOOD, "not_json", None),
    "number": (b"12", "not_an_object", None),
    "string": (b'"x"', "not_an_object", None),
    "true": (b"true", "not_an_object", None),
    "null": (b"null", "not_an_object", None),
    "empty array": (b"[]", "not_an_object", None),
    "array of records": (b"[" + GOOD + b"]", "not_an_object", None),
    "invalid UTF-8": (changed(b"jazz", b"\xff\xfe"), "not_utf8", None),
    "Latin-1": (changed(b"jazz", "jäzz".encode("latin-1")), "not_utf8", None),
    "overlong UTF-8": (changed(b"jazz", b"\xc0\xaf"), "not_utf8", None),
    "overlong nul": (changed(b"jazz", b"\xc0\x80"), "not_utf8", None),
    "surrogate in UTF-8": (changed(b"jazz", b"\xed\xa0\x80"), "not_utf8", None),
    "surrogate pair in UTF-8": (changed(b"jazz", b"\xed\xa0\xbd\xed\xb8\x80"), "not_utf8", None),
    "beyond Unicode": (changed(b"jazz", b"\xf4\x90\x80\x80"), "not_utf8", None),
    "cut UTF-8": (changed(b"jazz", b"\xe2\x82"), "not_utf8", None),
    "invalid UTF-8 in an undeclared field": (also(b'"x":"\xff"'), "not_utf8", None),
    "invalid UTF-8 in an undeclared key": (also(b'"\xff":1'), "not_utf8", None),
    "invalid UTF-8 deep down": (also(b'"x":[{"y":"\xff"}]'), "not_utf8", None),
    "lone surrogate": (changed(b"jazz", b"\\ud800"), "lone_surrogate", None),
    "low surrogate first": (changed(b"jazz", b"\\ude00\\ud83d"), "lone_surrogate", None),
    "lone surrogate in an undeclared field": (also(b'"x":"\\udc00"'), "lone_surrogate", None),
    "lone surrogate in an undeclared key": (also(b'"\\udc00":1'), "lone_surrogate", None),
    "duplicate key": (also(b'"userid":"u2"'), "duplicate_key", "userid"),
    "duplicate of an equal value": (also(b'"userid":"u1"'), "duplicate_key", "userid"),
    "duplicate that makes up for an absent field": (
        changed(b',"genre":"jazz"', b',"userid":"u2"'),
        "duplicate_key",
        "userid",
    ),
    "duplicate with a blank before the colon": (also(b'"userid" :"u2"'), "duplicate_key", "userid"),
    "duplicate null": (also(b'"userid":null'), "duplicate_key", "userid"),
    "duplicate of two nulls": (also(b'"artist":null,"artist":null'), "duplicate_key", "artist"),
    "duplicate key, escaped": (also(b'"user\\u0069d":"u2"'), "duplicate_key", "userid"),
    "duplicate beside texts that end in backslashes": (
        also(b'"title":"x\\\\","artist":"y\\\\","live":true,"live":false'),
        "duplicate_key",
        "live",
    ),
    "duplicate beside a text with quotation marks": (
        also(b'"title":"\\"x\\"","live":true,"live":false'),
        "duplicate_key",
        "live",
    ),
    "duplicate beside a time that is a number": (
        changed(b'"senttime":"2026-03-01T03:15:01Z"', b'"senttime":1772334901000,"live":true,"live":false'),
        "duplicate_key",
        "live",
    ),
    "duplicate undeclared key": (also(b'"x":1,"x":1'), "duplicate_key", "x"),
    "duplicate undeclared key, escaped": (also(b'"a":1,"\\u0061":1'), "duplicate_key", "a"),
    "duplicate nested key": (also(b'"x":{"y":{"z":1,"z":2}}'), "duplicate_key", "z"),
    "duplicate nested key, escaped": (also(b'"x":{"a":1,"\\u0061":2}'), "duplicate_key", "a"),
    "duplicate in an array": (also(b'"x":[{"z":1,"z":2}]'), "duplicate_key", "z"),
    "duplicate in a declared map": (also(b'"settings":{"z":1,"z":2}'), "duplicate_key", "z"),
    "duplicate empty key": (also(b'"":1,"":2'), "duplicate_key", ""),
    "513 levels": (deep(513), "too_deep", None),
    "3,000 levels": (deep(3000), "too_deep", None),
    "3,000 arrays": (also(b'"x":' + b"[" * 3000 + b"]" * 3000), "too_deep", None),
    "100,000 levels": (deep(100_000), "too_deep", None),
    "100,000 arrays in a declared field": (also(b'"settings":' + b"[" * 100_000 + b"]" * 100_000), "too_deep", None),
    "100,000 brackets that don't close": (also(b'"x":' + b"[" * 100_000), "not_json", None),
    "missing": (line(playid=...), "missing", "playid"),
    "null where required": (line(playid=None), "missing", "playid"),
    "required key in another case": (changed(b'"playid"', b'"playId"'), "missing", "playid"),
    "required key with a blank": (changed(b'"playid"', b'"playid "'), "missing", "playid"),
    "empty object": (b"{}", "missing", "eventid"),
    "string for number": (changed(b"12.5", b'"12.5"'), "wrong_type", "secondslistened"),
    "NaN in quotes": (changed(b"12.5", b'"NaN"'), "wrong_type", "secondslistened"),
    "empty string for number": (changed(b"12.5", b'""'), "wrong_type", "secondslistened"),
    "boolean for number": (changed(b"12.5", b"true"), "wrong_type", "secondslistened"),
    "array for number": (changed(b"12.5", b"[12.5]"), "wrong_type", "secondslistened"),
    "object for string": (changed(b'"u1"', b'{"a":1}'), "wrong_type", "userid"),
    "number for string": (changed(b'"u1"', b"12"), "wrong_type", "userid"),
    "boolean for enum": (changed(b'"heartbeat"', b"true"), "wrong_type", "action"),
    "string for boolean": (also(b'"live":"true"'), "wrong_type", "live"),
    "number for boolean": (also(b'"live":1'), "wrong_type", "live"),
    "string for map": (also(b'"settings":"oops"'), "wrong_type", "settings"),
    "array for map": (also(b'"settings":[]'), "wrong_type", "settings"),
    "number in a set of strings": (also(b'"labels":["a",1]'), "wrong_type", "labels"),
    "null in a set of strings": (also(b'"labels":["a",null]'), "wrong_type", "labels"),
    "string for decimal": (also(b'"price":"1.10"'), "wrong_type", "price"),
    "number too large": (changed(b"12.5", b"1e400"), "not_finite", "secondslistened"),
    "number too small": (changed(b"12.5", b"-1e400"), "not_finite", "secondslistened"),
    "very long number": (changed(b"12.5", b"9" * 5000), "not_finite", "secondslistened"),
    "below range": (changed(b"12.5", b"-0.001"), "below_min", "secondslistened"),
    "above range": (changed(b"12.5", b"86400.5"), "above_max", "secondslistened"),
    "not above": (line(durationseconds=0), "below_min", "durationseconds"),
    "below a decimal's range": (also(b'"price":-0.000000000000000000000000000000000001'), "below_min", "price"),
    "not in enum": (changed(b"heartbeat", b"explode"), "not_in_enum", "action"),
    "enum in another case": (changed(b"heartbeat", b"Heartbeat"), "not_in_enum", "action"),
    "enum with a blank": (changed(b"heartbeat", b"heartbeat "), "not_in_enum", "action"),
    "empty enum": (changed(b"heartbeat", b""), "not_in_enum", "action"),
    "integer not in enum": (also(b'"rank":3'), "not_in_enum", "rank"),
    "empty id": (line(eventid=""), "too_short", "eventid"),
    "long id": (line(eventid="x" * 129), "too_long", "eventid"),
    "country of three letters": (line(countrycode="ZAF"), "too_long", "countrycode"),
    "country of one letter in two units": (line(countrycode="\U0001f600"), "too_short", "countrycode"),
    "timestamp without zone": (line(eventtime="2026-03-01T03:15:00"), "bad_timestamp", "eventtime"),
    "timestamp that is empty": (line(senttime=""), "bad_timestamp", "senttime"),
    "date only": (line(eventtime="2026-03-01"), "bad_timestamp", "eventtime"),
    "second 60": (line(eventtime="2026-03-01T23:59:60Z"), "bad_timestamp", "eventtime"),
    "no such day": (line(senttime="2026-02-31T00:00:00Z"), "bad_timestamp", "senttime"),
    "year 20260": (line(eventtime="20260-03-01T00:00:00Z"), "bad_timestamp", "eventtime"),
    "negative epoch": (line(eventtime=-1), "bad_timestamp", "eventtime"),
    "epoch in nanoseconds": (line(eventtime=1772334900123000000), "bad_timestamp", "eventtime"),
    "huge epoch": (line(eventtime=10**40), "bad_timestamp", "eventtime"),
    "epoch as text": (line(eventtime="1772334900123"), "bad_timestamp", "eventtime"),
    "fractional epoch": (changed(b'"2026-03-01T03:15:00.123Z"', b"1772334900123.0"), "wrong_type", "eventtime"),
    "epoch with an exponent": (changed(b'"2026-03-01T03:15:00.123Z"', b"1772334900123e0"), "wrong_type", "eventtime"),
    "boolean timestamp": (line(receivedtime=True), "wrong_type", "receivedtime"),
    "date with a time": (also(b'"released":"2026-03-01T00:00:00Z"'), "bad_date", "released"),
    "no such date": (also(b'"released":"2026-02-29"'), "bad_date", "released"),
    "number for date": (also(b'"released":20260301'), "wrong_type", "released"),
    "string for integer": (voice(b'"12"'), "wrong_type", "latencyms"),
    "boolean for integer": (voice(b"true"), "wrong_type", "latencyms"),
    "fraction for integer": (voice(b"12.5"), "wrong_type", "latencyms"),
    "whole fraction for integer": (voice(b"12.0"), "wrong_type", "latencyms"),
    "exponent for integer": (voice(b"1e3"), "wrong_type", "latencyms"),
    "2^63": (voice(b"9223372036854775808"), "integer_too_large", "latencyms"),
    "-2^63 - 1": (voice(b"-9223372036854775809"), "integer_too_large", "latencyms"),
    "huge integer": (voice(b"9" * 26), "integer_too_large", "latencyms"),
    "5,000 digits": (voice(b"9" * 5000), "integer_too_large", "latencyms"),
    "integer below range": (voice(b"-1"), "below_min", "latencyms"),
    "long line that is no record": (line(title="x" * 5_000_000)[:-1], "not_json", None),
}

# name: (the line, some of the values of its row)
LANDED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "integer for a number": (changed(b"12.5", b"12"), {"secondslistened": 12.0}),
    "exponent": (changed(b"12.5", b"1.25e1"), {"secondslistened": 12.5}),
    "range's ends": (changed(b"12.5", b"86400"), {"secondslistened": 86400.0}),
    "minus zero": (changed(b"12.5", b"-0"), {"secondslistened": 0.0}),
    "38 digits for a number": (changed(b"12.5", b"1." + b"2345678901" * 4), {"secondslistened": 1.234567890123456789}),
    "null where optional": (line(userid=None), {"userid": None}),
    "absent where optional": (line(userid=...), {"userid": None}),
    "empty string where optional": (line(userid=""), {"userid": ""}),
    "escaped key": (changed(b'"userid"', b'"user\\u0069d"'), {"userid": "u1", "_extra": None}),
    "surrogate pair": (changed(b"jazz", b"\\ud83d\\ude00"), {"genre": "\U0001f600"}),
    "escaped solidus": (changed(b"jazz", b"ja\\/zz"), {"genre": "ja/zz"}),
    "escaped nul": (changed(b"jazz", b"\\u0000jazz"), {"genre": "\0jazz"}),
    "escaped 01": (changed(b"jazz", b"\\u0001jazz"), {"genre": "\1jazz"}),
    "line separator": (changed(b"jazz", "\u2028\x85jazz".encode()), {"genre": "\u2028\x85jazz"}),
    "delete character": (changed(b"jazz", b"\x7f"), {"genre": "\x7f"}),
    "noncharacter": (changed(b"jazz", "\ufffe\uffff".encode()), {"genre": "\ufffe\uffff"}),
    "byte-order mark in a value": (changed(b"jazz", BOM + b"jazz"), {"genre": "\ufeffjazz"}),
    "key-like text in a value": (line(genre='x":'), {"genre": 'x":'}),
    "record-like text in a value": (line(genre='}{"a":1}'), {"genre": '}{"a":1}'}),
    "value that begins with a colon": (line(genre=":x"), {"genre": ":x"}),
    "value that begins with a blank": (line(genre=" x"), {"genre": " x"}),
    "NaN as text": (line(genre="NaN"), {"genre": "NaN"}),
    "blanks everywhere": (json.dumps(play(), separators=(" , ", " : ")).encode(), {"userid": "u1"}),
    "python's blanks": (json.dumps(play()).encode(), {"userid": "u1", "_extra": None}),
    "blanks around": (b" \t" + GOOD + b" \r", {"userid": "u1"}),
    "CRLF": (GOOD + b"\r", {"userid": "u1"}),
    "bare CR between tokens": (GOOD.replace(b',"', b',\r"'), {"userid": "u1", "_extra": None}),
    "country of two letters in three bytes each": (line(countrycode="\u20ac\u20ac"), {"countrycode": "\u20ac\u20ac"}),
    "epoch milliseconds": (line(eventtime=1772334900123), {"eventtime": "2026-03-01 03:15:00.123"}),
    "offset": (line(eventtime="2026-03-01T05:15:00+02:00"), {"eventtime": "2026-03-01 03:15:00"}),
    "nine digits": (line(eventtime="2026-03-01T03:15:00.123456789Z"), {"eventtime": "2026-03-01 03:15:00.123456"}),
    "undeclared": (
        also(b'"a":1.10,"b":{"c":12345678901234567890123456789012345678},"d":1e400,"e":null,"f":[-0,1E5,0.0]'),
        {"_extra": '{"a":1.10,"b":{"c":12345678901234567890123456789012345678},"d":1e400,"e":null,"f":[-0,1E5,0.0]}'},
    ),
    "undeclared beside what is dropped": (
        also(b'"E-Mail":"x","a":1.10,"b":[1e400,-0,1E5,12345678901234567890123456789012345678]'),
        {"_extra": '{"E-Mail":null,"a":1.10,"b":[1e400,-0,1E5,12345678901234567890123456789012345678]}'},
    ),
    "undeclared with blanks": (also(b' "a" : [1 , 2] '), {"_extra": '{"a":[1 , 2]}'}),
    "undeclared with escapes": (also(b'"a":"\\u00e9\xc3\xa9"'), {"_extra": '{"a":"\\u00e9é"}'}),
    "undeclared in another case": (also(b'"UserId":"u2"'), {"userid": "u1", "_extra": '{"UserId":"u2"}'}),
    "undeclared twice, but for case": (also(b'"x":1,"X":2'), {"_extra": '{"x":1,"X":2}'}),
    "undeclared 5,000 digits": (also(b'"x":' + b"9" * 5000), {"_extra": '{"x":' + "9" * 5000 + "}"}),
    "undeclared empty key": (also(b'"":1'), {"_extra": '{"":1}'}),
    "512 levels": (deep(512), {"userid": "u1"}),
    "decimal with all its digits": (also(b'"price":1.10' + b"0" * 40), {"price": "1.10" + "0" * 40}),
    "date in a leap year": (also(b'"released":"2024-02-29"'), {"released": "2024-02-29"}),
    "set": (also(b'"labels":["b","a","b"]'), {"labels": '["a","b"]'}),
    "map": (also(b'"settings":{"b": 1.0, "a": {}}'), {"settings": '{"b":1.0,"a":{}}'}),
    "anything": (also(b'"anything":[1.0, "x"]'), {"anything": '[1.0,"x"]'}),
    "5 MB": (line(title="x" * 5_000_000), {"length(title)": 5_000_000}),
    "40 MB": (line(title="é" * 20_000_000), {"length(title)": 20_000_000}),
    "integer": (voice(b"12"), {"latencyms": 12}),
    "minus zero for integer": (voice(b"-0"), {"latencyms": 0}),
    "2^63 - 1": (voice(b"9223372036854775807"), {"latencyms": 2**63 - 1}),
}
