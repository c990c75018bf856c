"""What operators read about the lake agrees with it, also after a replay and after a file was landed again."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from loaders import contracts, quarantine
from loaders.replay import replay
from loaders.store import open_store
from tests.loaders.support import DATASETS, mended
from tests.warehouse.builders import deliver, event
from tests.warehouse.compare import read_mart
from tests.warehouse.houses import House, build, deliver_and_land, land
from tests.warehouse.oracle.inbox import read_folder, read_inbox
from tests.warehouse.platforms import Platform

IDENTITY = ("--select", "rejects_are_the_records_put_aside", "every_record_is_landed_or_quarantined")


def rejects(house: House) -> Counter[Any]:
    """The mart: records by dataset, date and reason."""
    rows = read_mart(house.warehouse, "fct_landing_rejects_daily", ["dataset", "date", "reason", "records"])
    return Counter({(row["dataset"], row["date"], row["reason"]): row["records"] for row in rows})


def put_aside(house: House) -> Counter[Any]:
    """The same counted from the lake's own files, record by record."""
    found: Counter[Any] = Counter()
    for record in quarantine.show(open_store(str(house.lake), "EARSHOT_LAKE")):
        landed_at = record["landed_at"]
        assert isinstance(landed_at, datetime)
        found[record["dataset"], landed_at.date(), record["reason"]] += 1
    return found


@pytest.mark.parametrize("name", ["nothing", "hand-written", "simulated 3"])
def test_rejects_are_what_lies_in_quarantine(platform_named: Callable[[str], Platform], name: str) -> None:
    platform = platform_named(name)
    assert rejects(platform.house) == put_aside(platform.house)
    by_dataset: Counter[str] = Counter()
    for file in read_inbox(platform.files).landings:
        by_dataset[file["dataset"]] += file["records_quarantined"]
    told: Counter[str] = Counter()
    for (dataset, _, _), records in rejects(platform.house).items():
        told[dataset] += records
    assert told == +by_dataset


def test_rejects_follow_the_quarantine(new_house: Callable[[], House], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is landed after all is no reject any more, and what a file said before it was landed again is not either."""
    house = new_house()
    odd = [event("showinteraction", f"2024-01-05T10:0{n}", kind=kind) for n, kind in enumerate(["wave", "wave", "nod"])]
    lost = [event("navigation", "2024-01-05T10:00", screen=7), event("navigation", "2024-01-05T10:01")]
    deliver_and_land(house, deliver("2024-01-05T11", *odd, *lost))
    build(house)
    build(house, *IDENTITY)
    assert sorted(rejects(house).values()) == [1, 3]
    with monkeypatch.context() as patch:
        taken = mended(DATASETS["showinteraction"], "kind", "wave")
        patch.setattr(contracts, "read", lambda: DATASETS | {"showinteraction": taken})
        replay(str(house.lake))
    path = next(path for path in read_folder(house.inbox) if "/navigation/" in path)
    (house.inbox / path).write_bytes((house.inbox / path).read_bytes().replace(b'"screen": 7', b'"screen": "7"'))
    land(house, (0,), "--reland", path)
    build(house)
    build(house, *IDENTITY)
    assert rejects(house) == put_aside(house)
    assert [(dataset, reason, count) for (dataset, _, reason), count in rejects(house).items()] == [
        ("showinteraction", "not_in_enum", 1)
    ]
