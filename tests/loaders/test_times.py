"""Timestamps exactly as the sources' description has them, one by one and column by column."""

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import times

VALID = {
    "1970-01-01T00:00:00Z": 0,
    "2026-03-01T03:15:00Z": 1772334900_000000,
    "2026-03-01T03:15:00.1Z": 1772334900_100000,
    "2026-03-01T03:15:00.123456Z": 1772334900_123456,
    "2026-03-01T03:15:00.123456999Z": 1772334900_123456,
    "2026-03-01T03:15:00+00:00": 1772334900_000000,
    "2026-03-01T08:45:00+05:30": 1772334900_000000,
    "2026-02-28T21:45:00.5-0530": 1772334900_500000,
    "2026-03-02T03:14:00+23:59": 1772334900_000000,
    "2024-02-29T00:00:00Z": 1709164800_000000,
    "2100-12-31T23:59:59.999999Z": 4133980799_999999,
    "1969-12-31T23:30:00-00:30": 0,
    "2026-03-01T03:15:00-00:00": 1772334900_000000,
    "2026-03-01T03:15:00-0000": 1772334900_000000,
    "2026-03-01T17:15:00+14:00": 1772334900_000000,
    "2026-02-28T15:15:00-1200": 1772334900_000000,
    "2026-03-01T03:15:00.000000999Z": 1772334900_000000,
    "2026-03-01T03:15:00.999999999+00:00": 1772334900_999999,
    "2000-02-29T23:59:59Z": 951868799_000000,
    "2101-01-01T00:59:59.999999+01:00": 4133980799_999999,
    4133980799999: 4133980799_999000,
    0: 0,
    1772334900123: 1772334900_123000,
}
INVALID = [
    "",
    "2026-03-01",
    "2026-03-01T03:15:00",
    "2026-03-01T03:15Z",
    "2026-03-01 03:15:00Z",
    "2026-03-01t03:15:00z",
    "2026-03-01T03:15:00.Z",
    "2026-03-01T03:15:00,5Z",
    "2026-03-01T03:15:00.1234567890Z",
    "2026-03-01T03:15:00+01",
    "2026-03-01T03:15:00+1:00",
    "2026-03-01T03:15:00+24:00",
    "2026-03-01T03:15:00+01:60",
    "2026-03-01T03:15:00 Z",
    " 2026-03-01T03:15:00Z",
    "2026-03-01T03:15:00Z\n",
    "2026-03-01T24:00:00Z",
    "2026-03-01T23:60:00Z",
    "2026-03-01T23:59:60Z",
    "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-02-31T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-03-00T00:00:00Z",
    "2026-03-32T00:00:00Z",
    "2026-03-01T03:15:00z",
    "2026-03-01t03:15:00Z",
    "2026-03-01T03:15:00+0100Z",
    "2026-03-01T03:15:00+01:000",
    "2026-03-01T03:15:00+-1:00",
    "2026-03-01T03:15:00\u221201:00",
    "2026-03-01T03:15:00 +01:00",
    "2026-03-01T03:15:00UTC",
    "2026-03-01T03:15:00[Europe/Berlin]",
    "2026-03-01T3:15:00Z",
    "2026-3-01T03:15:00Z",
    "2026-03-01T031500Z",
    "20260301T031500Z",
    "2026-060T03:15:00Z",
    "2026-W09-7T03:15:00Z",
    "-2026-03-01T03:15:00Z",
    "2026-03-01T23:59:60.5+00:00",
    "2026-03-01T24:00:00+01:00",
    "now",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "20260-03-01T00:00:00Z",
    "+2026-03-01T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00+00:01",
    "2101-01-01T00:00:00Z",
    "２026-03-01T00:00:00Z",
    "1772334900123",
    -1,
    4133980800000,
    10**30,
]


@pytest.mark.parametrize("written", VALID)
def test_valid_timestamps(written: str | int) -> None:
    assert times.micros(written) == VALID[written]


@pytest.mark.parametrize("written", INVALID)
def test_invalid_timestamps(written: str | int) -> None:
    assert times.micros(written) is None


TEXTS = [text for text in [*VALID, *INVALID] if isinstance(text, str)]
ANY = st.one_of(
    st.none(),
    st.sampled_from([*VALID, *INVALID]),
    st.builds(
        lambda moment, digits, offset: (
            moment.astimezone(timezone(timedelta(minutes=offset))).isoformat(timespec="microseconds")[: 26 - digits]
            + moment.astimezone(timezone(timedelta(minutes=offset))).strftime("%z")
        ),
        st.datetimes(datetime(1969, 6, 1), datetime(2101, 6, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
        st.integers(0, 5),
        st.integers(-900, 900),
    ),
)


@settings(max_examples=300)
@given(st.one_of(st.lists(ANY, max_size=6), st.lists(st.one_of(st.none(), st.sampled_from(TEXTS)), max_size=6)))
def test_a_column_says_what_its_values_say(values: list[str | int | None]) -> None:
    array, wrong = times.column(values)
    expected = [None if value is None else times.micros(value) for value in values]
    assert array.type == pa.timestamp("us")
    assert array.view(pa.int64()).to_pylist() == expected
    assert wrong == [at for at, moment in enumerate(expected) if moment is None and values[at] is not None]


@settings(max_examples=300)
@given(
    st.datetimes(datetime(1969, 1, 1), datetime(2102, 1, 1)),
    st.text("0123456789", max_size=10),
    st.integers(-1500, 1500),
    st.booleans(),
)
def test_micros_are_what_the_calendar_says(moment: datetime, fraction: str, offset: int, colon: bool) -> None:
    """Against datetime's own arithmetic, which knows nothing of how we read the text."""
    hours, minutes = divmod(abs(offset), 60)
    zone = f"{'-' if offset < 0 else '+'}{hours:02}{':' * colon}{minutes:02}"
    written = f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "") + zone
    utc = moment.replace(microsecond=int(f"{fraction:0<6}"[:6])) - timedelta(minutes=offset)
    valid = len(fraction) <= 9 and hours < 24 and 1970 <= utc.year <= 2100
    expected = (utc - datetime(1970, 1, 1)) // timedelta(microseconds=1) if valid else None
    assert times.micros(written) == expected
    array, wrong = times.column([written])
    assert (array.view(pa.int64()).to_pylist(), wrong) == ([expected], [] if valid else [0])
