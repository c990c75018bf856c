"""The platforms that the marts are compared on, hand-written and simulated: landed whole, built from nothing."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from loaders.simulate import simulate
from tests.warehouse.builders import Files, write
from tests.warehouse.helpers import SEEDS, together
from tests.warehouse.houses import House, build, land
from tests.warehouse.oracle import Row, recompute
from tests.warehouse.oracle.inbox import Inbox, read_folder, read_inbox
from tests.warehouse.oracle.platform import make_platform
from tests.warehouse.scenarios import all_together, one_user_one_day
from tests.warehouse.scenarios.chance import platform_by_chance
from tests.warehouse.scenarios.town import small_town

# where the data tests are run too: they must hold with nothing, with all trouble and with a mess
WITH_DATA_TESTS = ("nothing", "hand-written", "simulated 2")
PLATFORMS = (
    "nothing",
    "nobody",
    "one user",
    "one day",
    "small town",
    "hand-written",
    "by chance",
    "new year",
    "simulated 1",
    "simulated 2",
    "simulated 3",
)
WITH_TESTS = ("--exclude-resource-type", "unit_test")
# seed, users, days, last day, share of messy records, files to damage
SIMULATED = {
    "one day": (4, 30, 1, date(2023, 12, 31), 0.0, 0),
    "simulated 1": (1, 45, 40, date(2024, 3, 4), 0.0, 0),
    "simulated 2": (2, 40, 30, date(2024, 3, 5), 0.05, 0),
    "simulated 3": (3, 25, 36, date(2024, 3, 6), 0.2, 3),
}
REFUSING = {name for name, (*_, broken) in SIMULATED.items() if broken}  # that hold files which must be refused


@dataclass(frozen=True)
class Platform:
    """A platform that is landed whole and built from nothing once it is needed, and what the marts should be.

    It lies below a folder that processes can share: the first that needs it makes it, others wait.
    """

    name: str
    folder: Path
    artefacts: Path

    @cached_property
    def files(self) -> Files:
        """Its inbox."""
        with self._made("filled") as missing:
            if missing:
                _fill(self.name, self._house.inbox)
        return read_folder(self._house.inbox)

    @cached_property
    def house(self) -> House:
        """Landed and built; to be copied by who wants to change it."""
        assert self.files is not None
        with self._made("built") as missing:
            if missing:
                land(self._house, (1,) if self.name in REFUSING else (0,))
                with_tests = self.name in WITH_DATA_TESTS
                build(self._house, *(WITH_TESTS if with_tests else ()), comments=with_tests)
        return self._house

    @cached_property
    def inbox(self) -> Inbox:
        """What its files say."""
        return read_inbox(self.files)

    @cached_property
    def expected(self) -> Mapping[str, list[Row]]:
        """The rows of every mart, recomputed."""
        return recompute(self.inbox, make_platform(self.inbox, SEEDS))

    @property
    def _house(self) -> House:
        return House(self.folder / "house", self.artefacts)

    @contextmanager
    def _made(self, state: str) -> Iterator[bool]:
        """Whether it is not in that state yet; afterwards it is. One process at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield not (self.folder / state).exists()
            (self.folder / state).touch()


def _fill(name: str, inbox: Path) -> None:
    """Write the inbox of a platform."""
    inbox.mkdir(parents=True)
    if name in SIMULATED:
        seed, users, days, end, mess, broken = SIMULATED[name]
        simulate(inbox, users=users, days=days, end=end, seed=seed, mess=mess, broken_files=broken)
        return
    by_hand: dict[str, Files] = {
        "nothing": {},
        "nobody": platform_by_chance(9, users=[None]),
        "one user": together(*one_user_one_day().values()),
        "small town": small_town(),
        "hand-written": together(*all_together().values()),
        "by chance": platform_by_chance(7),
        "new year": platform_by_chance(11, start=datetime(2024, 12, 26)),
    }
    write(by_hand[name], inbox)
