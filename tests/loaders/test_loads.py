"""A load is there whole or not at all, whatever it dies of, and one process at a time makes one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loaders import contracts, loads
from loaders.errors import EarshotError
from loaders.store import Folder
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
from loaders.store import Folder
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


def test_a_lake_of_another_format_is_not_written(tmp_path: Path) -> None:
    place = Place(tmp_path)
    fill(place, "a")
    place.lake.mkdir()
    (place.lake / "lake.json").write_text('{"format": 2}')
    with pytest.raises(EarshotError, match=r"lake\.json"):
        place.land()
