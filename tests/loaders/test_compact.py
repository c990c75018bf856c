"""Compaction changes how the lake lies, never what it says: each record is kept once, in the order of its day."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import compact as module
from loaders import contracts, loads, quarantine
from loaders.compact import compact
from loaders.locks import reader_lock
from loaders.store import Entry
from tests.loaders.support import PLAY, Place, play

DAY = "2026-03-01"
SHOW = {
    "op": "upsert",
    "updatedat": f"{DAY}T10:00:00Z",
    "showid": "s1",
    "creatorid": "c1",
    "title": "t",
    "status": "live",
}


def event(name: str, day: int = 1, **more: Any) -> dict[str, Any]:
    at = f"2026-03-{day:02}T0{len(name)}:00:00Z"
    return play(eventid=name, eventtime=at, senttime=..., receivedtime=at, **more)


def deliver(place: Place, name: str, *records: dict[str, Any], day: int = 1) -> str:
    path = f"events/eu/play/2026/03/{day:02}/00/{name}"
    place.put(path, list(records))
    return path


def parquet(place: Place, below: str) -> list[str]:
    return sorted(path.relative_to(place.lake).as_posix() for path in (place.lake / below).rglob("*.parquet"))


def places(place: Place, dataset: str = "play") -> list[tuple[str, int]]:
    return place.rows(dataset, "_source_file, _source_line")


def notes(place: Place, dataset: str = "play") -> list[tuple[Any, ...]]:
    """Where each dropped copy stood, and the file of the one that was kept."""
    files = [str(place.lake / path) for path in parquet(place, f"duplicates/{dataset}")]
    return sorted(place.query("select _source_file, _source_line, kept_source_file from lake", files)) if files else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Three loads of a closed day with copies across files and in one, one broken record each, and an open day."""
    place = Place(tmp_path / "place")
    deliver(place, "b", event("e1"), event("e2", userid="u0"), event("e1"), {"broken": 1})
    place.land()
    deliver(place, "a", event("e1"), event("e3", clientid="c0"), {"broken": 2})
    place.land()
    deliver(place, "c", event("e2", userid="u0"), event("e1", title="another"), event("later", day=2), {"broken": 3})
    place.land()
    return place


def test_the_files_of_a_day_become_one_in_order(place: Place) -> None:
    before = place.rows("play")
    report = compact(str(place.lake))
    assert parquet(place, "raw/events/play") == [
        f"raw/events/play/event_date={DAY}/{report.load_ids[0]}-sorted-0000.parquet",
        f"raw/events/play/event_date=2026-03-02/{report.load_ids[0]}-sorted-0000.parquet",
    ]
    after = place.rows("play")
    assert set(after) <= set(before), "every row is as it was, lineage included"
    assert [(file[-1], line) for file, line in places(place)] == [("a", 1), ("a", 2), ("b", 2), ("c", 2), ("c", 3)]
    assert [(file[-1], line, kept[-1]) for file, line, kept in notes(place)] == [
        ("b", 1, "a"),
        ("b", 3, "a"),
        ("c", 1, "b"),
    ]
    done = report.areas["play"]
    assert (done.days, done.files_before, done.files_after, done.dropped) == (2, 4, 2, 3)
    file = pq.ParquetFile(place.lake / parquet(place, "raw/events/play")[0])
    assert file.schema_arrow.equals(contracts.arrow_schema(PLAY))
    assert file.read(["eventid"])["eventid"].to_pylist() == ["e3", "e2", "e1", "e1"]


def test_files_are_like_those_that_landing_writes(place: Place) -> None:
    landed = pq.ParquetFile(place.lake / parquet(place, "raw/events/play")[0])
    compact(str(place.lake))
    sorted_ = pq.ParquetFile(place.lake / parquet(place, "raw/events/play")[0])
    assert landed.schema == sorted_.schema
    for name in ("compression", "has_column_index", "has_offset_index", "physical_type", "is_stats_set"):
        for at in range(len(landed.schema)):
            columns = [file.metadata.row_group(0).column(at) for file in (landed, sorted_)]
            assert getattr(columns[0], name) == getattr(columns[1], name), name


