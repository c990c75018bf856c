"""A compaction is there whole or not at all, and nobody who reads meanwhile sees anything but the rows of before."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loaders import contracts, loads, sorting
from loaders import lake as lake_module
from loaders.compact import compact
from loaders.errors import EarshotError
from loaders.land import land
from loaders.locks import reader_lock, writer_lock
from tests.loaders.support import HOUR, Died, Place, die_at, play, visible
from tests.s3 import serving


def fill(place: Place, name: str, records: int = 3) -> None:
    """A load of events of which every second one is known already, over two days, and a broken one."""
    events = [
        play(eventid=f"{at if at % 2 else name}", eventtime=1772334900123 - at * 4 * 10**6) for at in range(records)
    ]
    place.put(f"events/eu/play/{HOUR}/{name}", [*events, {"broken": name}])
    place.land()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "place")
    for name in ("a", "b", "c"):
        fill(place, name, 12)
    return place


def events(place: Place) -> list[Any]:
    """What there is to be read, each event as staging would take it."""
    files = [str(place.lake / entry.path) for entry in loads.data_files(place.store, "raw/events")]
    return read(files)


def read(files: list[str]) -> list[Any]:
    rows = f"read_parquet({files!r}, hive_partitioning = false, union_by_name = true)"
    copies = "row_number() over (partition by eventid, eventtime order by _source_file, _source_line)"
    return duckdb.connect().execute(f"select * from {rows} qualify {copies} = 1 order by eventid, eventtime").fetchall()


def test_dying_at_any_step_leaves_the_old_files_or_the_new(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    old, rows = visible(place), events(place)
    outcomes = []
    for step in range(100):
        shutil.copytree(place.lake.parent, place.lake.parent.parent / str(step))
        copy = Place(place.lake.parent.parent / str(step))
        with monkeypatch.context() as patched:
            die_at(step, patched)
            try:
                compact(str(copy.lake))
                finished = True
            except Died:
                finished = False
        outcomes.append(len(list((copy.lake / "loads").glob("*.json"))) == 4)
        assert events(copy) == rows, "who reads before anybody tidied up"
        loads.recover(copy.store)
        assert outcomes[-1] or visible(copy) == old
        assert read([str(path) for path in copy.lake.glob("raw/events/**/*.parquet")]) == rows
        assert bool(compact(str(copy.lake)).load_ids) is not outcomes[-1]
        assert events(copy) == rows
        assert not (copy.lake / "tmp").exists() and not list((copy.lake / "loads").glob("*.intent"))
        if finished:
            break
    else:
        raise AssertionError("the run never came to its end")
    assert outcomes.count(False) >= 5 and outcomes.count(True) >= 5


COMPACT = """
import sys
from loaders.compact import compact
print("ready", flush=True)
compact(sys.argv[1])
"""


def test_killed_at_any_moment(place: Place, tmp_path: Path) -> None:
    rows = events(place)
    environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT)}
    chance = random.Random(1)
    finished = 0
    for number in range(6):
        copy = Place(tmp_path / f"copy-{number}")
        shutil.rmtree(copy.lake.parent)
        shutil.copytree(place.lake.parent, copy.lake.parent)
        command = [sys.executable, "-c", COMPACT, str(copy.lake)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
        assert events(copy) == rows
        compact(str(copy.lake))
        finished += process.returncode == 0
        assert events(copy) == rows
        assert len(list(copy.lake.glob("raw/events/play/*/*.parquet"))) == 2
    assert finished < 6


def files_of_a_build(lake: Path) -> tuple[str, list[str]]:
    """The newest load, and the files that a build reads then: the rules of macros/raw/raw_views.sql, in Python."""
    newest = max(path.stem for path in lake.glob("loads/*.json"))
    retired: set[str] = set()
    for intent in lake.glob("loads/*.intent"):
        if intent.stem <= newest:
            retired.update(json.loads(intent.read_text())["removes"])
    found = [path for path in lake.glob("raw/events/*/*/*.parquet") if path.name < newest + "~"]
    return newest, [str(path) for path in found if path.relative_to(lake).as_posix() not in retired]


def test_a_build_reads_the_same_while_much_is_landed_and_compacted(place: Place) -> None:
    """Several loads and compactions begin and end between what a reader asks first and what it asks last."""
    stop = threading.Event()
    seen: dict[str, list[Any]] = {}
    wrong: list[str] = []

    def reader() -> None:
        while not stop.is_set():
            with reader_lock(place.store):
                newest, files = files_of_a_build(place.lake)
                rows = read(files)
                if rows != seen.setdefault(newest, rows):
                    wrong.append(f"another one saw other rows after {newest}")
                time.sleep(0.2)
                try:
                    if read(files) != rows:
                        wrong.append(f"rows changed after {newest}")
                except duckdb.Error as error:
                    wrong.append(str(error))
            time.sleep(0.02)

    seen[place.store.files("loads")[-1].path[6:-5]] = events(place)
    readers = [threading.Thread(target=reader) for _ in range(2)]
    for thread in readers:
        thread.start()
    held = 0
    for number in range(8):
        before = events(place)
        report = compact(str(place.lake))
        held += report.held
        # What a plain read says before and after is the same.
        assert report.load_ids and events(place) == before
        seen[report.load_ids[-1]] = before
        fill(place, f"d{number}", 12)
    stop.set()
    for thread in readers:
        thread.join()
    assert not wrong, wrong
    assert held > 0 and len(seen) >= 9, "they met each other"
    compact(str(place.lake))
    assert len(list(place.lake.glob("raw/events/play/*/*.parquet"))) == 2, "nothing that was held is left"


def test_a_list_made_before_and_asked_later_never_misses_a_row(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compaction that commits just after somebody looked which loads there are is no load for him yet."""
    rows = events(place)
    original = loads.ids

    def ids_and_then_a_compaction(lake: Any) -> list[str]:
        found = original(lake)
        monkeypatch.setattr(loads, "ids", original)
        compact(str(place.lake))
        return found

    with reader_lock(place.store):
        monkeypatch.setattr(loads, "ids", ids_and_then_a_compaction)
        assert events(place) == rows


