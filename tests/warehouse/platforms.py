"""The platforms that the marts are compared on, hand-written and simulated: landed whole, built from nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from loaders.simulate import simulate
from tests.warehouse.builders import Files, write
from tests.warehouse.helpers import together
from tests.warehouse.houses import House, build, land, recomputed
from tests.warehouse.oracle import Row
from tests.warehouse.oracle.inbox import read_folder
from tests.warehouse.scenarios import all_together, one_user_one_day
from tests.warehouse.scenarios.chance import platform_by_chance


@dataclass(frozen=True)
class Platform:
    """A platform that was landed whole and built from nothing, and what the marts should be."""

    house: House
    files: Files
    expected: Mapping[str, list[Row]]


# where the data tests are run too: they must hold with nothing, with all trouble and with a mess
WITH_DATA_TESTS = ("nothing", "hand-written", "simulated 2")
PLATFORMS = ("nothing", "one user", "hand-written", "by chance", "simulated 1", "simulated 2", "simulated 3")
# users, days, share of messy records, files to damage
SIMULATED = {"simulated 1": (45, 40, 0.0, 0), "simulated 2": (40, 30, 0.05, 0), "simulated 3": (25, 36, 0.2, 3)}


def make_platform(name: str, house: House) -> Platform:
    """Fill an empty house with the platform of that name, land it and build it."""
    refused = _fill(name, house.inbox)
    land(house, (1,) if refused else (0,))
    if name in WITH_DATA_TESTS:
        build(house, "--exclude-resource-type", "unit_test")
    else:
        build(house)
    files = read_folder(house.inbox)
    return Platform(house, files, recomputed(files))


def _fill(name: str, inbox: Path) -> bool:
    """Write the inbox of a platform; whether it holds files that must be refused."""
    if name in SIMULATED:
        users, days, mess, broken = SIMULATED[name]
        seed = int(name[-1])
        end = date(2024, 3, 3 + seed)
        simulate(inbox, users=users, days=days, end=end, seed=seed, mess=mess, broken_files=broken)
        return broken > 0
    by_hand = {
        "nothing": {},
        "one user": one_user_one_day(),
        "hand-written": all_together(),
        "by chance": {"some day": platform_by_chance(7)},
    }
    write(together(*by_hand[name].values()), inbox)
    return False
