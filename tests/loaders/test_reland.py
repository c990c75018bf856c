"""A file that is landed again takes the place of what it was, and touches nothing else."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import loads, quarantine
from loaders.errors import EarshotError
from tests.loaders.support import HOUR, Died, Place, die_at, play, visible

A, B = f"events/eu/play/{HOUR}/a", f"events/eu/play/{HOUR}/b"


def event(name: str, day: int) -> dict[str, Any]:
    at = f"2026-02-{day:02}T00:00:00Z"
    return play(eventid=name, eventtime=at, senttime=..., receivedtime=at)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two files landed together, of which the first has changed."""
    place = Place(tmp_path / "place")
    place.put(A, [event("a1", 1), event("a2", 2), {"broken": "a"}])
    place.put(B, [event("b1", 2), {"broken": "b"}])
    place.land()
    place.put(A, [event("a2", 3), {"mended": 1}, {"broken": "again"}])
    return place


def lake_rows(place: Place, kind: str, columns: str) -> list[tuple[Any, ...]]:
    files = [str(path) for path in place.lake.rglob(f"raw/lake/{kind}/**/*.parquet")]
    return sorted(place.query(f"select {columns} from lake", files))


def state(place: Place) -> tuple[object, ...]:
    return (
        place.rows("play", "eventid, event_date, _source_file, _source_line"),
        [(row["source_file"], row["source_line"]) for row in quarantine.show(place.store)],
        lake_rows(place, "loads", "source_path, records_read, records_landed, records_quarantined"),
    )


AFTER = (
    [("a2", date(2026, 2, 3), A, 1), ("b1", date(2026, 2, 2), B, 1)],
    [(B, 2), (A, 2), (A, 3)],
    [(A, 3, 1, 2), (B, 2, 1, 1)],
)


def test_the_rows_of_a_changed_file_are_replaced_and_the_others_stay(place: Place) -> None:
    assert [path for path, _ in place.land().refused] == [A]
    report = place.land(again=A)
    assert (report.refused, report.datasets["play"].landed) == ([], 1)
    assert state(place) == AFTER
    assert not list(place.lake.rglob("event_date=2026-02-01")), "nothing is left of that day"
    touched = [row for row in lake_rows(place, "load_dates", "load_id, date_day, records") if row[0] == report.load_id]
    assert [(day, records) for _, day, records in touched] == [
        (date(2026, 2, 1), 0),
        (date(2026, 2, 2), 0),
        (date(2026, 2, 3), 1),
    ]
    after = place.land()
    assert (after.load_id, after.refused) == (None, [])


def test_a_file_whose_rows_were_moved_can_be_replaced_too(place: Place) -> None:
    place.land(again=A)
    place.put(B, [event("b9", 9)])
    place.land(again=B)
    place.land(again=A)
    assert place.rows("play", "eventid") == [("a2",), ("b9",)]
    assert [source for source, *_ in lake_rows(place, "loads", "source_path")] == [A, B]
    assert len(quarantine.show(place.store)) == 2


def test_dying_at_any_step_leaves_the_old_rows_or_the_new(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    old, before = visible(place), state(place)
    outcomes = []
    for step in range(100):
        copy = Place(place.lake.parent.parent / str(step))
        shutil.rmtree(copy.inbox)
        shutil.copytree(place.lake.parent, copy.lake.parent, dirs_exist_ok=True)
        with monkeypatch.context() as patched:
            die_at(step, patched)
            try:
                copy.land(again=A)
                finished = True
            except Died:
                finished = False
        outcomes.append(len(list((copy.lake / "loads").glob("*.json"))) == 2)
        loads.recover(copy.store)
        assert state(copy) == (AFTER if outcomes[-1] else before)
        assert outcomes[-1] or visible(copy) == old
        if finished:
            break
    assert outcomes.count(False) >= 5 and outcomes.count(True) >= 5


def test_a_dump_is_replaced_whole(tmp_path: Path) -> None:
    place = Place(tmp_path)
    folder = "dynamodb/devices/2026-03-01-00-00-00"

    def device(name: str) -> dict[str, Any]:
        return {
            "id": {"s": name},
            "model": {"s": "m"},
            "clientId": {"s": "c"},
            "registeredAt": {"s": "2026-01-01T00:00:00Z"},
        }

    place.put(f"{folder}/1", [device("d1")])
    gone = place.put(f"{folder}/2", [device("d2")])
    place.put(f"{folder}/_SUCCESS", b"")
    place.put("dynamodb/devices/2026-03-01-12-00-00/1", [device("d1")])
    place.put("dynamodb/devices/2026-03-01-12-00-00/_SUCCESS", b"")
    place.land()
    gone.unlink()
    place.put(f"{folder}/3", [device("d3")])
    assert [path for path, _ in place.land().refused] == [folder]
    place.land(again=f"{folder}/")
    assert place.rows("devices", "_snapshot_id, id") == [
        ("2026-03-01-00-00-00", "d1"),
        ("2026-03-01-00-00-00", "d3"),
        ("2026-03-01-12-00-00", "d1"),
    ]
    assert place.land().refused == []


def test_what_can_not_be_replaced_says_why(place: Place) -> None:
    place.put("events/eu/play/2026/03/01/04/new", [event("n", 1)])
    for path, words in (
        ("events/eu/play/2026/03/01/04/new", "not landed yet"),
        ("events/eu/play/2026/03/01/04/none", "no file of the inbox"),
        (str(place.inbox / A), "path below the inbox"),
    ):
        with pytest.raises(EarshotError, match=words):
            place.land(again=path)
    before = place.tree()
    place.put(A, b"\x1f\x8bbroken")
    assert [path for path, _ in place.land(again=A).refused] == [A]
    assert place.tree() == before


def test_the_command_replaces(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    result = CliRunner().invoke(app, ["land", "--reland", A])
    assert result.exit_code == 0, result.output
    assert state(place) == AFTER


def test_two_paths_at_once_are_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one would be landed again, and nobody would see it."""
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    before = place.tree()
    done = CliRunner().invoke(app, ["land", "--reland", A, "--reland", B])
    assert isinstance(done.exception, EarshotError)
    assert done.exception.code == 2
    assert place.tree() == before
