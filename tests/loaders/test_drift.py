"""What no contract declares is counted to the record, dated, and never shows anybody's personal data."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts, drift
from loaders.drift import Drift, unclaimed
from loaders.errors import EarshotError
from loaders.store import open_store
from tests.loaders.support import DATASETS, HOUR, PLAY, Place, play

FILE = f"events/eu/play/{HOUR}/a.json"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def look(place: Place, dataset: str = "play", since: date | None = None) -> Drift:
    [found] = drift.drift(place.store, [dataset], since)
    return found


def kind(value: Any) -> str:
    """The JSON type of a value that Python's own parser gave."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def test_counts_are_those_of_the_records(place: Place) -> None:
    chance = random.Random(7)
    values: list[Any] = [None, True, 3, 1.5, "x", ["a"], {"arm": "B", "n": 1}, {"arm": None}]
    records: list[dict[str, Any]] = []
    wanted: dict[str, Counter[str]] = {}
    days: dict[str, set[str]] = {}
    for at in range(400):
        day = f"2026-03-{chance.randint(1, 9):02d}"
        extras = {name: chance.choice(values) for name in ("experiment", "build", "flag") if chance.random() < 0.2}
        extras["n"] = at % 40
        records.append(play(eventid=f"e{at}", eventtime=f"{day}T10:00:00Z", senttime=..., **extras))
        records[-1]["receivedtime"] = "2026-03-10T00:00:00Z"
        for name, value in extras.items():
            below = {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {}
            for path, inner in {name: value, **below}.items():
                wanted.setdefault(path, Counter())[kind(inner)] += 1
                days.setdefault(path, set()).add(day)
    for at, part in enumerate((records[:150], records[150:])):
        place.put(f"events/eu/play/{HOUR}/{at}.json", part)
        place.land()
    found = look(place)
    assert found.rows == 400
    assert {one.name: one.types for one in found.undeclared} == wanted
    assert {one.name: one.records for one in found.undeclared} == {name: sum(c.values()) for name, c in wanted.items()}
    assert {one.name: (one.first, one.last) for one in found.undeclared} == {
        n: (min(d), max(d)) for n, d in days.items()
    }
    assert [one.records for one in found.undeclared] == sorted((one.records for one in found.undeclared), reverse=True)


def test_since_leaves_older_partitions_out(place: Place) -> None:
    times = {"eventtime": "2026-03-01T10:00:00Z", "senttime": ..., "receivedtime": "2026-03-01T10:00:01Z"}
    place.put(FILE, [play(old=1, **times), play(new=1)])
    place.land()
    assert {one.name for one in look(place).undeclared} == {"old", "new"}
    assert look(place, since=date(2026, 3, 2)).rows == 0
    assert [one.name for one in look(place, since=date(2026, 3, 1)).undeclared] == ["new", "old"]


def test_only_committed_loads_count(place: Place) -> None:
    place.put(FILE, [play(extra=1), play(contenttype="comet")])
    report = place.land()
    assert look(place).rows == 1
    (place.lake / "loads" / f"{report.load_id}.json").unlink()
    found = look(place)
    assert not found and found.rows == 0


def test_personal_values_are_not_shown(place: Place) -> None:
    secret = "Ada"
    fields = {
        "phoneNumber": f"{secret}-1",
        "Display-Name": secret,
        "contact": f"{secret}@example.com",
        "profile": {"First Name": secret, "city": "Cape Town", "deep": [{"dob": secret, "mail": f"{secret}@b.de"}]},
        "headphones": "over-ear",
    }
    place.put(FILE, [play(**fields), play(eventid="e2", platform=f"{secret}@example.com")])
    place.land()
    found = look(place)
    shown = {one.name: one.example for one in found.undeclared}
    assert shown["headphones"] == '"over-ear"' and shown["profile.city"] == '"Cape Town"'
    hidden = {"phoneNumber", "Display-Name", "contact", "profile.First Name"}
    assert {one.name for one in found.undeclared if one.personal} == hidden
    assert [one.seen for one in found.not_in_enum] == [None]
    assert secret not in str(found)


def test_an_address_that_comes_late_hides_what_was_shown(place: Place) -> None:
    place.put(FILE, [play(contact="none"), play(eventid="e2", contact="ada@example.com")])
    place.land()
    [one] = look(place).undeclared
    assert one.personal and one.example is None and one.records == 2


def test_quarantine_tells_values_and_types(place: Place) -> None:
    records = [
        *(play(action="rewind") for _ in range(3)),
        play(action="eject"),
        *(play(secondslistened="12") for _ in range(2)),
        play(secondslistened=True),
        play(userid={"id": "u1"}),
        play(eventid=...),
    ]
    place.put(FILE, records)
    place.put(f"events/cn/play/{HOUR}/b.json", [play(action="rewind")])
    place.land()
    found = look(place)
    told = [(one.field, one.seen, one.hidden, one.records) for one in found.not_in_enum]
    assert told == [
        ("action", "rewind", None, 3),
        ("action", None, drift.NOT_KEPT, 1),
        ("action", "eject", None, 1),
    ]
    assert found.not_in_enum[0].declared == "play, pause, resume, stop, skip, heartbeat"
    types = [(one.field, one.declared, one.seen, one.records, one.example) for one in found.wrong_type]
    assert types == [
        ("secondslistened", "number", "string", 2, '"12"'),
        ("secondslistened", "number", "boolean", 1, "true"),
        ("userid", "string", "object", 1, '{"id":"u1"}'),
    ]
    assert not look(place, since=date(2100, 1, 1))


def test_what_is_declared_meanwhile_is_no_drift(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(FILE, [play(action="rewind", mood="good"), play(action="eject"), play(eventid="e3", mood="bad")])
    place.land()
    action = next(column for column in PLAY.columns if column.name == "action")
    wider = replace(action, enum=(*(action.enum or ()), "rewind"))
    mood = contracts.Column("mood", "mood", "string")
    columns = (mood, *(wider if column is action else column for column in PLAY.columns))
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"play": replace(PLAY, columns=columns)})
    found = look(place)
    assert not found.undeclared and not found.wrong_type
    assert [one.seen for one in found.not_in_enum] == ["eject"]


