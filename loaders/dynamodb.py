"""DynamoDB's typed values: every attribute is a map from one type to its value.

    {"id": {"S": "u1"}, "birthYear": {"N": "1990"}, "preferences": {"M": {"theme": {"S": "dark"}}},
     "email": {"NULL": true}}

Type keys come in any case; Data Pipeline spells NULL `nULLValue`. Numbers are text and keep every digit.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from loaders import jsontext, judge, shapes
from loaders.contracts import Column, Dataset
from loaders.jsontext import Number
from loaders.judge import Invalid
from loaders.personal import Treatment
from loaders.shapes import Judged, Looked, Taken

TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
_SPELLED = {"NULLVALUE": "NULL"} | {kind: kind for kind in TYPES}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,5}))?")
_DIGITS = 38
_EXPONENTS = range(-130, 126)  # of the first digit that is not 0


class ItemShape:
    """The shape of a table's items. `wrapped`: as native exports have them, `{"Item": {…}}`."""

    def __init__(self, dataset: Dataset, treatment: Treatment, wrapped: bool) -> None:
        self.dataset, self.treatment, self.wrapped = dataset, treatment, wrapped
        self.names = shapes.attributes(dataset)
        self.level = 2 if wrapped else 1
        self._struct = shapes.struct(dataset, {column.name: object for column in dataset.declared}, extra=object)

    def decode(self, line: bytes) -> Any:
        """The row of a line that is one valid item; raises one of shapes.NOT_FAST where there is any doubt."""
        # Too deep for RFC 8259's reader below, or an escape that may be half a surrogate pair: both are judged.
        if line.count(b"{") + line.count(b"[") > jsontext.MAX_DEPTH or b"\\u" in line:
            raise ValueError("to be judged")
        return self._row(_distinct_json(line.decode("utf-8")))

    def judge(self, parsed: jsontext.Parsed, text: bytes) -> Judged:
        """The row of an item; raises Invalid."""
        return Judged(self._row(judge.whole(parsed)), None)

    def drifted(self, line: bytes) -> None:
        """None: `decode` takes undeclared attributes."""

    def extras(self, rows: Sequence[Any]) -> Mapping[int, str]:
        """The JSON text of the undeclared attributes of each row that has some."""
        return {at: row.extra for at, row in enumerate(rows) if row.extra is not None}

    def second_look(self, taken: Taken, columns: Mapping[str, pa.Array]) -> Looked:
        """Nothing: `decode` refuses a key that stands twice, and both ways check the same."""
        return Looked([], {})

    def told(self, column: Column | None, key: str, value: Any) -> str | None:
        """The text that a typed value is hashed as, None of a NULL; raises Invalid."""
        match value:
            case {"NULL": bool()} | {"nULLValue": bool()} if len(value) == 1:
                return None  # even one that is false holds nothing
        found = plain(value, key) if column is None else self._value(column, value)
        return None if found is None else found if isinstance(found, str) else jsontext.dump(found)

    def written(self, text: str | None) -> bytes:
        """A text, or null, as a typed value."""
        return jsontext.dump({"NULL": True} if text is None else {"S": text}).encode()

    def _row(self, record: Any) -> Any:
        if not isinstance(record, dict):
            raise Invalid("not_an_object", None, "a record must be a JSON object")
        if not self.wrapped:
            return self._built(*self.item(record))
        item = record.get("Item")
        if not isinstance(item, dict) or len(record) != 1:
            raise Invalid("not_typed", None, 'a line of a native export must be {"Item": {…}} and nothing else')
        return self._built(*self.item(item))

    def item(self, item: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The checked values of an item's declared attributes and the JSON text of the others; raises Invalid."""
        values = {column.name: self.attribute(column, item) for column in self.dataset.declared}
        judge.missing(self.dataset, values)
        rest = {name: plain(value, name) for name, value in item.items() if name not in self.names}
        return values, jsontext.dump(rest, self.treatment.replace) if rest else None

    def _built(self, values: Mapping[str, Any], extra: str | None) -> Any:
        return self._struct(**{self.names[name]: value for name, value in values.items()}, extra=extra)

    def attribute(self, column: Column, item: Mapping[str, Any]) -> Any:
        """The checked value of an item's attribute, as `judge.fields` would give it; raises Invalid."""
        return self._value(column, item[column.name]) if column.name in item else None

    def _value(self, column: Column, typed: Any) -> Any:
        kind, value = _only(typed, column.name)
        if kind == "NULL":
            return None
        wanted = _WANTED.get(column.type)
        if wanted is not None and kind != wanted:
            raise Invalid("wrong_type", column.name, f"declared {column.type}, so it must be of type {wanted}")
        if column.type in ("map", "json"):
            return jsontext.dump(plain(typed, column.name), self.treatment.replace)
        return _DECLARED[column.type](column, value)


def plain(typed: Any, field: str) -> Any:
    """A typed value as plain JSON, as `jsontext` parses it: N becomes a Number, sets become lists, B stays base64.

    Maps and sets have no order, so they are sorted: written in another one they are the same, and no new version of
    anything. Raises Invalid with the attribute's name.
    """
    kind, value = _only(typed, field)
    # One frame a level and no comprehensions: 512 levels must fit under Python's recursion limit.
    if kind == "M":
        members = {}
        for name, member in sorted(value.items()):
            members[name] = plain(member, field)
        return members
    if kind == "L":
        elements = []
        for element in value:
            elements.append(plain(element, field))
        return elements
    return _PLAIN[kind](value)


def _only(typed: Any, field: str) -> tuple[str, Any]:
    """The type and the checked value of a typed value; raises Invalid."""
    if not isinstance(typed, dict) or len(typed) != 1:
        raise Invalid("not_typed", field, "an attribute must be a map from one type to its value")
    (spelled, value), *_ = typed.items()
    kind = _SPELLED.get(spelled) or (_SPELLED.get(spelled.upper()) if spelled.isascii() else None)
    if kind is None:
        raise Invalid("not_typed", field, f"the type of an attribute must be one of {', '.join(TYPES)}")
    _CHECKS[kind](value, field)
    return kind, value


def _number(value: Any, field: str) -> None:
    """Up to 38 digits, as DynamoDB has them, in text."""
    if type(value) is not str:
        raise Invalid("not_typed", field, "a value of type N must be a number in quotes")
    match = _NUMBER.fullmatch(value)
    if match is None:
        raise Invalid("bad_number", field, "the text of an N is no number")
    whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3) or 0)
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return
    if len(digits.rstrip("0")) > _DIGITS:
        raise Invalid("bad_number", field, f"an N has more than {_DIGITS} digits")
    if len(digits) - 1 - len(fraction) + exponent not in _EXPONENTS:
        raise Invalid("bad_number", field, "an N is beyond what DynamoDB can hold")


