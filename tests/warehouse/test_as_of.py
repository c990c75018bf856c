"""A build with `as_of` says what the warehouse would have said at the end of that day: what arrived later counts if it
had happened by then, and dumps and catalog changes of later days never."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from tests.warehouse.builders import Files
from tests.warehouse.helpers import SEEDS
from tests.warehouse.houses import (
    WITHOUT_TESTS,
    House,
    batches_in_order,
    build,
    copy_of,
    deliver_and_land,
    require_agreement,
)
from tests.warehouse.oracle import Row, recompute
from tests.warehouse.oracle.inbox import Inbox, read_inbox
from tests.warehouse.oracle.platform import make_platform
from tests.warehouse.platforms import Platform


def told(inbox: Inbox, day: str) -> Mapping[str, list[Row]]:
    """The marts as they were at the end of a day."""
    return recompute(inbox, make_platform(inbox, SEEDS, as_of=date.fromisoformat(day)))


def build_as_of(house: House, day: str) -> None:
    build(house, "--vars", f"{{as_of: {day}}}", *WITHOUT_TESTS)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("small town", "2024-02-26"),  # what happened by then was told later, and no dump was there
        ("small town", "2024-02-28"),
        ("small town", "2024-02-29"),
        ("by chance", "2024-02-27"),
        ("by chance", "2024-03-03"),
        ("new year", "2024-12-31"),
        ("hand-written", "2024-01-08"),
        ("simulated 2", "2024-02-25"),
    ],
)
def test_later_days_are_ignored(platform_named: Callable[[str], Platform], tmp_path: Path, name: str, day: str) -> None:
    platform = platform_named(name)
    house = copy_of(platform.house, tmp_path / "copy")
    house.warehouse.unlink()
    build_as_of(house, day)
    expected = told(platform.inbox, day)
    require_agreement(house, expected)
    assert expected["fct_user_activity_daily"] != platform.expected["fct_user_activity_daily"]


def test_day_after_day_in_another_file_while_more_arrives(
    new_house: Callable[[], House], platform_named: Callable[[str], Platform]
) -> None:
    """The same day again after more of it was received, then without the var: everything."""
    platform = platform_named("small town")
    house = new_house()
    arrived: Files = {}
    for batch in batches_in_order(platform.files, 2):
        arrived |= batch
        deliver_and_land(house, batch)
        build_as_of(house, "2024-02-29")
        require_agreement(house, told(read_inbox(arrived), "2024-02-29"))
    build(house, "--full-refresh", *WITHOUT_TESTS)
    require_agreement(house, platform.expected)


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01", "2026-2-20", "20260220", "yesterday", "-"])
def test_a_day_that_is_none_is_refused(new_house: Callable[[], House], day: str) -> None:
    with pytest.raises(AssertionError, match=f"The var as_of is '{day}'; write a date as YYYY-MM-DD"):
        build_as_of(new_house(), f"'{day}'")
