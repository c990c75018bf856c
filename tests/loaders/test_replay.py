"""Records that a mended contract takes leave the quarantine for the lake, and every count follows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts, loads, quarantine
from tests.loaders.support import DATASETS, HOUR, Died, Place, die_at, line, mended, visible

A, B = f"events/eu/play/{HOUR}/a", f"events/eu/play/{HOUR}/b"
FIRST, ODD = line(), line(eventid="e2", action="seek")[:-1] + b',"x":1.10}'
USER = {"id": {"S": "u1"}, "createdAt": {"S": "2026-01-01T00:00:00Z"}, "clientId": {"S": "c"}, "status": {"S": "seek"}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A lake with quarantined records, of which some pass now."""
    place = Place(tmp_path / "place")
    place.put(A, FIRST + b"\n" + ODD + b"\noops\n" + line(eventid="e3", action="seek"))
    place.put(f"events/cn/play/{HOUR}/a", line(action="seek"))
    place.put("dynamodb/users/2026-03-01-00-00-00/part", json.dumps(USER).encode())
    place.put("dynamodb/users/2026-03-01-00-00-00/_SUCCESS", b"")
    place.land()
    place.put(B, line(eventid="e4", action="seek"))
    place.land()
    changed = {"play": mended(DATASETS["play"], "action", "seek"), "users": mended(DATASETS["users"], "status", "seek")}
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | changed)
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    return place


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def sources(place: Place) -> list[tuple[object, ...]]:
    files = [str(path) for path in place.lake.rglob("raw/lake/loads/**/*.parquet")]
    columns = "source_path, records_read, records_landed, records_quarantined"
    return sorted(place.query(f"select {columns} from lake", files))


def test_what_passes_now_is_landed_and_counted(place: Place) -> None:
    # Dumps of tables hold what they held: the odd user is in quarantine until the contract knows the status.
    assert [row[2] for row in sources(place) if str(row[0]).startswith("dynamodb")] == [0]
    found = json.loads(run("quarantine", "replay", "--json"))
    assert found == {"play": {"landed": 3, "quarantined": 2}, "users": {"landed": 1, "quarantined": 0}}
    assert place.rows("play", "eventid, _source_file, _source_line, _source_offset, _extra") == [
        ("e1", A, 1, 0, None),
        ("e2", A, 2, len(FIRST) + 1, '{"x":1.10}'),
        ("e3", A, 4, len(FIRST + ODD) + len(b"\n\noops\n"), None),
        ("e4", B, 1, 0, None),
    ]
    assert place.rows("users", "id, status, _snapshot_id") == [("u1", "seek", "2026-03-01-00-00-00")]
    assert [row["record"] for row in quarantine.show(place.store)] == [None, b"oops"]
    assert sources(place) == [
        ("dynamodb/users/2026-03-01-00-00-00/part", 1, 1, 0),
        (f"events/cn/play/{HOUR}/a", 1, 0, 1),
        (A, 4, 3, 1),
        (B, 1, 1, 0),
    ]
    assert {path: source.records_landed for path, source in loads.landed(place.store).sources.items()} == {
        str(path): landed for path, _, landed, _ in sources(place)
    }
    before = visible(place)
    assert json.loads(run("quarantine", "replay", "--json")) == {"play": {"landed": 0, "quarantined": 2}}
    assert visible(place) == before
    assert place.land().load_id is None


def test_a_replayed_file_can_be_landed_again(place: Place) -> None:
    run("quarantine", "replay", "--dataset", "play")
    place.put(A, line(eventid="e9"))
    place.land(again=A)
    assert place.rows("play", "eventid, _source_file") == [("e9", A), ("e4", B)]
    assert (A, 1, 1, 0) in sources(place)


def test_dying_at_any_step_leaves_the_quarantine_or_the_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    old = visible(place)
    home = place.lake.parent
    for step in range(100):
        place.lake = home / "copy" / str(step)
        for name, content in old.items():
            (place.lake / name).parent.mkdir(parents=True, exist_ok=True)
            (place.lake / name).write_bytes(content)
        monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
        with monkeypatch.context() as patched:
            die_at(step, patched)
            try:
                CliRunner().invoke(app, ["quarantine", "replay"], catch_exceptions=False)
                finished = True
            except Died:
                finished = False
        committed = len(list((place.lake / "loads").glob("*.json"))) == 3
        loads.recover(place.store)
        assert committed or visible(place) == old
        run("quarantine", "replay")
        assert len(place.rows("play")) == 4
        assert len(quarantine.show(place.store)) == 2
        if finished:
            break
    assert step > 8
