"""Rebuilding from nothing and building day by day, in any arrival order, give the same rows."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.warehouse.builders import Files, deliver, event
from tests.warehouse.helpers import together
from tests.warehouse.houses import (
    WITHOUT_TESTS,
    House,
    build,
    copy_of,
    deliver_and_land,
    delivered_again,
    land,
    recomputed,
    require_agreement,
    tables,
)
from tests.warehouse.oracle import recompute
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.oracle.platform import make_platform, read_seeds
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


def test_an_edited_seed_counts_for_all_of_history(
    new_house: Callable[[], House], platform_named: Callable[[str], Platform], tmp_path: Path
) -> None:
    """A client moves to another partner, one becomes known, a region gets another name, a like weighs more."""
    edited = edited_project(tmp_path / "project")
    platform = platform_named("small town")
    house = replace(copy_of(platform.house, tmp_path / "copy"), project=edited, artefacts=tmp_path / "artefacts")
    build(house)
    found = tables(house)
    build(house, "--full-refresh", *WITHOUT_TESTS)
    assert found == tables(house)
    expected = recompute(platform.inbox, make_platform(platform.inbox, read_seeds(edited / "seeds")))
    require_agreement(house, expected, ignored="fct_trending_shows")  # whose weights it knows from the definition
    moved = {row["partner_id"] for row in expected["fct_user_activity_daily"]}
    assert "velora" not in moved and "unassigned" not in moved and {"maison", "earshot"} <= moved


def edited_project(folder: Path) -> Path:
    """A copy of the project with other seeds."""
    for part in ("macros", "models", "seeds", "snapshots", "tests/generic"):
        shutil.copytree(ROOT / part, folder / part)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, folder)
    for name, before, after in (
        (
            "clients",
            "velora-car,Velora in-car player,velora,Velora Motors",
            "velora-car,In the car,maison,Maison Acoustique",
        ),
        ("clients", "velora-watch,", "mystery-box,A box,earshot,Earshot\nvelora-watch,"),
        ("countries", "Northern Europe", "The North"),
        ("engagement_weights", "like,2", "like,7"),
    ):
        seed = folder / "seeds" / f"{name}.csv"
        text = seed.read_text(encoding="utf-8")
        assert before in text
        seed.write_text(text.replace(before, after), encoding="utf-8")
    return folder
