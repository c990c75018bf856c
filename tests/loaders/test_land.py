"""The run as a whole: what is taken, what is left, and what the lake says about it."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts, jobs, lake, land, loads, quarantine
from loaders.errors import EarshotError
from loaders.inbox import Found
from loaders.store import Folder
from loaders.textfiles import Refused, Source
from tests.loaders.support import HOUR, PLAY, Place, line, play


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


SHOW = {
    "op": "upsert",
    "updatedat": "2026-02-27T23:59:59.999999Z",
    "showid": "s1",
    "creatorid": "c1",
    "title": "t",
    "status": "live",
}


def test_rows_carry_their_values_their_date_and_where_they_come_from(place: Place) -> None:
    late = play(eventid="e2", eventtime="2026-02-28T23:59:59Z", senttime=..., userid=None, x=[1.10])
    place.put(f"events/cn/play/{HOUR}/a.json.gz", gzip.compress(line() + b"\n" + json.dumps(late).encode()))
    place.put("catalog/shows/2026/03/01/00/x", [SHOW, SHOW | {"op": "delete"}])
    report = place.land()
    assert report.landed_at is not None
    path = f"events/cn/play/{HOUR}/a.json.gz"
    columns = (
        "eventid, eventtime, userid, secondslistened, _region, _extra, event_date, _load_id, _landed_at, "
        "_source_file, _source_line, _source_offset"
    )
    landed_at = report.landed_at.replace(tzinfo=None)
    at = datetime(2026, 3, 1, 3, 15, 0, 123000)
    assert place.rows("play", columns) == [
        ("e1", at, "u1", 12.5, "cn", None, date(2026, 3, 1), report.load_id, landed_at, path, 1, 0),
        (
            "e2",
            datetime(2026, 2, 28, 23, 59, 59),
            None,
            12.5,
            "cn",
            '{"x":[1.1]}',
            date(2026, 2, 28),
            report.load_id,
            landed_at,
            path,
            2,
            len(line()) + 1,
        ),
    ]
    assert [row[0] for row in place.rows("shows", "event_date")] == [date(2026, 2, 27)] * 2
    folders = {path.parent.relative_to(place.lake).as_posix() for path in place.lake.rglob("raw/events/**/*.parquet")}
    assert folders == {"raw/events/play/event_date=2026-03-01", "raw/events/play/event_date=2026-02-28"}
    for file in place.lake.rglob("raw/events/**/*.parquet"):
        assert pq.read_schema(file).remove_metadata() == contracts.arrow_schema(PLAY)
        assert file.name.startswith(f"{report.load_id}-")


@pytest.mark.parametrize(
    ("event", "sent", "received", "day"),
    [
        ("2026-03-02T00:00:00Z", None, "2026-03-02T00:00:01Z", "2026-03-02"),
        ("2026-03-02T00:00:00Z", None, "2026-03-01T23:59:59Z", "2026-03-01"),  # never later than its receipt
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:10Z", "2026-03-02T00:00:05Z", "2026-03-01"),  # clock ahead
        ("1999-01-01T00:00:00Z", "1999-01-01T00:00:10Z", "2026-03-02T00:00:10Z", "2026-03-02"),  # clock behind
        ("2026-03-01T23:00:00Z", "2026-03-01T22:00:00Z", "2026-03-02T00:00:00Z", "2026-03-01"),  # sent before it was
        ("1970-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "1970-01-02T00:30:00Z", "1913-11-04"),  # long before 1970
    ],
)
def test_the_date_is_that_of_when_it_happened(
    event: str, sent: str | None, received: str, day: str, place: Place
) -> None:
    place.put(f"events/eu/play/{HOUR}/a", [play(eventtime=event, senttime=sent, receivedtime=received)])
    place.land()
    assert [str(row[0]) for row in place.rows("play", "event_date")] == [day]


def test_read_is_landed_plus_quarantined_for_each_file(place: Place) -> None:
    twice = line() + b"\n" + line() + line(eventid="e2") + b"\n\n" + line(action="x") + b"\noops"
    place.put(f"events/eu/play/{HOUR}/a", twice)
    place.put(f"events/eu/play/{HOUR}/b", b"")
    place.put(f"events/eu/play/{HOUR}/c", twice)
    place.put("catalog/shows/2026/03/01/00/x", [SHOW, SHOW, SHOW | {"updatedat": 1772334900123}])
    report = place.land()
    assert vars(report.datasets["play"]) == {"files": 3, "read": 10, "landed": 6, "quarantined": 4}
    [load] = loads.read_all(place.store)
    counts = {
        source.source_path[-1]: (
            source.records_read,
            source.records_landed,
            source.records_quarantined,
            source.records_duplicate_in_file,
        )
        for source in load.sources
    }
    assert counts == {"a": (5, 3, 2, 1), "b": (0, 0, 0, 0), "c": (5, 3, 2, 1), "x": (3, 3, 0, 1)}
    shown = quarantine.show(place.store)
    assert [(row["source_file"], row["source_line"], row["reason"], row["record"]) for row in shown] == [
        (f"events/eu/play/{HOUR}/{name}", number, reason, record)
        for name in "ac"
        for number, reason, record in ((4, "not_in_enum", line(action="x")), (5, "not_json", b"oops"))
    ]
    files = [str(path) for path in place.lake.rglob("raw/lake/loads/**/*.parquet")]
    assert place.query("select sum(records_read), count(*), count(distinct checksum) from lake", files) == [(13, 4, 3)]
    files = [str(path) for path in place.lake.rglob("raw/lake/load_dates/**/*.parquet")]
    assert place.query("select dataset, date_day, records, load_id from lake order by 1", files) == [
        ("play", date(2026, 3, 1), 6, report.load_id),
        ("shows", date(2026, 2, 27), 2, report.load_id),
        ("shows", date(2026, 3, 1), 1, report.load_id),
    ]


def test_a_second_run_lands_only_what_is_new(place: Place) -> None:
    place.put(f"events/eu/play/{HOUR}/a", [play()])
    first = place.land()
    before = place.tree()
    again = place.land()
    assert (again.load_id, again.datasets, again.refused) == (None, {}, [])
    assert place.tree() == before
    place.put(f"events/eu/play/{HOUR}/b", [play()])  # the same content under another path is another delivery
    second = place.land()
    assert second.datasets["play"].landed == 1
    assert (first.load_id or "") < (second.load_id or "")
    assert len(place.rows("play")) == 2
    assert {name: content for name, content in place.tree().items() if name in before} == before


def test_a_file_that_changed_after_it_was_landed_is_named_and_left(place: Place) -> None:
    path = f"events/eu/play/{HOUR}/a"
    file = place.put(path, [play()])
    place.land()
    before = place.tree()
    content = file.read_bytes()
    file.write_bytes(content)  # touched, not changed
    assert place.land().refused == []
    file.write_bytes(content.replace(b"e1", b"e2"))
    [(named, why)] = place.land().refused
    assert named == path and "changed" in why
    file.write_bytes(content * 2)
    assert [named for named, _ in place.land().refused] == [path]
    file.unlink()
    assert place.land().refused == []
    assert place.tree() == before


def test_a_broken_gzip_file_is_refused_whole_until_it_is_mended(place: Place) -> None:
    packed = gzip.compress(line() + b"\n")
    file = place.put(f"events/eu/play/{HOUR}/b", packed[:-1])
    place.put(f"events/eu/play/{HOUR}/a", [play()])
    place.put(f"events/eu/play/{HOUR}/c", [play()])
    report = place.land()
    assert [named for named, _ in report.refused] == [f"events/eu/play/{HOUR}/b"]
    assert report.datasets["play"].files == 2
    assert [named for named, _ in place.land().refused] == [f"events/eu/play/{HOUR}/b"]
    file.write_bytes(packed)
    assert place.land().datasets["play"].files == 1
    assert len(place.rows("play")) == 3


def test_a_file_that_is_refused_halfway_leaves_no_row(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        place.put(f"events/eu/play/{HOUR}/{name}", [play(eventid=name)])
    original = Source.__iter__

    def failing(self: Source) -> Any:
        yield from original(self)
        if self.path.endswith("/b"):
            raise Refused("it changed while it was read")

    monkeypatch.setattr(Source, "__iter__", failing)
    report = place.land()
    assert [named for named, _ in report.refused] == [f"events/eu/play/{HOUR}/b"]
    assert place.rows("play", "eventid") == [("a",), ("c",)]
    assert len(loads.read_all(place.store)[0].sources) == 2


def test_files_that_are_still_written_are_left_and_strangers_are_named(place: Place) -> None:
    for name in ("_a.json", ".a.json", "a.json.tmp"):
        place.put(f"events/eu/play/{HOUR}/{name}", [play()])
    place.put("events/eu/play/2026/03/01/daily", [play()])
    strangers = [
        "events/eu/unheard/2026/03/01/03/a",
        f"events/us/play/{HOUR}/a",
        "events/eu/play/a",
        f"events/eu/shows/{HOUR}/a",
        "catalog/play/2026/03/01/03/a",
        "dynamodb/orders/2026-03-01-00-00-00/a",
        "dynamodb/users/readme",
        "readme",
    ]
    for path in strangers:
        place.put(path, [play()])
    report = place.land()
    assert sorted(path for path, _ in report.unknown) == sorted(strangers)
    assert report.refused == []
    assert place.rows("play", "_source_file") == [("events/eu/play/2026/03/01/daily",)]


def test_only_the_named_datasets_are_landed(place: Place) -> None:
    place.put(f"events/eu/play/{HOUR}/a", [play()])
    place.put("catalog/shows/2026/03/01/00/x", [SHOW])
    assert list(place.land(only=["shows"]).datasets) == ["shows"]
    assert list(place.land().datasets) == ["play"]
    with pytest.raises(EarshotError, match="'plays'"):
        place.land(only=["plays"])


def test_several_processes_write_the_same_lake_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(land, "JOB_BYTES", 300)
    monkeypatch.setattr(loads, "new_load_id", lambda *_: "20260301T000000.000000Z")
    places = [Place(tmp_path / "one"), Place(tmp_path / "two")]
    for place in places:
        for number in range(6):
            good = [play(eventid=f"{number}-{at}", eventtime=1772334900123 + at * 10**8) for at in range(3)]
            place.put(f"events/eu/play/{HOUR}/{number}", [*good, {"broken": number}])
        place.put(f"events/eu/play/{HOUR}/9", gzip.compress(b"{}")[:-1])
    reports = [place.land(workers=workers) for place, workers in zip(places, (1, 2), strict=True)]
    assert reports[0] == reports[1]
    trees = [
        {name: content for name, content in place.tree().items() if name.startswith(("raw/events", "quarantine"))}
        for place in places
    ]
    assert trees[0] == trees[1]
    assert len(trees[0]) == 7  # three processes' files of two days, and the quarantine


def test_jobs_are_alike_in_size_and_keep_the_order_of_the_files() -> None:
    megabyte = 1 << 20
    sizes = [22, 24, 21, 23, 22, 22, 22, 24, 20, 22, 21, 21]
    store = Folder(Path())
    files = [Found(f"{at:02}", store, size * megabyte, 0) for at, size in enumerate([*sizes, 0])]
    work = land.plan({"play": files, "navigation": files[:2], "empty": [], "nothing": [Found("x", store, 0, 0)]})
    assert [job.dataset for job in work] == ["navigation", "nothing", *["play"] * 4]
    assert [file.path for job in work[2:] for file in job.files] == [file.path for file in files]
    assert [len(job.files) for job in work] == [2, 1, 3, 3, 3, 4]
    assert [job.number for job in work] == list(range(6))


@pytest.mark.parametrize("many", [1, 7, 1000])
def test_records_that_stand_twice_in_a_file_are_counted_however_many_there_are(
    place: Place, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(jobs, "MANY_KEYS", many)
    place.put(f"events/eu/play/{HOUR}/a", [play(eventid=str(at % 37)) for at in range(100)])
    place.put(f"events/eu/play/{HOUR}/b", [play(eventid=str(at)) for at in range(3)])
    place.put(f"events/eu/play/{HOUR}/c", [])
    place.land()
    [load] = loads.read_all(place.store)
    repeated = {source.source_path[-1]: source.records_duplicate_in_file for source in load.sources}
    assert repeated == {"a": 63, "b": 0, "c": 0}


def test_many_days_and_little_memory_lose_no_row(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake, "MAX_WAITING", 2000)
    monkeypatch.setattr(lake, "FILE_ROWS", 5)
    days = [1772334900123 + (at % 40) * 86_400_000 for at in range(200)]
    events = [play(eventid=str(at), eventtime=day, senttime=..., receivedtime=day) for at, day in enumerate(days)]
    place.put(f"events/eu/play/{HOUR}/a", events)
    place.land()
    rows = place.rows("play", "eventid, event_date, strftime(eventtime, '%Y-%m-%d')")
    assert [row[0] for row in rows] == [str(at) for at in range(200)]
    assert all(str(day) == text for _, day, text in rows)


def run(place: Place, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    return CliRunner().invoke(app, list(arguments))


def test_the_commands_tell_what_was_done(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(f"events/eu/play/{HOUR}/a", line() + b"\noops \xff\n")
    done = run(place, monkeypatch, "land")
    assert done.exit_code == 0
    assert "play" in done.stdout
    place.put(f"events/eu/play/{HOUR}/b", gzip.compress(b"")[:-1])
    refused = run(place, monkeypatch, "land", "--json")
    assert refused.exit_code == 1
    document = json.loads(refused.stdout)
    assert document["datasets"] == []
    assert [one["path"] for one in document["refused"]] == [f"events/eu/play/{HOUR}/b"]
    [group] = json.loads(run(place, monkeypatch, "quarantine", "list", "--json").stdout)
    assert (group["dataset"], group["reason"], group["records"]) == ("play", "not_json", 1)
    [row] = json.loads(run(place, monkeypatch, "quarantine", "show", "--json").stdout)
    assert (row["source_line"], row["record"]) == (2, "oops \\xff")
    assert "oops" in run(place, monkeypatch, "quarantine", "show", "--reason", "not_json").stdout
    assert run(place, monkeypatch, "quarantine", "list", "--dataset", "shows").stdout == "nothing is in quarantine\n"
