"""Loaders as processes: one at a time, and however one is ended it leaves nothing that runs or lies about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loaders.contracts import ROOT
from tests.loaders.deliveries import Deliveries
from tests.loaders.lake_state import content, left_over, records
from tests.loaders.support import Place, line

# Lands with two processes whatever the size, and says who they are when they have begun to write (or have just begun).
SLOW = """
import os, sys, threading, time
from multiprocessing import active_children
from pathlib import Path
from commands.__main__ import main
from loaders import land
land.PARALLEL_BYTES, land.JOB_BYTES = 0, 400_000
os.sched_getaffinity = lambda _: {0, 1}
def tell(early):
    place = Path(os.environ["EARSHOT_LAKE"], "tmp")
    while len(active_children()) < 2 or (not early and not any(place.glob("*/job-*"))):
        time.sleep(0.005)
    print("working", *(process.pid for process in active_children()), flush=True)
if __name__ == "__main__":
    threading.Thread(target=tell, args=["early" in sys.argv], daemon=True).start()
    sys.argv = ["earshot", "land"]
    main()
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Something is landed, and more than a moment's work is new."""
    place = Place(tmp_path)
    Deliveries(place.inbox, 1).events(1)
    place.land()
    (tmp_path / "slow.py").write_text(SLOW)
    for number in range(4):
        lines = [line(eventid=f"e{number}.{at}", undeclared=at) for at in range(8000)]
        place.put(f"events/eu/play/2026/03/01/02/{number}", b"\n".join(lines))
    return place


def start(place: Place, *command: str) -> subprocess.Popen[str]:
    variables = {
        "EARSHOT_INBOX": str(place.inbox),
        "EARSHOT_LAKE": str(place.lake),
        "PYTHONPATH": f"{ROOT}:{place.inbox.parent}",
    }
    return subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **variables},
        start_new_session=True,
    )


def working(place: Place, *when: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A loader with two workers in the middle of its work (or `early`), and their ids."""
    loader = start(place, str(place.inbox.parent / "slow.py"), *when)
    assert loader.stdout is not None, "it is a pipe"
    word, *workers = loader.stdout.readline().split()
    assert word == "working" and len(workers) == 2
    return loader, [int(pid) for pid in workers]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")  # nobody may have waited for it yet
    return status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def soon(so: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not so() and time.monotonic() < end:
        time.sleep(0.01)
    return so()


def test_the_second_names_the_first_and_a_killed_one_is_no_hindrance(place: Place) -> None:
    before = content(place.lake)
    first, workers = working(place)
    first.send_signal(signal.SIGSTOP)
    try:
        for command in (["land"], ["quarantine", "replay"]):
            second = start(place, "-m", "commands", *command)
            out, err = second.communicate(timeout=60)
            assert (second.returncode, out, err.count("\n")) == (1, "", 1), err
            assert f"pid {first.pid})" in err and "when it is done" in err
    finally:
        first.kill()  # it alone; its workers have to notice
    third = start(place, "-m", "commands", "land", "--dataset", "navigation")
    out, err = third.communicate(timeout=60)
    assert (third.returncode, out) == (0, "nothing new\n"), err
    assert soon(lambda: all(gone(pid) for pid in workers))
    first.communicate()
    assert (content(place.lake), left_over(place.lake)) == (before, set())
    assert place.land().datasets["play"].landed == 32000
    assert left_over(place.lake) == set()


@pytest.mark.parametrize(
    ("when", "tell", "number"),
    [
        ([], os.kill, signal.SIGTERM),
        ([], os.kill, signal.SIGINT),
        ([], os.killpg, signal.SIGINT),  # as a terminal does
        (["early"], os.killpg, signal.SIGINT),
    ],
)
def test_a_loader_that_is_told_to_end_tidies_up(
    place: Place, when: list[str], tell: Callable[[int, int], None], number: signal.Signals
) -> None:
    before = content(place.lake)
    loader, workers = working(place, *when)
    tell(loader.pid, number)
    began = time.monotonic()
    _, err = loader.communicate(timeout=60)
    assert (loader.returncode, err) == (130, "")
    assert time.monotonic() - began < 10
    assert all(map(gone, workers))
    assert (content(place.lake), left_over(place.lake)) == (before, set())


def test_a_killed_worker_ends_the_run(place: Place) -> None:
    before = content(place.lake)
    loader, workers = working(place)
    os.kill(workers[0], signal.SIGKILL)
    _, err = loader.communicate(timeout=60)
    assert (loader.returncode, err.count("\n")) == (1, 1), err
    assert "A process that was landing files died" in err
    assert all(map(gone, workers))
    assert (content(place.lake), left_over(place.lake)) == (before, set())


def test_a_command_that_is_killed_is_made_good_by_the_next(place: Place) -> None:
    straight = Place(place.inbox.parent / "straight")
    Deliveries(straight.inbox, 1).events(1)
    straight.land()
    for path in place.inbox.rglob("02/*"):
        straight.put(path.relative_to(place.inbox).as_posix(), path.read_bytes())
    straight.land()
    for wait in (0.0, 0.1, 0.3):
        loader, _ = working(place)
        time.sleep(wait)
        os.killpg(loader.pid, signal.SIGKILL)
        loader.communicate()
    last = start(place, "-m", "commands", "land")
    assert last.wait(60) == 0
    last.communicate()
    assert len(records(place.lake)) == 2
    assert (content(place.lake), left_over(place.lake)) == (content(straight.lake), set())
