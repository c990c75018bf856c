"""Every mart, row for row, against the recomputation from the inbox text."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.warehouse.compare import differences, read_mart, same
from tests.warehouse.helpers import pick
from tests.warehouse.oracle import KEYS
from tests.warehouse.oracle.dimensions import calendar
from tests.warehouse.platforms import PLATFORMS, Platform


@pytest.mark.parametrize("mart", sorted(KEYS))
@pytest.mark.parametrize("name", PLATFORMS)
def test_mart_is_what_the_inbox_says(platform_named: Callable[[str], Platform], name: str, mart: str) -> None:
    platform = platform_named(name)
    expected = platform.expected[mart]
    columns = list(expected[0]) if expected else list(KEYS[mart])
    wrong = differences(mart, expected, read_mart(platform.house.warehouse, mart, columns))
    assert not wrong, wrong


@pytest.mark.parametrize("name", PLATFORMS)
def test_calendar_covers_every_day_on_which_something_happened(
    platform_named: Callable[[str], Platform], name: str
) -> None:
    platform = platform_named(name)
    columns = ["date_day", "week_start", "month_start", "day_of_week", "is_weekend"]
    rows = sorted(read_mart(platform.house.warehouse, "dim_dates", columns), key=lambda row: str(row["date_day"]))
    days = [row["date_day"] for row in rows]
    happened = {row["date_day"] for row in platform.expected["fct_active_users_daily"]}
    happened |= {row["date_day"] for row in platform.expected["fct_listening_daily"]}
    assert happened <= set(days)
    # sent in 2100 of what happened in 1970, by the producer's clock, and received in 1970
    assert days[0] <= date(1838, 12, 31) and days[-1] == date(2100, 12, 31)
    assert rows == (calendar(days[0], days[-1]) if days else [])


def test_differences_are_found() -> None:
    row = {"play_id": "p1", "seconds_listened": 1.0, "genre": None}
    assert not differences("fct_plays", [row], [{**row, "seconds_listened": 1.0 + 1e-12}])
    assert "missing: play_id=p1" in differences("fct_plays", [row], [])
    assert "too much: play_id=p1" in differences("fct_plays", [], [row])
    assert "got twice: play_id=p1" in differences("fct_plays", [row], [row, row])
    assert "genre is 'jazz', expected None" in differences("fct_plays", [row], [{**row, "genre": "jazz"}])
    assert not same(0, False) and not same(1.0, 1.000001)
    assert pick([row], "genre") == [(None,)]
