"""In whatever order things arrive, in whatever portions and however late: the marts say the same."""

import json
import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.warehouse.builders import Files, deliver, device, event, native_export, play, user
from tests.warehouse.helpers import together
from tests.warehouse.houses import (
    House,
    batches_in_order,
    build,
    deliver_and_land,
    recomputed,
    require_agreement,
    shuffled_batches,
    units,
)
from tests.warehouse.oracle import Row
from tests.warehouse.platforms import Platform

_EVENTS = re.compile("(events/[^/]+/[^/]+/)([0-9]{4}/[0-9]{2}/[0-9]{2})(/.+)")


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


def test_a_build_after_every_file(new_house: Callable[[], House], platform_named: Callable[[str], Platform]) -> None:
    """File by file and dump by dump, shuffled: right after each of them."""
    house = new_house()
    parts = list(units(platform_named("small town").files).items())
    random.Random(4).shuffle(parts)
    arrived: Files = {}
    for unit, files in parts:
        arrived = together(arrived, files)
        deliver_and_land(house, files)
        build(house)
        require_agreement(house, recomputed(arrived), f"after {unit}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            together(
                deliver("2024-03-01T13", play("2024-03-01T12:00", "long", "heartbeat", 40)),
                deliver("2024-03-10T13", play("2024-03-10T12:00", "other", seconds=1)),
            ),
            deliver("2024-03-11T13", play("2024-03-11T12:00", "long", "heartbeat", 40)),
            id="an event of a play that began long before, and nothing of the days between",
        ),
        pytest.param(
            together(
                deliver("2024-03-01T13", event("navigation", "2024-03-01T12:00")),
                deliver("2024-03-11T13", event("navigation", "2024-03-11T12:00", id="newest", sent=None)),
                native_export("users", "2024-03-01T03:00", user("ann", "2024-03-01T00:00")),
                native_export("devices", "2024-03-01T03:00", device("d1")),
            ),
            deliver(
                "2024-03-11T14",
                event("navigation", "2024-03-03T12:00", id="newest", received="2024-03-11T11:00", sent=None),
            ),
            id="the newest event happened a week earlier, says its better copy",
        ),
    ],
)
def test_one_after_the_other(new_house: Callable[[], House], before: Files, after: Files) -> None:
    require_both(new_house(), before, after)


def test_a_slice_of_all_dates_comes_forty_days_late(
    new_house: Callable[[], House], platform_named: Callable[[str], Platform]
) -> None:
    """As if the phones of every third person had been in flight mode all the time."""
    on_time, late = delayed(platform_named("simulated 2").files, 40)
    expected = require_both(new_house(), on_time, late)
    assert len({row["date_day"] for row in expected["fct_user_activity_daily"]}) >= 30


def require_both(house: House, before: Files, after: Files) -> Mapping[str, list[Row]]:
    """One part arrives and is built, then the other: the marts are right both times. Returns what they are at last."""
    deliver_and_land(house, before)
    build(house)
    require_agreement(house, recomputed(before), "before")
    deliver_and_land(house, after)
    build(house)
    expected = recomputed(together(before, after))
    require_agreement(house, expected, "after")
    return expected


def delayed(files: Mapping[str, bytes], days: int) -> tuple[Files, Files]:
    """What arrives without the events of every third user, and what arrives of these so many days later."""
    on_time: Files = {}
    late: Files = {}
    for path, data in files.items():
        found = _EVENTS.fullmatch(path)
        if not found:
            on_time[path] = data
            continue
        kept: list[bytes] = []
        moved: list[bytes] = []
        for line in data.split(b"\n"):
            record = _later(line, days)
            (kept if record is None else moved).append(line if record is None else json.dumps(record).encode())
        on_time[path] = b"\n".join(kept)
        if moved:
            delivered = datetime.strptime(found[2], "%Y/%m/%d") + timedelta(days=days)
            late[f"{found[1]}{delivered:%Y/%m/%d}{found[3]}"] = b"\n".join(moved) + b"\n"
    return on_time, late


def _later(line: bytes, days: int) -> dict[str, Any] | None:
    """An event of one of those users, sent and received so many days later; None where it isn't, or is broken."""
    try:
        record = json.loads(line.decode(), object_pairs_hook=_once)
        if not isinstance(record, dict) or sum(map(ord, record["userid"])) % 3:
            return None
        for name in {"senttime", "receivedtime"} & record.keys():
            if type(record[name]) is int:  # true is none
                record[name] += days * 86_400_000
            else:
                record[name] = (datetime.fromisoformat(record[name]) + timedelta(days=days)).isoformat()
    except (ValueError, KeyError, TypeError):
        return None
    return record


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) < len(members):
        raise ValueError("a key stands twice")
    return dict(members)
