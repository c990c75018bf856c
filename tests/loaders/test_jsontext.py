"""The exact JSON reader against the standard library's, made strict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import jsontext
from loaders.jsontext import NotJson, Number, scan

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def numbers_as_text(text: str) -> Any:
    """What the standard library reads, numbers as they were written."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse)


@given(JSON, st.sampled_from([None, 1]), st.booleans())
def test_valid_json_is_read_whole_and_written_back(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    parsed = scan(b" \n" + text.encode() + b" {")
    assert parsed.value == numbers_as_text(text)
    assert (parsed.start, parsed.end) == (2, 2 + len(text.encode()))
    assert parsed.faults == []
    assert numbers_as_text(jsontext.dump(parsed.value)) == parsed.value


@settings(max_examples=500)
@given(JSON, st.data())
def test_damaged_json_is_read_or_refused_as_the_standard_library_does(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    damage = data.draw(
        st.sampled_from(["", ",", "}", "]", '"', "0", "-", ".", "e", "\\", "\x01", "x", " ", "null", ":"])
    )
    text = text[:at] + damage + text[at + data.draw(st.integers(0, 2)) :]
    try:
        expected, end = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=float).raw_decode(
            text, len(text) - len(text.lstrip(" \t\r\n"))
        )
    except ValueError:
        with pytest.raises(NotJson):
            scan(text.encode())
        return
    try:
        parsed = scan(text.encode())
    except NotJson:
        assert any(isinstance(found, float) for found in leaves(expected)), "NaN or Infinity, which JSON doesn't have"
        return
    assert parsed.end == end
    if not parsed.faults:
        assert parsed.value == expected


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for one in inner for leaf in leaves(one)]
    return [value]


@pytest.mark.parametrize("levels", [512, 513, 3000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_any_depth_is_read_and_only_512_levels_are_allowed(levels: int, opening: bytes, closing: bytes) -> None:
    text = opening * levels + b"1" + closing * levels
    parsed = scan(text + b"{}")
    assert parsed.end == len(text)
    assert parsed.faults == ([] if levels <= 512 else [("too_deep", None)])
    if levels == 512:
        assert jsontext.dump(parsed.value).encode() == text


def test_members_are_the_spans_of_the_outermost_values() -> None:
    text = b'{"a" : [1 , 2] , "b":{"c":{}},"c":1.10}'
    assert [(name, text[start:stop]) for name, start, stop in scan(text).members] == [
        ("a", b"[1 , 2]"),
        ("b", b'{"c":{}}'),
        ("c", b"1.10"),
    ]


@pytest.mark.parametrize(
    ("text", "incomplete"),
    [(b'{"a":1,', True), (b'{"a":', True), (b"{", True), (b'{"a"', True), (b'{"a":"x', False), (b'{"a":1 "b"', False)],
)
def test_text_that_ends_too_early_is_told_from_text_that_is_wrong(text: bytes, incomplete: bool) -> None:
    with pytest.raises(NotJson) as error:
        scan(text)
    assert error.value.incomplete is incomplete


def test_members_can_be_replaced_at_any_depth() -> None:
    value = scan(b'{"a":[{"b":1.0,"c":2}],"b":{"b":3}}').value
    assert (
        jsontext.dump(value, lambda key, member: None if key == "b" else member) == '{"a":[{"b":null,"c":2}],"b":null}'
    )


@given(
    st.lists(st.sampled_from([b"[", b'{"a":', b'{"\xff":', b'{"[":', b'{"a" :']), min_size=1, max_size=30),
    st.sampled_from([b"1", b"-0", b"1.5", b'"x"', b'"\\n"', b"null", b"", b"{}", b"[1,2]", b"01", b'{"b":1,"b":2}']),
    st.lists(st.sampled_from([b"]", b"}", b" ", b",1]", b"x"]), max_size=3),
    st.sampled_from([1, jsontext.MAX_DEPTH]),
)
def test_what_is_too_deep_ends_where_it_would_if_it_were_not_passed_over(
    opening: list[bytes], inner: bytes, wrong: list[bytes], before: int
) -> None:
    if before == 1:  # all of the nest is looked at in one go: one just about as deep as may be
        opening = opening * (jsontext.MAX_DEPTH // len(opening))
    closing = b"".join(b"]" if one == b"[" else b"}" for one in reversed(opening))
    for end in (closing, b"".join(wrong) + closing, closing[:-1], closing[::-1]):
        text = b"[" * before + b"".join(opening) + inner + end + b"]" * before + b" 1"
        with pytest.MonkeyPatch.context() as patch:
            passed = outcome(text)
            patch.setattr(jsontext, "_nest", lambda text, position: (1, 0))
            assert passed == outcome(text)


def outcome(text: bytes) -> tuple[object, ...]:
    """Where a value ends and its first fault, or how it is no JSON."""
    try:
        parsed = jsontext.scan(text)
    except jsontext.NotJson as error:
        return error.position, error.words, error.incomplete
    return parsed.end, parsed.faults[:1]
