"""A load is there whole or not at all, whatever it dies of, and one process at a time makes one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import contracts, loads
from loaders.errors import EarshotError
from loaders.locks import reader_lock
from loaders.store import Folder, Store
from tests.loaders.support import HOUR, Died, Place, die_at, play, visible


def fill(place: Place, name: str) -> None:
    events = [play(eventid=f"{name}{at}", eventtime=1772334900123 + at * 10**8) for at in range(3)]
    place.put(f"events/eu/play/{HOUR}/{name}", [*events, {"broken": name}])


def test_dying_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Place(tmp_path / "base")
    fill(base, "a")
    base.land()
    fill(base, "b")
    old = visible(base)
    shutil.copytree(base.lake.parent, tmp_path / "straight")
    straight = Place(tmp_path / "straight")
    straight.land()
    columns = "eventid, event_date, _source_file, _source_line, _source_offset"
    rows = straight.rows("play", columns)
    outcomes = []
    for step in range(200):
        shutil.copytree(base.lake.parent, tmp_path / str(step))
        place = Place(tmp_path / str(step))
        with monkeypatch.context() as patched:
            die_at(step, patched)
            try:
                place.land()
                finished = True
            except Died:
                finished = False
        outcomes.append(len(list((place.lake / "loads").glob("*.json"))) == 2)
        loads.recover(place.store)
        now = visible(place)
        assert outcomes[-1] or now == old
        assert {name: content for name, content in now.items() if name in old} == old
        report = place.land()
        assert (report.load_id is None) is outcomes[-1]
        assert place.rows("play", columns) == rows
        assert not (place.lake / "tmp").exists()
        assert list((place.lake / "loads").glob("*.intent")) == []
        if finished:
            break
    else:
        raise AssertionError("the run never came to its end")
    assert outcomes.count(False) >= 5 and outcomes.count(True) >= 2


def test_a_failure_that_the_process_survives_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    fill(place, "a")
    place.land()
    old = place.tree()
    fill(place, "b")
    calls: list[object] = []

    def full_disk(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(EarshotError, match="full; make room"):
        place.land()
    assert place.tree() == old


HOLD = """
import sys, time
from pathlib import Path
from loaders.locks import writer_lock
from loaders.locks import reader_lock
from loaders.store import Folder, Store
with writer_lock(Folder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_writes_at_a_time_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    place = Place(tmp_path)
    fill(place, "a")
    place.land()
    environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place.lake)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(EarshotError, match=rf"pid {holder.pid}\b.*again"):
        place.land()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert place.land().refused == []


def test_ids_grow_even_when_the_clock_goes_back(tmp_path: Path) -> None:
    folder = tmp_path / "loads"
    folder.mkdir()
    assert abs((loads.landed_at(loads.new_load_id(Folder(tmp_path))) - datetime.now(UTC)).total_seconds()) < 60
    (folder / "20990101T000000.999999Z.json").write_text("{}")
    assert loads.new_load_id(Folder(tmp_path)) == "20990101T000001.000000Z"
    assert loads.landed_at("20990101T000001.000000Z-x") == datetime(2099, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_loads_are_in_order_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    moments = [
        datetime(2026, 3, 1, 12, 0, 0, 999_998, UTC),
        *[datetime(2026, 3, 1, 12, 0, 0, 999_999, UTC)] * 4,  # many in the same microsecond
        datetime(2026, 3, 1, 11, tzinfo=UTC),
        datetime(2019, 12, 31, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 1, 1, UTC),
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ]
    found = []
    for number, moment in enumerate(moments):

        class Clock(datetime):
            now = classmethod(lambda cls, zone, moment=moment: moment)  # type: ignore[assignment]

        monkeypatch.setattr(loads, "datetime", Clock)
        place.put(f"events/eu/play/{HOUR}/{number}", [play()])
        report = place.land()
        assert report.load_id and report.landed_at
        found.append((report.load_id, report.landed_at))
    assert loads.ids(place.store) == [load_id for load_id, _ in found] == sorted({load_id for load_id, _ in found})
    rows = place.rows("play", "_source_file, _load_id, _landed_at")
    assert [(load_id, at.replace(tzinfo=UTC)) for _, load_id, at in rows] == found
    assert found[0][1] == moments[0] and found[-2][1] == moments[-2], "a clock that is right is believed"
    assert all(before < after for (_, before), (_, after) in pairwise(found))


Sources = dict[str, tuple[int, str]]  # path -> (records, the first load that has rows)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["land", "reland", "replay"]),
            st.sets(st.sampled_from("abcdef"), min_size=1),
            st.sampled_from(["", "", "index", "index removed", "index", "record removed"]),
        ),
        max_size=14,
    ),
    every=st.integers(1, 5),
)
def test_what_was_landed_is_the_same_with_an_index(
    steps: list[tuple[str, set[str], str]], every: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The oracle keeps the loads in a list and goes through all of them."""
    lake = Folder(tmp_path_factory.mktemp("lake"))
    history: list[tuple[str, list[str], dict[str, int]]] = []

    def expected() -> Sources:
        found: Sources = {}
        for load_id, replaced, sources in history:
            for path in replaced:
                found.pop(path, None)
            for path, records in sources.items():
                found[path] = (records, found[path][1] if path in found else load_id)
        return found

    for number, (kind, paths, then) in enumerate(steps):
        load_id = f"20260301T0000{number:02}.000000Z"
        there = expected()
        sources = {path: number for path in sorted(paths) if (path in there) == (kind != "land")}
        replaced = sorted(sources) if kind == "reland" else []
        history.append((load_id, replaced, sources))
        told = [loads.SourceFile("play", path, 1, 1, "", records, 0, 0, 0, 0.0) for path, records in sources.items()]
        load = loads.Load(load_id, "", told, [], replaced=replaced)
        lake.write(f"loads/{load_id}.json", msgspec.json.encode(load))
        if then == "record removed":
            taken = history.pop(number // 2 if number // 2 < len(history) else 0)
            lake.remove([f"loads/{taken[0]}.json"])
        if then == "index removed":
            shutil.rmtree(lake.root / "landed", ignore_errors=True)
        if then:  # else the process died before it looked again
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(loads, "INDEX_EVERY", every)
                found = loads.landed(lake).sources
            assert {path: (source.records_read, source.load_id) for path, source in found.items()} == expected()
            assert len(lake.files("landed")) <= 1


def test_a_load_that_is_committed_while_files_are_listed_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    fill(place, "a")
    place.land()
    before = [entry.path for entry in loads.data_files(place.store, "raw/events")]
    place.put(f"events/eu/play/{HOUR}/a", [play(eventid="new")])
    ids = loads.ids

    def meanwhile(lake: Store) -> list[str]:
        found = ids(lake)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(loads, "ids", ids)
            place.land(again=f"events/eu/play/{HOUR}/a")
        monkeypatch.setattr(loads, "ids", ids)
        return found

    monkeypatch.setattr(loads, "ids", meanwhile)
    with reader_lock(place.store):
        assert [entry.path for entry in loads.data_files(place.store, "raw/events")] == before
        assert len(loads.data_files(place.store, "raw/events")) == 1


def test_a_half_written_index_is_no_hindrance(tmp_path: Path) -> None:
    place = Place(tmp_path)
    fill(place, "a")
    place.land()
    half = place.lake / "landed" / ".20260301T000000.000000Z.json.tmp"
    half.parent.mkdir()
    half.write_text("{")
    assert place.land().load_id is None
    assert not half.exists()