def test_what_goes_wrong_is_a_sentence_and_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place.tree()
    with writer_lock(place.store), pytest.raises(EarshotError, match=rf"pid {os.getpid()}\b.*again"):
        compact(str(place.lake))
    with monkeypatch.context() as patched:
        patched.setattr(sorting, "MEMORY", "1MB")
        with pytest.raises(EarshotError, match="memory"):
            compact(str(place.lake))
    calls: list[object] = []

    def full_disk(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_disk)
        with pytest.raises(EarshotError, match="full; make room"):
            compact(str(place.lake))
    with pytest.raises(EarshotError, match="no dataset 'plays'"):
        compact(str(place.lake), ["plays"])
    assert place.tree() == before
    path = next(place.lake.glob("raw/events/*/*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(EarshotError, match=f"{path.name} is no whole Parquet file.*restore"):
        compact(str(place.lake))


def test_a_day_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB goes to disk; several row groups and files are written, and copies meet across them."""
    monkeypatch.setattr(sorting, "MEMORY", "40MB")
    monkeypatch.setattr(sorting, "FILE_BYTES", 400_000)
    monkeypatch.setattr(lake_module, "ROW_GROUP", 2048)
    place = Place(tmp_path)
    chance = random.Random(1)
    texts = ["".join(chance.choices("abcdefghijklmnop\x00ü", k=400)) for _ in range(6000)]
    for name in "abcd":
        made = [play(eventid=f"e{at}", userid=f"u{at % 7}", title=texts[at]) for at in range(6000)]
        chance.shuffle(made)
        place.put(f"events/eu/play/{HOUR}/{name}", made)
        place.land()
    report = compact(str(place.lake), ["play"])
    assert report.areas["play"].dropped == 18000 and report.areas["play"].files_after == 3
    files = sorted(map(str, place.lake.glob("raw/events/play/*/*.parquet")))
    found = place.query("select userid, eventid, title, _source_file[-1] from lake", files)
    expected = sorted((f"u{at % 7}", f"e{at}", texts[at], "a") for at in range(6000))
    assert found == expected


def test_a_lake_in_s3() -> None:
    with serving("bucket") as server:
        for name in ("a", "b"):
            body = b"".join(json.dumps(play(eventid=f"e{at}")).encode() + b"\n" for at in range(3))
            server.client.put_object(Bucket="bucket", Key=f"in/events/eu/play/{HOUR}/{name}", Body=body)
            land("s3://bucket/in", "s3://bucket/lake")
        report = compact("s3://bucket/lake")
        assert (report.areas["play"].files_before, report.areas["play"].dropped, report.held) == (2, 3, 0)
        keys = server.keys("bucket", "lake/raw/events/")
        (load_id,) = report.load_ids
        assert keys == [f"lake/raw/events/play/event_date=2026-03-01/{load_id}-sorted-0000.parquet"]
        assert compact("s3://bucket/lake").load_ids == []
