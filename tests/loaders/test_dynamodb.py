"""DynamoDB's typed values, against boto3's reader of them."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders import contracts, jsontext
from loaders.dynamodb import ItemShape
from loaders.jsontext import Number
from loaders.personal import treatment
from tests.loaders.support import DATASETS, Exact, Place, read, with_class

USERS, DEVICES = DATASETS["users"], DATASETS["devices"]
PIPELINE = {"NULL": "nULLValue", "BOOL": "bOOL", "SS": "sS", "NS": "nS", "BS": "bS"}
USER: dict[str, Any] = {
    "id": {"S": "u1"},
    "createdAt": {"S": "2026-03-01T03:15:00.5Z"},
    "clientId": {"S": "c1"},
    "birthYear": {"N": "1990"},
    "marketingConsent": {"BOOL": True},
    "musicServices": {"SS": ["tidal", "deezer"]},
    "preferences": {"M": {"theme": {"S": "dark"}, "volume": {"N": "0.10"}}},
    "email": {"NULL": True},
}


def shape(wrapped: bool = True, dataset: Any = USERS) -> ItemShape:
    return ItemShape(dataset, treatment(dataset, DATASETS.values(), None), wrapped)


def native(item: Any) -> bytes:
    return json.dumps({"Item": item}, ensure_ascii=False).encode()


def test_a_native_item_lands_by_its_contract() -> None:
    [row] = read(native(USER), shape(), region=None).rows
    assert row["createdAt"].isoformat() == "2026-03-01T03:15:00.500000"
    assert row["birthYear"] == "1990"
    assert row["marketingConsent"] is True
    assert row["musicServices"] == '["deezer","tidal"]'
    assert row["preferences"] == '{"theme":"dark","volume":0.10}'
    assert (row["email"], row["status"], row["_extra"]) == (None, None, None)


def test_a_data_pipeline_item_is_the_same_item() -> None:
    def spelled(typed: dict[str, Any]) -> dict[str, Any]:
        ((kind, value),) = typed.items()
        if kind == "M":
            value = {name: spelled(member) for name, member in value.items()}
        return {PIPELINE.get(kind, kind.lower()): value}

    text = json.dumps({name: spelled(typed) for name, typed in USER.items()}).encode()
    assert read(text, shape(wrapped=False), region=None).rows == read(native(USER), shape(), region=None).rows


def test_lists_and_nothing_of_devices() -> None:
    item = {
        "id": {"S": "d1"},
        "model": {"S": "m"},
        "clientId": {"S": "c"},
        "registeredAt": {"S": "2026-01-01T00:00:00Z"},
        "ownerId": {"NULL": True},
        "channels": {"L": [{"S": "b"}, {"S": "a"}, {"S": "b"}]},
    }
    [row] = read(native(item), shape(dataset=DEVICES), region=None).rows
    assert (row["ownerId"], row["channels"]) == (None, '["b","a","b"]')


REJECTED: dict[str, tuple[Any, str]] = (
    {
        "no item": ({"id": {"S": "u1"}}, "not_typed"),
        "more than the item": ({"Item": USER, "More": {}}, "not_typed"),
        "bare value": ({"Item": USER | {"country": "ZA"}}, "not_typed"),
        "null": ({"Item": USER | {"country": None}}, "not_typed"),
        "no type": ({"Item": USER | {"country": {}}}, "not_typed"),
        "two types": ({"Item": USER | {"country": {"S": "a", "s": "b"}}}, "not_typed"),
        "unknown type": ({"Item": USER | {"country": {"X": "a"}}}, "not_typed"),
        "type that only looks like one": ({"Item": USER | {"musicServices": {"ß": ["a"]}}}, "not_typed"),
        "unknown type deep down": ({"Item": USER | {"x": {"L": [{"M": {"y": {"T": 1}}}]}}}, "not_typed"),
        "number that is none in quotes": ({"Item": USER | {"birthYear": {"N": 1990}}}, "not_typed"),
        "boolean in quotes": ({"Item": USER | {"marketingConsent": {"BOOL": "true"}}}, "not_typed"),
        "false null": ({"Item": USER | {"email": {"NULL": False}}}, "not_typed"),
        "set that is a string": ({"Item": USER | {"musicServices": {"SS": "tidal"}}}, "not_typed"),
        "set of numbers": ({"Item": USER | {"musicServices": {"SS": [1]}}}, "not_typed"),
        "list that is a map": ({"Item": USER | {"x": {"L": {}}}}, "not_typed"),
        "wrong type": ({"Item": USER | {"country": {"N": "1"}}}, "wrong_type"),
        "timestamp in a number": ({"Item": USER | {"createdAt": {"N": "1772334900123"}}}, "wrong_type"),
        "epoch in a string": ({"Item": USER | {"createdAt": {"S": "1772334900123"}}}, "bad_timestamp"),
        "required null": ({"Item": USER | {"clientId": {"NULL": True}}}, "missing"),
        "empty id": ({"Item": USER | {"id": {"S": ""}}}, "too_short"),
        "enum": ({"Item": USER | {"status": {"S": "gone"}}}, "not_in_enum"),
        "no base64": ({"Item": USER | {"x": {"B": "a"}}}, "bad_base64"),
        "blank in base64": ({"Item": USER | {"x": {"BS": ["YQ ="]}}}, "bad_base64"),
    }
    | {
        f"number {text!r}": ({"Item": USER | {"x": {"NS": ["1", text]}}}, "bad_number")
        for text in ("", " 1", "1 ", "1_000", "01", "+1", ".5", "1.", "NaN", "Infinity", "0x1", "1e", "١", "1" * 39)
    }
    | {
        f"number {text!r}": ({"Item": USER | {"x": {"N": text}}}, "bad_number")
        for text in ("1e126", "10e125", "1e-131", "0.1e-130", "1e99999", "1e-99999", "1." + "1" * 38)
    }
)


def kept(text: bytes) -> bytes:
    """What is kept of a rejected item: birthYear is dropped as shipped."""
    return re.sub(rb'"birthYear": \{"N": [^}]*\}', b'"birthYear": {"NULL":true}', text)


@pytest.mark.parametrize("name", REJECTED)
@pytest.mark.parametrize("exactly", [False, True])
def test_an_invalid_item_is_put_aside_alone(name: str, exactly: bool) -> None:
    record, reason = REJECTED[name]
    text = json.dumps(record, ensure_ascii=False).encode()
    through = Exact(shape()) if exactly else shape()
    found = read(native(USER) + b"\n" + text + b"\n" + native(USER), through, region=None)
    assert [row["_line"] for row in found.rows] == [1, 3]
    assert [(one.line, one.reason, one.record) for one in found.rejected] == [(2, reason, kept(text))]


NUMERALS = ["0", "-0", "0.000", "0e9999", "1.10", "1" * 38, "-" + "9" * 38 + "0" * 80, "1" + "0" * 125]
NUMERALS += ["1E125", "9.99e+125", "-9." + "9" * 37 + "E+125", "1E-130", "1.5E-130", "0." + "0" * 129 + "1"]


@pytest.mark.parametrize("text", NUMERALS)
def test_a_number_keeps_every_digit(text: str) -> None:
    [row] = read(native(USER | {"birthYear": {"N": text}, "x": {"N": text}}), shape(), region=None).rows
    assert (row["birthYear"], row["_extra"]) == (text, f'{{"x":{text}}}')


def test_numbers_that_no_arrow_decimal_holds_stand_in_the_lake_digit_by_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"users": with_class(USERS, "birthYear", "keep")})
    place = Place(tmp_path)
    items = [USER | {"birthYear": {"N": text}, "preferences": {"M": {"x": {"N": text}}}} for text in NUMERALS]
    place.put("dynamodb/users/2026-03-01-01-00-00/part", items)
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    place.land()
    assert place.rows("users", "birthYear, preferences") == [(text, f'{{"x":{text}}}') for text in NUMERALS]


def test_a_key_that_stands_twice_is_found_at_any_level() -> None:
    text = native(USER | {"x": {"M": {"y": {"S": "1"}}}})
    for before, after in (
        (b'"y": ', b'"y": {"S": "2"}, "y": '),
        (b'"M": ', b'"M": {}, "M": '),
        (b'"id": ', b'"id": 1, "id": '),
    ):
        [rejected] = read(text.replace(before, after, 1), shape(), region=None).rejected
        assert rejected.reason == "duplicate_key"


def test_the_levels_of_an_item_count_like_those_of_any_record() -> None:
    def nested(levels: int) -> bytes:
        return native(USER)[:-2] + b', "x": ' + b'{"M":{"a":' * levels + b'{"S":""}' + b"}}" * levels + b"}}"

    assert read(nested(254), shape(), region=None).reasons == []
    assert read(nested(255), shape(), region=None).reasons == [("too_deep", None)]
    assert read(nested(3000), shape(), region=None).reasons == [("too_deep", None)]


# Up to 38 digits, with an exponent or without; boto3 takes none whose first digit stands below 1E-128.
DIGITS = st.integers(-(10**38) + 1, 10**38 - 1)
NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20).map(str),
    DIGITS.map(str),
    st.builds(lambda digits, exponent: f"{digits}{exponent}", DIGITS, st.sampled_from(["E-128", "e+80", "E0", "e-38"])),
)
BYTES = st.binary(max_size=4).map(lambda raw: base64.b64encode(raw).decode())
TYPED = st.recursive(
    st.one_of(
        st.text(max_size=4).map(lambda value: {"S": value}),
        NUMBERS.map(lambda value: {"N": value}),
        BYTES.map(lambda value: {"B": value}),
        st.booleans().map(lambda value: {"BOOL": value}),
        st.just({"NULL": True}),
        st.lists(st.text(max_size=3), min_size=1, max_size=3, unique=True).map(lambda value: {"SS": value}),
        st.lists(NUMBERS, min_size=1, max_size=3, unique_by=Decimal).map(lambda value: {"NS": value}),
        st.lists(BYTES, min_size=1, max_size=3, unique=True).map(lambda value: {"BS": value}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda value: {"L": value}),
        st.dictionaries(st.sampled_from(["a", "B", "ü", 'q"']), inner, max_size=3).map(lambda value: {"M": value}),
    ),
    max_leaves=6,
)


def by_boto3(typed: Any) -> Any:
    """boto3's value, in the form that plain JSON has: numbers exact, sets as sorted texts, bytes in base64."""

    def unpacked(node: Any) -> Any:
        ((kind, value),) = node.items()
        if kind in ("B", "BS"):
            return {kind: base64.b64decode(value) if kind == "B" else [base64.b64decode(one) for one in value]}
        if kind in ("M", "L"):
            inner = {k: unpacked(v) for k, v in value.items()} if kind == "M" else [unpacked(v) for v in value]
            return {kind: inner}
        return node

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(member) for name, member in value.items()}
        if isinstance(value, list):
            return [plain(member) for member in value]
        if isinstance(value, set):
            return sorted(map(str, map(plain, value)))
        if isinstance(value, Binary):
            return base64.b64encode(value.value).decode()
        return value

    return plain(TypeDeserializer().deserialize(unpacked(typed)))


