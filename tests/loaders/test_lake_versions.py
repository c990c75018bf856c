"""A lake that another version made, or that is damaged: a sentence that says what to do, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import commands.__main__
from loaders import loads
from loaders.errors import EarshotError
from tests.loaders.support import HOUR, Place, line


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Two loads, and a file that is new."""
    place = Place(tmp_path)
    for name in ("a", "b"):
        place.put(f"events/eu/play/{HOUR}/{name}", line() + b"\n{broken")
        place.land()
    place.put(f"events/eu/play/{HOUR}/c", line())
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    return place


WRITING = [["land"], ["land", "--reland", f"events/eu/play/{HOUR}/a"], ["quarantine", "replay"]]
READING = [["quarantine", "list"], ["quarantine", "show"]]


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(commands.__main__.app, arguments)


def refused(place: Place, arguments: list[str]) -> str:
    """The sentence with which a command refuses; it must have written nothing."""
    before = state(place)
    result = run(arguments)
    assert isinstance(result.exception, EarshotError), result.output
    assert result.exception.code == 1 and result.output == ""
    assert state(place) == before
    said = str(result.exception)
    assert "\n" not in said and said.endswith(".")
    return said


def state(place: Place) -> dict[Path, int]:
    """When each file was written; of the lock only that it is there."""
    return {path: path.name != ".lock" and path.stat().st_mtime_ns for path in place.lake.rglob("*")}


MARKERS = {
    b'{"format": 2}': "says format 2, but this version of Earshot knows formats up to 1; use a newer one.",
    b'{"format": 99, "lake_id": "x", "more": []}': "says format 99, but this version",
    b'{"format": 0}': "says format 0, which no version of Earshot wrote; check EARSHOT_LAKE.",
    b'{"format": "1"}': "says format '1', which no version",
    b'{"format": true}': "says format True, which no version",
    b"{}": "says format None, which no version",
    b"[]": "says format None, which no version",
    b"": "can't be read (",
    b"{": "restore the file",
    b'"\xff"': "restore the file",
    b"\x00" * 70: "restore the file",
}


@pytest.mark.parametrize("marker", MARKERS)
def test_a_lake_of_another_version(place: Place, marker: bytes) -> None:
    (place.lake / "lake.json").write_bytes(marker)
    (place.lake / ".lock").unlink()
    for arguments in WRITING + READING:
        said = refused(place, arguments)
        assert f"{place.lake}/lake.json" in said and MARKERS[marker] in said


def test_a_lake_without_its_mark(place: Place) -> None:
    (place.lake / "lake.json").unlink()
    for arguments in WRITING + READING:
        assert f"{place.lake} has no lake.json, but a folder loads; restore" in refused(place, arguments)


@pytest.mark.parametrize("folder", ["tmp", "raw", "quarantine", "landed"])
def test_a_folder_that_is_no_lake_is_not_made_one(place: Place, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = place.lake.parent / "home" / folder / "thesis"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    place.lake = mine.parent.parent
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    assert f"a folder {folder}; " in refused(place, ["land"])
    assert mine.read_text() == "years of work"


def test_other_files_beside_a_new_lake_are_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lake = place.lake.parent / "home"
    (place.lake / "lost+found").mkdir(parents=True)
    (place.lake / "README").write_text("the lake")
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    assert run(["land"]).exit_code == 0
    assert (place.lake / "README").read_text() == "the lake" and (place.lake / "lost+found").is_dir()


def test_where_no_lake_is_nothing_is_in_quarantine(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake.parent / "none"))
    assert run(["quarantine", "list"]).output == "nothing is in quarantine\n"
    assert not (place.lake.parent / "none").exists()


def test_a_damaged_load_record(place: Place) -> None:
    record = sorted((place.lake / "loads").glob("*.json"))[0]
    whole = record.read_bytes()
    for content in (whole[:-100], b"", b"{}", whole.replace(b'"bytes"', b'"by\xffes"', 1), b"\0" * 4096):
        record.write_bytes(content)
        for arguments in WRITING:
            said = refused(place, arguments)
            assert f"{record} is damaged (" in said and "restore it from a copy" in said
        for arguments in READING:
            assert run(arguments).exit_code == 0, "they read no load records"
    record.write_bytes(whole)
    assert run(["land"]).exit_code == 0


def test_a_name_that_is_no_load_s(place: Place) -> None:
    (place.lake / "loads" / "notes.json").write_text("{}")
    for arguments in WRITING + READING:
        assert "loads/notes.json is not named like a load record; move it elsewhere." in refused(place, arguments)


def test_a_damaged_intent(place: Place) -> None:
    intent = place.lake / "loads" / "20990101T000000.000000Z.intent"
    intent.write_bytes(b"")
    assert f"{intent} is damaged (" in refused(place, ["land"])


def test_a_damaged_index_of_what_was_landed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "INDEX_EVERY", 1)
    place.land()
    [index] = (place.lake / "landed").iterdir()
    index.write_bytes(index.read_bytes()[:-9])
    assert f"{index} is damaged (" in (said := refused(place, ["land"])) and "delete it" in said
    index.unlink()
    report = place.land()
    assert (report.load_id, report.refused) == (None, [])
    assert len(list((place.lake / "landed").iterdir())) == 1


def test_the_doctor_names_a_lake_that_it_does_not_know(place: Place) -> None:
    (place.lake / "lake.json").write_bytes(b'{"format": 2}')
    found = json.loads(run(["doctor", "--json"]).stdout)
    assert "this version of Earshot knows formats up to 1" in json.dumps(found)
