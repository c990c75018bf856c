"""Rebuilding from nothing and building day by day, in any arrival order, give the same rows."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.warehouse.builders import Files, deliver, event
from tests.warehouse.helpers import SEEDS, together
from tests.warehouse.houses import (
    WITHOUT_TESTS,
    House,
    batches_in_order,
    build,
    copy_of,
    deliver_and_land,
    delivered_again,
    land,
    recomputed,
    require_agreement,
    shuffled_batches,
)
from tests.warehouse.oracle import recompute
from tests.warehouse.oracle.inbox import read_inbox
from tests.warehouse.oracle.platform import make_platform
from tests.warehouse.platforms import Platform
from tests.warehouse.scenarios import all_together

OF_FILES = ("fct_landing_loads", "rpt_dataset_health")


@pytest.fixture(scope="module")
def grown(new_house: Callable[[], House]) -> House:
    """The hand-written platform, landed and built after each delivered day; right after every one of them."""
    house = new_house()
    build(house)  # before anything arrives
    arrived: Files = {}
    for day, files in all_together().items():
        arrived = together(arrived, files)
        deliver_and_land(house, files)
        build(house)
        require_agreement(house, recomputed(arrived), f"after the delivery of {day}")
    return house


def test_day_by_day(grown: House, platform_named: Callable[[str], Platform]) -> None:
    require_agreement(grown, platform_named("hand-written").expected)


def test_again_with_nothing_new(grown: House, platform_named: Callable[[str], Platform]) -> None:
    build(grown)
    require_agreement(grown, platform_named("hand-written").expected)


def test_full_refresh(grown: House, platform_named: Callable[[str], Platform]) -> None:
    build(grown, "--full-refresh", *WITHOUT_TESTS)
    require_agreement(grown, platform_named("hand-written").expected)


def test_everything_delivered_twice(
    grown: House, platform_named: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform = platform_named("hand-written")
    house = copy_of(grown, tmp_path_factory.mktemp("twice"))
    again = delivered_again(platform.files)
    deliver_and_land(house, again)
    build(house)
    require_agreement(house, platform.expected, ignored=OF_FILES)
    expected = recomputed(together(platform.files, again))
    require_agreement(house, {mart: expected[mart] for mart in OF_FILES})


@pytest.mark.parametrize(("name", "seed"), [("hand-written", 1), ("by chance", 3), ("simulated 2", 2)])
def test_shuffled_arrival(
    new_house: Callable[[], House], platform_named: Callable[[str], Platform], name: str, seed: int
) -> None:
    """Dumps and changes out of order, late events of any age: right after every batch."""
    house = new_house()
    arrived: Files = {}
    for number, batch in enumerate(shuffled_batches(platform_named(name).files, 3, seed), start=1):
        arrived = together(arrived, batch)
        deliver_and_land(house, batch)
        build(house)
        require_agreement(house, recomputed(arrived), f"after batch {number}")


def test_several_loads_between_builds(
    new_house: Callable[[], House], platform_named: Callable[[str], Platform]
) -> None:
    """In order of delivery, with broken files among the others; three loads and then one build, twice."""
    house = new_house()
    arrived: Files = {}
    for number, batch in enumerate(batches_in_order(platform_named("simulated 3").files, 6), start=1):
        arrived = together(arrived, batch)
        deliver_and_land(house, batch, codes=(0, 1))
        if number % 3 == 0:
            build(house)
            require_agreement(house, recomputed(arrived), f"after batch {number}")


def test_a_quiet_day_moves_the_newest_day(
    new_house: Callable[[], House], platform_named: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One event without a user or a device: rows of people who did nothing still get their new day."""
    platform = platform_named("hand-written")
    house = copy_of(platform.house, tmp_path_factory.mktemp("quiet"))
    late = deliver("2024-03-20", event("navigation", "2024-03-20T12:00", user=None))
    deliver_and_land(house, late)
    build(house)
    require_agreement(house, recomputed(together(platform.files, late)))
    # something of long ago is received after all else: what was not complete is so now
    older = deliver("2024-04-02", event("navigation", "2024-02-10T12:00", received="2024-04-02T12:00", user=None))
    deliver_and_land(house, older)
    build(house)
    require_agreement(house, recomputed(together(platform.files, late, older)))


def test_a_file_landed_again_takes_its_rows_back(
    platform_named: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a replaced file said is forgotten everywhere, and copies of its events that it had beaten count again."""
    platform = platform_named("hand-written")
    house = copy_of(platform.house, tmp_path_factory.mktemp("reland"))
    chosen = [
        next(path for path, data in platform.files.items() if path.startswith(start) and data.count(b"\n") > 2)
        for start in ("events/eu/play/", "events/eu/showinteraction/", "dynamodb/users/2", "catalog/shows/")
    ]
    shorter = {path: b"\n".join(platform.files[path].split(b"\n")[1::2]) for path in chosen}
    deliver_and_land(house, shorter, codes=(1,))
    for path in chosen:
        land(house, (0,), "--reland", path)
    build(house)
    require_agreement(house, recomputed({**platform.files, **shorter}))


def test_as_of_ignores_all_that_is_later(
    platform_named: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform = platform_named("hand-written")
    house = copy_of(platform.house, tmp_path_factory.mktemp("as-of"))
    house.warehouse.unlink()
    build(house, "--vars", "{as_of: 2024-01-08}", *WITHOUT_TESTS)
    inbox = read_inbox(platform.files)
    then = recompute(inbox, make_platform(inbox, SEEDS, as_of=date(2024, 1, 8)))
    require_agreement(house, then)
    build(house, "--full-refresh", *WITHOUT_TESTS)
    require_agreement(house, platform.expected)