def test_a_second_run_finds_nothing(place: Place) -> None:
    compact(str(place.lake))
    before = place.tree()
    report = compact(str(place.lake))
    assert (report.areas, report.load_ids) == ({}, [])
    assert place.tree() == before
    assert place.land().load_id is None


def test_each_kind_keeps_the_copy_that_staging_would(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in ("b", "a", "c"):
        place.put(f"catalog/shows/2026/03/01/00/{name}", [SHOW, SHOW])
        place.land()
    item = {"id": {"S": "u1"}, "createdAt": {"S": "2026-01-01T00:00:00Z"}, "clientId": {"S": "c"}}
    for part in ("1", "2"):
        place.put(f"dynamodb/users/2026-03-01-00-00-00/{part}", [item])
    place.put("dynamodb/users/2026-03-01-00-00-00/_SUCCESS", b"")
    place.land()
    compact(str(place.lake))
    assert places(place, "shows") == [("catalog/shows/2026/03/01/00/c", 2)]
    assert places(place, "users") == [("dynamodb/users/2026-03-01-00-00-00/1", 1)]


def test_every_record_of_every_file_is_accounted_for(place: Place) -> None:
    compact(str(place.lake))
    deliver(place, "0", event("e1"), event("e2", userid="u0"))
    place.land()
    compact(str(place.lake))
    kept = Counter(file for file, _ in places(place)) + Counter(file for file, *_ in notes(place))
    assert kept == {path: source.records_landed for path, source in loads.landed(place.store).sources.items()}
    assert {kept[-1] for _, _, kept in notes(place)} == {"0"}, "what was dropped for b's record points to what stayed"
    dropped = [load.dropped for load in loads.read_all(place.store)]
    assert dropped == [None, None, None, {"play": 3}, None, {"play": 2}]


def test_an_open_day_waits_for_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    for name in ("a", "b"):
        deliver(place, name, event(name))
        place.land()
    monkeypatch.setattr(loads, "newest_landing", lambda lake: loads.landed_at("20260301T235959.000000Z"))
    assert compact(str(place.lake)).areas.keys() == set()
    monkeypatch.setattr(loads, "newest_landing", lambda lake: loads.landed_at("20260302T000000.000000Z"))
    assert compact(str(place.lake)).areas.keys() == {"play"}


MB = 1 << 20


@pytest.mark.parametrize(
    ("sorted_files", "new_files", "worth"),
    [
        ([], [900 * MB], True),  # never sorted
        ([], [9, 9], True),
        ([256 * MB, 90 * MB], [], False),
        ([256 * MB], [9], False),  # one late record does not rewrite a large day
        ([256 * MB], [1] * 16, False),
        ([256 * MB], [1] * 17, True),
        ([256 * MB], [25 * MB], False),
        ([256 * MB], [26 * MB], True),
        ([15 * MB], [9], True),  # a small day costs nothing
    ],
)
def test_what_is_worth_to_be_written_anew(sorted_files: list[int], new_files: list[int], worth: bool) -> None:
    names = [("x-sorted-0000.parquet", size) for size in sorted_files] + [("y-0.parquet", size) for size in new_files]
    assert module.is_worth([Entry(name, size, 0) for name, size in names]) is worth


def test_old_files_without_a_column_and_with_one_that_is_gone(place: Place) -> None:
    old = place.lake / parquet(place, f"raw/events/play/event_date={DAY}")[0]
    rows = pq.read_table(old, partitioning=None)
    more = pa.array(["kept"] * len(rows))
    pq.write_table(rows.drop_columns(["genre"]).append_column("gone", more), old)
    for path in place.lake.glob("raw/events/play/*/*.parquet"):  # as if the contract had just gained two
        pq.write_table(pq.ParquetFile(path).read().drop_columns(["artist", "durationseconds"]), path)
    compact(str(place.lake))
    (file,) = parquet(place, f"raw/events/play/event_date={DAY}")
    read = pq.ParquetFile(place.lake / file).read()
    assert read.schema.names == [*contracts.arrow_schema(PLAY).names, "gone"]
    assert read["artist"].type == pa.string() and read["durationseconds"].type == pa.float64()
    found = zip(*(read[name].to_pylist() for name in ("_source_file", "genre", "gone")), strict=True)
    assert Counter((file[-1], *rest) for file, *rest in found) == {
        ("a", "jazz", None): 2,
        ("b", None, "kept"): 2,
        ("c", "jazz", None): 2,
    }


def test_a_day_whose_files_differ_in_a_type_is_left_and_named(place: Place) -> None:
    path = place.lake / parquet(place, f"raw/events/play/event_date={DAY}")[0]
    rows = pq.read_table(path, partitioning=None)
    at = rows.schema.get_field_index("secondslistened")
    pq.write_table(rows.set_column(at, "secondslistened", rows["secondslistened"].cast(pa.string())), path)
    before = {name for name in parquet(place, "raw") if DAY in name}
    report = compact(str(place.lake))
    ((folder, why),) = report.left
    assert folder == f"raw/events/play/event_date={DAY}" and "secondslistened is string" in why
    assert before <= set(parquet(place, "raw"))


def test_quarantine_and_the_tables_of_loads_are_put_together(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[tuple[Any, ...]]:
        found = []
        for name in ("loads", "load_dates"):
            files = [str(place.lake / path) for path in parquet(place, f"raw/lake/{name}")]
            found += sorted(place.query("select * from lake", files), key=str)
        return found

    shown, before = quarantine.show(place.store), told()
    tomorrow = loads.landed_at("20990101T000000.000000Z")
    monkeypatch.setattr(loads, "newest_landing", lambda lake: tomorrow)
    report = compact(str(place.lake))
    assert report.areas.keys() == {"play", "quarantine/play", "lake/loads", "lake/load_dates"}
    assert [len(parquet(place, below)) for below in ("quarantine", "raw/lake/loads", "raw/lake/load_dates")] == [
        1,
        1,
        1,
    ]
    assert (quarantine.show(place.store), told()) == (shown, before)
    deliver(place, "d", {"broken": 4})
    place.land()
    assert [row["source_file"][-1] for row in quarantine.show(place.store)] == ["b", "a", "c", "d"]  # type: ignore[index]


def test_a_full_file_of_quarantine_is_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUARANTINE_BYTES", 1)
    compact(str(place.lake))
    (full,) = parquet(place, "quarantine")
    for name in ("d", "e"):
        deliver(place, name, {"broken": 4})
        place.land()
    compact(str(place.lake))
    assert parquet(place, "quarantine")[0] == full
    assert len(parquet(place, "quarantine")) == 2
    assert [row["source_file"][-1] for row in quarantine.show(place.store)] == ["b", "a", "c", "d", "e"]  # type: ignore[index]


def test_the_command_says_what_it_did(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["compact", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake.parent / "nowhere"))
    assert said() == "nothing to compact\n" and not (place.lake.parent / "nowhere").exists()
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    assert said("--dataset", "users") == "nothing to compact\n"
    with reader_lock(place.store):
        told = json.loads(said("--json", "--dataset", "play"))
    assert told["load_ids"] and told["seconds"] > 0 and (told["left"], told["files_held_by_readers"]) == ([], 7)
    rows, quarantined = told["datasets"]
    assert (rows["dataset"], rows["days"], rows["files_before"], rows["files_after"]) == ("play", 2, 4, 2)
    assert rows["duplicates_dropped"] == 3 and rows["bytes_before"] > rows["bytes_after"] > 0
    assert (quarantined["dataset"], quarantined["days"], quarantined["files_after"]) == ("quarantine/play", None, 1)
    deliver(place, "late", event("e9"))
    place.land()
    words = said().splitlines()
    assert words[0].split() == ["dataset", "days", "files", "size", "duplicates", "dropped"]
    assert words[2].split()[:5] == ["play", "1", "2", "→", "1"] and words[-1].endswith(" seconds")
    assert CliRunner().invoke(app, ["compact", "--dataset", "plays"]).exception.code == 2  # type: ignore[union-attr]
