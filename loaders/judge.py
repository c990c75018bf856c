"""The exact judgement of one record: its declared values, or why it is invalid.

This decides; the fast decoders in `records` only ever agree with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from loaders import jsontext, times
from loaders.contracts import OPERATION, Column, Dataset
from loaders.jsontext import Number

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
INT64 = (-(2**63), 2**63 - 1)
# What becomes of a member (key, value) of a nested value: see `personal.Treatment.replace`.
Replace = Callable[[str, Any], Any]


class Invalid(Exception):
    """A record that breaks its contract: reason code, field (None where it is the record as a whole), words.

    The words never quote the record: they are kept even where its text must not be.
    """

    def __init__(self, reason: str, field: str | None, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.field, self.detail = reason, field, detail


FAULTS = {
    "too_deep": f"nests deeper than {jsontext.MAX_DEPTH} levels",
    "duplicate_key": "a key stands twice in one object",
    "not_utf8": "a string is not UTF-8",
    "lone_surrogate": "an escape is half of a surrogate pair",
}


def whole(parsed: jsontext.Parsed) -> dict[str, Any]:
    """The record as an object, before its fields are looked at; raises Invalid."""
    if parsed.faults:
        reason, key = parsed.faults[0]
        raise Invalid(reason, key, FAULTS[reason])
    if not isinstance(parsed.value, dict):
        raise Invalid("not_an_object", None, "a record must be a JSON object")
    return parsed.value


def fields(dataset: Dataset, record: Mapping[str, Any], replace: Replace) -> dict[str, Any]:
    """Checked values of the declared fields by name, None where absent; raises Invalid at the first that is wrong.

    Integers, numbers and booleans become Python's; timestamps stay text or integer (checked); a string_list stays a
    list; decimal, date, string_set, map and json become text, members of the last two after `replace`.
    """
    found: dict[str, Any] = {}
    for column in dataset.declared:
        value = record.get(column.name)
        if value is not None:
            value = checked(column, value)
            if column.type in ("map", "json"):
                value = jsontext.dump(value, replace)
        found[column.name] = value
    missing(dataset, found)
    return found


def checked(column: Column, value: Any) -> Any:
    """The checked value of one declared field that is not null, a map still as an object; raises Invalid."""
    return _CHECKS[column.type](column, value)


def missing(dataset: Dataset, found: Mapping[str, Any]) -> None:
    """Raise Invalid when a required field has no value."""
    for column in dataset.declared:
        if found[column.name] is None and column.required is not False:
            if column.required is True:
                raise Invalid("missing", column.name, "a required field is absent or null")
            if found.get(OPERATION) == column.required:
                raise Invalid("missing", column.name, f"the field is required where {OPERATION} is {column.required}")


def _wrong(column: Column, wanted: str) -> Invalid:
    return Invalid("wrong_type", column.name, f"declared {column.type}, so it must be {wanted}")


def string(column: Column, value: Any) -> str:
    """A string within its length and enum."""
    if type(value) is not str:
        raise _wrong(column, "a JSON string")
    if column.enum is not None and value not in column.enum:
        raise Invalid("not_in_enum", column.name, f"must be one of {', '.join(map(str, column.enum))}")
    if column.min_length is not None and len(value) < column.min_length:
        raise Invalid("too_short", column.name, f"must have at least {column.min_length} characters")
    if column.max_length is not None and len(value) > column.max_length:
        raise Invalid("too_long", column.name, f"must have at most {column.max_length} characters")
    return value


def in_range(column: Column, value: float | Decimal) -> None:
    """Raise Invalid when a number breaks min, max or above."""
    if column.min is not None and value < column.min:
        raise Invalid("below_min", column.name, f"must be at least {column.min}")
    if column.above is not None and value <= column.above:
        raise Invalid("below_min", column.name, f"must be greater than {column.above}")
    if column.max is not None and value > column.max:
        raise Invalid("above_max", column.name, f"must be at most {column.max}")


def decimal_in_range(column: Column, text: str) -> None:
    """Raise Invalid when the number that the text is breaks min, max or above."""
    if (column.min, column.max, column.above) != (None, None, None):
        try:
            in_range(column, Decimal(text))
        except InvalidOperation:
            raise Invalid("not_finite", column.name, "has an exponent beyond any range") from None


def integer(column: Column, value: Any) -> int:
    """An integer of 64 bits, written without fraction or exponent."""
    if not isinstance(value, Number) or not _INTEGER.fullmatch(value):
        raise _wrong(column, "a JSON number without fraction or exponent")
    # Twenty characters hold every integer of 64 bits; int() itself is slow on very long ones.
    found = int(value) if len(value) <= 20 else INT64[1] + 1
    if not INT64[0] <= found <= INT64[1]:
        raise Invalid("integer_too_large", column.name, "does not fit 64 bits")
    if column.enum is not None and found not in column.enum:
        raise Invalid("not_in_enum", column.name, f"must be one of {', '.join(map(str, column.enum))}")
    in_range(column, found)
    return found


def number(column: Column, value: Any) -> float:
    """A finite number; an integer is one too."""
    if not isinstance(value, Number):
        raise _wrong(column, "a JSON number")
    # A minus zero without fraction is the integer 0.
    found = float(value) + 0.0 if value == "-0" else float(value)
    if not math.isfinite(found):
        raise Invalid("not_finite", column.name, "is too large for a 64-bit number")
    in_range(column, found)
    return found


def _decimal(column: Column, value: Any) -> str:
    if not isinstance(value, Number):
        raise _wrong(column, "a JSON number")
    decimal_in_range(column, value)
    return str(value)


def _boolean(column: Column, value: Any) -> bool:
    if type(value) is not bool:
        raise _wrong(column, "true or false")
    return value


def _timestamp(column: Column, value: Any) -> str | int:
    found: str | int
    if isinstance(value, Number):
        if not _INTEGER.fullmatch(value):
            raise _wrong(column, "an ISO text or an integer, epoch milliseconds")
        found = int(value) if len(value) <= 20 else INT64[1]
    elif type(value) is str:
        found = value
    else:
        raise _wrong(column, "an ISO text or an integer, epoch milliseconds")
    return timestamp(column, found)


def timestamp(column: Column, value: str | int) -> str | int:
    """The value itself, once it is known to be a timestamp."""
    if times.micros(value) is None:
        raise Invalid(
            "bad_timestamp",
            column.name,
            "must be YYYY-MM-DDTHH:MM:SS with 0-9 fraction digits and Z or an offset, or an integer, "
            "epoch milliseconds, and lie in the years 1970 to 2100",
        )
    return value


def date(column: Column, value: Any) -> str:
    """The text of a date YYYY-MM-DD."""
    if type(value) is not str:
        raise _wrong(column, "a JSON string")
    if times.day(value) is None:
        raise Invalid("bad_date", column.name, "must be a date YYYY-MM-DD of the years 1970 to 2100")
    return value


def _strings(column: Column, value: Any) -> list[str]:
    if not isinstance(value, list) or any(type(element) is not str for element in value):
        raise _wrong(column, "an array of strings")
    return value


def string_set(values: list[str]) -> str:
    """A set of strings as JSON text: sorted, each once, no blanks."""
    return jsontext.dump(sorted(set(values)))


def _string_set(column: Column, value: Any) -> str:
    return string_set(_strings(column, value))


def _map(column: Column, value: Any) -> Any:
    if not isinstance(value, dict):
        raise _wrong(column, "a JSON object")
    return value


def _json(column: Column, value: Any) -> Any:
    return value


_CHECKS = {
    "string": string,
    "integer": integer,
    "number": number,
    "decimal": _decimal,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "date": date,
    "string_set": _string_set,
    "string_list": _strings,
    "map": _map,
    "json": _json,
}
