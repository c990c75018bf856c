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
