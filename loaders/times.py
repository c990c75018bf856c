"""Timestamps as the producers write them, to microseconds since 1970 in UTC.

Accepted: `YYYY-MM-DDTHH:MM:SS` with 0 to 9 fraction digits (cut to microseconds) and `Z`, `±HH:MM` or `±HHMM`; or an
integer, epoch milliseconds. The years are 1970 to 2100, in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

TIMESTAMP = pa.timestamp("us")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = 0
_LAST = (datetime(2101, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) - 1
_ANY_DIGIT = bytes.maketrans(b"123456789", b"0" * 9)
_NEAR = 16  # texts around one that is no time, which are judged one by one with it

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))"
)
# What Arrow's own parser reads exactly as we do: no more digits than microseconds have, a zone, an ordinary offset.
_PLAIN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$"


def micros(value: str | int) -> int | None:
    """Microseconds since 1970 UTC of an ISO text or of epoch milliseconds; None where it is no timestamp."""
    if isinstance(value, int):
        found = value * 1000
    else:
        match = _ISO.fullmatch(value)
        if match is None:
            return None
        year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
        try:
            moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        except ValueError:
            return None
        found = (moment - EPOCH) // timedelta(microseconds=1)
        if fraction:
            found += int(fraction[:6].ljust(6, "0"))
        if sign:
            if int(offset_hours) > 23 or int(offset_minutes) > 59:
                return None
            shift = (int(offset_hours) * 60 + int(offset_minutes)) * 60_000_000
            found += shift if sign == "-" else -shift
    return found if _FIRST <= found <= _LAST else None


def day(value: str) -> date | None:
    """The date of a `YYYY-MM-DD` text of the years 1970 to 2100; None where it is none."""
    try:
        found = date.fromisoformat(value) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
    except ValueError:
        return None
    return found if found is not None and 1970 <= found.year <= 2100 else None


def texts(values: Sequence[str | int | None]) -> pa.StringArray | Sequence[str | int | None]:
    """The values as an array, or as they are where integers are among them."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return values


def column(values: pa.StringArray | Sequence[str | int | None]) -> tuple[pa.Array, list[int]]:
    """A whole column of timestamps: naive UTC microseconds, and the positions that are no timestamp (null there)."""
    given = values if isinstance(values, pa.Array) else texts(values)
    integers = None
    if not isinstance(given, pa.Array):
        integers = [value if isinstance(value, int) else None for value in given]
        given = pa.array([None if isinstance(value, int) else value for value in given], pa.string())
    plain = given if _all_alike(given) else pc.if_else(pc.match_substring_regex(given, _PLAIN), given, None)
    found = _possible(_cast(plain).view(pa.int64()))
    if integers is not None:
        found = pc.coalesce(found, _from_milliseconds(integers))
    elif found.null_count == given.null_count:
        return found.view(TIMESTAMP), []
    # What is left is judged one by one.
    odd: list[int] = []
    exact: list[int | None] = []
    for at in pc.indices_nonzero(pc.is_null(found)).to_pylist():
        value = given[at].as_py() if integers is None or integers[at] is None else integers[at]
        if value is not None:
            odd.append(at)
            exact.append(micros(value))
    if odd:
        mask = pc.is_in(pa.array(range(len(found)), pa.int64()), value_set=pa.array(odd, pa.int64()))
        found = pc.replace_with_mask(found, mask, pa.array(exact, pa.int64()))
    return found.view(TIMESTAMP), [at for at, moment in zip(odd, exact, strict=True) if moment is None]


def _cast(texts: pa.StringArray) -> pa.TimestampArray:
    """The moments of texts that are as _PLAIN says; null where there is no such day or hour, and near it."""
    try:
        return texts.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        half = len(texts) // 2
        if half < _NEAR:
            return pa.nulls(len(texts), pa.timestamp("us", "UTC"))
        return pa.concat_arrays([_cast(texts.slice(0, half)), _cast(texts.slice(half))])


def _possible(moments: pa.Int64Array) -> pa.Int64Array:
    """Moments of the years that are taken, null for others."""
    limits = pc.min_max(moments)
    if not limits["min"].is_valid or (limits["min"].as_py() >= _FIRST and limits["max"].as_py() <= _LAST):
        return moments
    there = pc.and_(pc.greater_equal(moments, _FIRST), pc.less_equal(moments, _LAST))
    return pc.if_else(there, moments, None)


def _from_milliseconds(values: Sequence[int | None]) -> pa.Int64Array:
    """Microseconds of epoch milliseconds, null for those that are too large or too small."""
    inside = [value if value is not None and 0 <= value <= _LAST // 1000 else None for value in values]
    return pc.multiply(pa.array(inside, pa.int64()), 1000)


def _all_alike(texts: pa.StringArray) -> bool:
    """Whether all are as _PLAIN says, of one length and in UTC, as one producer's are: that is told in one go."""
    texts = texts.drop_null() if texts.null_count else texts
    widths = pc.min_max(pc.binary_length(texts))
    width = widths["max"].as_py()
    if width is None or widths["min"].as_py() != width or not (width == 20 or 22 <= width <= 27):
        return False
    _, ends, content = texts.buffers()
    start = memoryview(ends).cast("i")[texts.offset]
    fraction = b"." + b"0" * (width - 21) if width > 20 else b""
    wanted = b"0000-00-00T00:00:00" + fraction + b"Z"
    found = content.slice(start, len(texts) * width).to_pybytes().translate(_ANY_DIGIT)
    return bool(found == wanted * len(texts))
