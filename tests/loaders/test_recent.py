"""What a run asks of a store follows what is new, not all that ever came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from loaders import loads, recent
from loaders.land import Report, land
from loaders.loads import SourceFile
from loaders.store import open_store
from tests.loaders.buckets import Rig, require_whole, rig
from tests.loaders.support import play

LAST = date(2026, 3, 31)


@pytest.fixture(scope="module")
def there() -> Iterator[Rig]:
    with rig() as made:
        yield made


def put(path: str, content: bytes) -> None:
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object("bucket", path, content)


def deliver(inbox: str, day: date, name: str = "a.json") -> str:
    path = f"events/eu/play/{day:%Y/%m/%d}/03/{name}"
    put(f"{inbox}/{path}", json.dumps(play()).encode())
    show = {"op": "upsert", "updatedat": 1772334900000, "showid": "s", "creatorid": "c", "title": "t", "status": "live"}
    put(f"{inbox}/catalog/shows/{day:%Y/%m/%d}/{name}", json.dumps(show).encode())
    return path


def dump(inbox: str, day: date) -> str:
    folder = f"dynamodb/devices/{day:%Y-%m-%d}-01-00-00"
    registered = "2026-01-01T00:00:00Z"
    item = {"id": {"s": "d"}, "model": {"s": "m"}, "clientId": {"s": "c"}, "registeredAt": {"s": registered}}
    put(f"{inbox}/{folder}/part", json.dumps(item).encode())
    put(f"{inbox}/{folder}/_SUCCESS", b"")
    return folder


def run(there: Rig, name: str, everything: bool = False) -> Report:
    there.proxy.settle()
    there.proxy.forget()
    return land(f"s3://bucket/{name}/inbox", f"s3://bucket/{name}/lake", workers=1, everything=everything)


def test_requests_do_not_grow_with_history(there: Rig) -> None:
    counts = {}
    for days in (3, 60):
        name = f"days{days}"
        for back in range(days):
            deliver(f"{name}/inbox", LAST - timedelta(back))
            dump(f"{name}/inbox", LAST - timedelta(back))
        report = run(there, name)
        assert report.listed_from is None and report.datasets["play"].files == days
        assert report.datasets["devices"].files == days
        idle = run(there, name)
        nothing_new = there.proxy.kinds()
        new = deliver(f"{name}/inbox", LAST, "new.json")
        report = run(there, name)
        assert (idle.load_id, report.datasets["play"].files) == (None, 1)
        assert idle.listed_from == report.listed_from == LAST - timedelta(recent.RECENT_DAYS)
        assert new in landed(name)
        counts[days] = (nothing_new, there.proxy.kinds())
    # Of dumps the last days are looked into again; 3 days are fewer than those.
    more = recent.RECENT_DAYS + 1 - 3
    for short, long in zip(counts[3], counts[60], strict=True):
        assert long["list"] == short["list"] + more
        assert {**long, "list": 0} == {**short, "list": 0}
    assert counts[60][0].total() < 40


def landed(name: str) -> set[str]:
    return set(loads.landed(open_store(f"s3://bucket/{name}/lake", "EARSHOT_LAKE")).sources)


def test_a_late_file_is_found_when_all_is_asked_for(there: Rig) -> None:
    deliver("late/inbox", LAST)
    dump("late/inbox", LAST)
    run(there, "late")
    late = deliver("late/inbox", LAST - timedelta(recent.RECENT_DAYS + 1), "late.json")
    in_time = deliver("late/inbox", LAST - timedelta(recent.RECENT_DAYS), "in time.json")
    old = dump("late/inbox", LAST - timedelta(200))
    put("late/inbox/events/eu/unheard/2020/01/01/a.json", b"{}")
    put("late/inbox/events/us/play/2020/01/01/a.json", b"{}")
    put("late/inbox/elsewhere/x", b"")
    report = run(there, "late")
    assert in_time in landed("late") and late not in landed("late")
    # A dump that was not landed is new, whatever its time.
    assert f"{old}/part" in landed("late")
    unknown = {"elsewhere/x", "events/eu/unheard/2020/01/01/a.json", "events/us/play/2020/01/01/a.json"}
    assert {path for path, _ in report.unknown} == unknown
    assert run(there, "late", everything=True).listed_from is None
    assert late in landed("late")
    require_whole(there.lake("late/lake"))


def test_requests_do_not_grow_with_loads(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the load records those are read that are younger than the newest index."""
    monkeypatch.setattr(loads, "INDEX_EVERY", 4)
    counts = {}
    for number in range(14):
        deliver("loads/inbox", LAST, f"{number}.json")
        run(there, "loads")
        counts[number] = there.proxy.kinds()
    assert counts[4]["read record"] < 5
    assert counts[5] == counts[9] == counts[13]


def source(snapshot_at: datetime | None = None, snapshot_id: str | None = None) -> SourceFile:
    taken = snapshot_at.isoformat() if snapshot_at else None
    return SourceFile("d", "p", 1, 1, "x", 1, 1, 0, 0, 0.1, snapshot_id=snapshot_id, snapshot_at=taken)


def test_odd_days_hide_nothing() -> None:
    """A delivery that was put under a day that is still to come, or that is none, must not hide those of today."""
    today = datetime.now(UTC).date()
    since = recent._since(
        {
            "events/eu/play/2999/01/01/a": source(),
            "events/eu/play/2026/01/01/a": source(),
            "events/eu/navigation/2026/02/31/a": source(),
            "catalog/shows/2026/01/01/a": source(),
            "catalog/shows/2026/01/09/a": source(),
        }
    )
    assert since == {
        "events/eu/play": today - timedelta(recent.RECENT_DAYS),
        "catalog/shows": date(2026, 1, 9) - timedelta(recent.RECENT_DAYS),
    }
    assert recent._oldest_dumps({"dynamodb/t/x/a": source(datetime(2999, 1, 1, tzinfo=UTC), "x")})["t"].date() < today