def comparable(typed: Any, value: Any) -> Any:
    """Our plain JSON with sets sorted, as `by_boto3` has them."""
    ((kind, inside),) = typed.items()
    if kind in ("SS", "NS", "BS"):
        return sorted(map(str, value))
    if kind == "L":
        return [comparable(one, found) for one, found in zip(inside, value, strict=True)]
    if kind == "M":
        return {name: comparable(inside[name], found) for name, found in value.items()}
    return value


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TYPED, st.data())
def test_the_fast_way_decides_as_the_exact_one_about_damaged_items(typed: dict[str, Any], data: st.DataObject) -> None:
    text = native(USER | {"x": typed})
    at = data.draw(st.integers(text.index(b'"x"'), len(text)))
    damage = [b"", b"{", b"}", b'"', b":", b"1", b"\\ud800", b"\xff", b'"S":"",', b"NaN", b"\n", b"null", b'{"S":"a"},']
    text = text[:at] + data.draw(st.sampled_from(damage)) + text[at + data.draw(st.integers(0, 3)) :]
    fast, exact = read(text, shape(), region=None), read(text, Exact(shape()), region=None)
    assert fast.rejected == exact.rejected
    assert fast.rows == exact.rows
    assert fast.rows or fast.rejected


# What stands in the attribute x (or is it, under another name), and what it is in plain JSON.
ODD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "attributes named like types": (
        {"S": {"S": "a"}, "N": {"S": "b"}, "M": {"M": {"S": {"N": "1.0"}, "NULL": {"S": ""}}}},
        {"S": "a", "N": "b", "M": {"S": Number("1.0"), "NULL": ""}},
    ),
    "values that look like typed ones": (
        {"x": {"M": {"S": {"S": '{"S":"a"}'}, "N": {"M": {"N": {"N": "1"}}}}}, "y": {"S": '{"N":"1"}'}},
        {"x": {"S": '{"S":"a"}', "N": {"N": Number("1")}}, "y": '{"N":"1"}'},
    ),
    "the item's own wrapper as an attribute": ({"Item": {"S": "a"}}, {"Item": "a"}),
    "empty": (
        {"a": {"S": ""}, "b": {"L": []}, "c": {"M": {}}, "d": {"B": ""}, "e": {"L": [{"M": {}}, {"L": []}]}},
        {"a": "", "b": [], "c": {}, "d": "", "e": [{}, []]},
    ),
    "empty sets": ({"a": {"SS": []}, "b": {"NS": []}, "c": {"BS": []}}, {"a": [], "b": [], "c": []}),
    "sets with what is empty": (
        {"a": {"SS": ["", "b"]}, "b": {"BS": ["", "YQ=="]}},
        {"a": ["", "b"], "b": ["", "YQ=="]},
    ),
    "nulls": ({"a": {"NULL": True}, "b": {"L": [{"NULL": True}, {"BOOL": False}]}}, {"a": None, "b": [None, False]}),
    "an attribute without a name": ({"": {"S": "a"}}, {"": "a"}),
    "a text with every escape": (
        {"a": {"S": '"\\/\b\f\n\r\t\0é\u2028\U0001f600'}},
        {"a": '"\\/\b\f\n\r\t\0é\u2028\U0001f600'},
    ),
    "numbers in a set": (
        {"a": {"NS": ["1.10", "-0", "1E125", "9" * 38]}},
        {"a": [Number("-0"), Number("1.10"), Number("1E125"), Number("9" * 38)]},
    ),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("wrapped", [True, False])