def test_items_of_dumps_keep_their_types(place: Place) -> None:
    good = {"id": {"S": "u1"}, "createdAt": {"S": "2026-01-01T00:00:00Z"}, "clientId": {"S": "c"}}
    folder = "dynamodb/users/2026-03-01-00-00-00"
    items = [
        {**good, "tier": {"S": "gold"}, "points": {"N": "12345678901234567890"}},
        {**good, "status": {"S": "asleep"}},
        {**good, "marketingConsent": {"S": "yes"}},
    ]
    place.put(f"{folder}/part", items)
    place.put(f"{folder}/_SUCCESS", b"")
    place.land()
    found = look(place, "users")
    assert found.dated_by == "snapshot_date"
    assert [(one.name, one.example, one.first) for one in found.undeclared] == [
        ("points", "12345678901234567890", "2026-03-01"),
        ("tier", '"gold"', "2026-03-01"),
    ]
    assert [(one.field, one.seen) for one in found.not_in_enum] == [("status", "asleep")]
    assert [(one.field, one.seen) for one in found.wrong_type] == [("marketingConsent", "S")]


def test_names_made_of_data_do_not_fill_memory(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "MAX_FIELDS", 5)
    monkeypatch.setattr(drift, "MAX_VALUES", 2)
    records = [play(eventid=f"e{at}", **{f"key{at}": 1}) for at in range(9)]
    place.put(FILE, records + [play(action=f"a{at}") for at in range(5)])
    place.land()
    found = look(place)
    assert len(found.undeclared) == 5 and len(found.not_in_enum) == 2
    assert found.more == 4 + 3


def test_folders_that_nobody_claims_are_named(place: Place) -> None:
    for path in ("events/eu/play/x", "events/eu/radio/x", "events/us/play/x", "catalog/users/x", "_tmp/x", "sql/x"):
        place.put(path, b"")
    found = unclaimed(open_store(str(place.inbox), "EARSHOT_INBOX"), DATASETS)
    assert [path for path, _ in found] == ["catalog/users", "events/eu/radio", "events/us", "sql"]
    assert unclaimed(open_store(str(place.inbox / "nowhere"), "EARSHOT_INBOX"), DATASETS) == []


def test_an_unknown_dataset_is_refused(place: Place) -> None:
    with pytest.raises(EarshotError, match="There is no dataset 'radio'"):
        look(place, "radio")


def test_command_prints_tables_and_json(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    empty = CliRunner().invoke(app, ["contracts", "drift"])
    assert empty.exit_code == 0 and empty.stdout.startswith("nothing undeclared in 0 rows of 13 datasets")
    place.put(FILE, [play(mood="good", phone="1"), play(eventid="e2", action="rewind")])
    place.put("events/eu/radio/2026/03/01/a.json", b"{}")
    place.land()
    words = CliRunner().invoke(app, ["contracts", "drift"]).stdout
    assert "mood" in words and '"good"' in words and "not shown: looks personal" in words and '"rewind"' in words
    assert "unknown: events/eu/radio: no contract of the source events is named radio" in words
    printed = CliRunner().invoke(app, ["contracts", "drift", "--dataset", "play", "--since", "2026-03-01", "--json"])
    [one] = json.loads(printed.stdout)["datasets"]
    assert one["rows"] == 1 and one["seen_by"] == "event_date"
    assert one["undeclared"][0] == {
        "field": "mood",
        "records": 1,
        "share": 1.0,
        "types": {"string": 1},
        "example": '"good"',
        "personal": False,
        "first_seen": "2026-03-01",
        "last_seen": "2026-03-01",
    }
    assert one["not_in_enum"][0]["value"] == "rewind"