def _binary(value: Any, field: str) -> None:
    if type(value) is not str:
        raise Invalid("not_typed", field, "a value of type B must be base64 text")
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("bad_base64", field, "the text of a B is no base64") from None


def _is(kind: type, words: str) -> Callable[[Any, str], None]:
    def check(value: Any, field: str) -> None:
        if type(value) is not kind:
            raise Invalid("not_typed", field, words)

    return check


def _each(kind: str, check: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    def check_all(value: Any, field: str) -> None:
        if type(value) is not list:
            raise Invalid("not_typed", field, f"a value of type {kind} must be an array")
        for element in value:
            check(element, field)

    return check_all


def _null(value: Any, field: str) -> None:
    if value is not True:
        raise Invalid("not_typed", field, "a value of type NULL must be true")


_text = _is(str, "a value of type S must be a string")

_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _is(bool, "a value of type BOOL must be true or false"),
    "NULL": _null,
    "M": _is(dict, "a value of type M must be an object"),
    "L": _is(list, "a value of type L must be an array"),
    "SS": _each("SS", _text),
    "NS": _each("NS", _number),
    "BS": _each("BS", _binary),
}


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "S": _same,
    "N": Number,
    "B": _same,
    "BOOL": _same,
    "NULL": lambda value: None,
    "SS": sorted,
    "NS": lambda value: [Number(element) for element in sorted(value)],
    "BS": sorted,
}

# Type of a declared column -> type its attribute must have; json takes any.
_WANTED = {
    "string": "S",
    "timestamp": "S",
    "date": "S",
    "integer": "N",
    "number": "N",
    "decimal": "N",
    "boolean": "BOOL",
    "string_set": "SS",
    "string_list": "L",
    "map": "M",
}


def _decimal(column: Column, value: str) -> str:
    judge.decimal_in_range(column, value)
    return value


def _strings(column: Column, value: list[Any]) -> list[str]:
    found = []
    for element in value:
        kind, text = _only(element, column.name)
        if kind != "S":
            raise Invalid("wrong_type", column.name, "declared string_list, so every element must be of type S")
        found.append(text)
    return found


_DECLARED: dict[str, Callable[[Column, Any], Any]] = {
    "string": judge.string,
    "timestamp": judge.timestamp,
    "date": judge.date,
    "integer": lambda column, value: judge.integer(column, Number(value)),
    "number": lambda column, value: judge.number(column, Number(value)),
    "decimal": _decimal,
    "boolean": lambda column, value: value,
    "string_set": lambda column, value: judge.string_set(value),
    "string_list": _strings,
}


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


_distinct_json = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_int=Number, parse_float=Number, parse_constant=_no_number
).decode