def test_odd_attributes_are_plain_json_afterwards(name: str, wrapped: bool) -> None:
    attributes, plain = ODD[name]
    text = native(USER | attributes) if wrapped else json.dumps(USER | attributes).encode()
    for through in (shape(wrapped), Exact(shape(wrapped))):
        found = read(text, through, region=None)
        assert found.reasons == []
        assert jsontext.scan(found.rows[0]["_extra"].encode()).value == plain


def test_maps_and_sets_have_no_order() -> None:
    """Else an item that is written in another order would look changed, and begin a new version."""
    one: dict[str, Any] = {
        "b": {"SS": ["y", "x"]},
        "a": {"L": [{"M": {"d": {"NS": ["2", "1"]}, "c": {"BS": ["YQ==", ""]}}}]},
    }
    other: dict[str, Any] = {
        "a": {"L": [{"M": {"c": {"BS": ["", "YQ=="]}, "d": {"NS": ["1", "2"]}}}]},
        "b": {"SS": ["x", "y"]},
    }
    for through in (shape(True), Exact(shape(True))):
        told = [
            read(native(USER | {"preferences": {"M": written}, "x": {"M": written}}), through, region=None).rows[0]
            for written in (one, other)
        ]
        assert told[0] == told[1]
        assert told[0]["preferences"] == '{"a":[{"c":["","YQ=="],"d":[1,2]}],"b":["x","y"]}'


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["x", "S", "y"]), TYPED, max_size=2), st.data())
def test_type_keys_of_any_case_mean_the_same(attributes: dict[str, Any], data: st.DataObject) -> None:
    def spelled(typed: dict[str, Any]) -> dict[str, Any]:
        ((kind, value),) = typed.items()
        inner: Any = value
        if kind == "M":
            inner = {name: spelled(member) for name, member in value.items()}
        if kind == "L":
            inner = [spelled(member) for member in value]
        cases = [kind, kind.lower(), kind.title(), kind.swapcase(), PIPELINE.get(kind, kind.lower())]
        return {data.draw(st.sampled_from(cases)): inner}

    item = USER | attributes
    text = native({name: spelled(typed) for name, typed in item.items()})
    assert read(text, shape(), region=None) == read(native(item), shape(), region=None)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TYPED)
def test_undeclared_attributes_are_what_boto3_reads(typed: dict[str, Any]) -> None:
    text = native(USER | {"x": typed})
    found = read(text, shape(), region=None)
    assert found.rejected == []
    assert found.rows == read(text, Exact(shape()), region=None).rows
    extra = json.loads(found.rows[0]["_extra"], parse_int=Decimal, parse_float=Decimal)
    assert comparable(typed, extra["x"]) == by_boto3(typed)
