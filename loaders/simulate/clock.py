"""Time as the simulator counts it, epoch milliseconds in UTC, and the spellings producers give it."""

from datetime import date, datetime
from functools import cache
from typing import NamedTuple

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = date(1970, 1, 1)

# The text of every second of a day: a look-up is several times quicker than formatting three numbers.
SECONDS = tuple(f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(86_400))


class Style(NamedTuple):
    """How a producer writes a timestamp: its digits after the second, its zone's distance from UTC and suffix."""

    digits: int  # -1: an integer, epoch milliseconds
    shift: int  # milliseconds
    suffix: str


EPOCH_MILLIS = Style(-1, 0, "")
MILLIS = Style(3, 0, "Z")


@cache
def date_text(day: int) -> str:
    """Spell a day number (0 is 1970-01-01) as YYYY-MM-DD."""
    return date.fromordinal(EPOCH.toordinal() + day).isoformat()


def day_number(day: date) -> int:
    """Count the days since 1970-01-01."""
    return day.toordinal() - EPOCH.toordinal()


def to_datetime(at: int) -> datetime:
    """Turn epoch milliseconds into a naive UTC datetime."""
    day, rest = divmod(at, DAY)
    second, milli = divmod(rest, 1000)
    plain = date.fromordinal(EPOCH.toordinal() + day)
    return datetime(plain.year, plain.month, plain.day, second // 3600, second // 60 % 60, second % 60, milli * 1000)


def stamp(at: int, style: Style) -> str:
    """Spell a time as JSON: an integer, or text in quotes."""
    digits, shift, suffix = style
    if digits < 0:
        return str(at)
    day, rest = divmod(at + shift, DAY)
    second, milli = divmod(rest, 1000)
    if digits == 3:
        return f'"{date_text(day)}T{SECONDS[second]}.{milli:03d}{suffix}"'
    if digits == 0:
        return f'"{date_text(day)}T{SECONDS[second]}{suffix}"'
    return f'"{date_text(day)}T{SECONDS[second]}.{milli:03d}{"0" * 9}'[: 21 + digits] + f'{suffix}"'


def text(at: int) -> str:
    """Spell a time as the stores do: ISO 8601, milliseconds, Z; without quotes."""
    return stamp(at, MILLIS)[1:-1]
