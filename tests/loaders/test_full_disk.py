"""A disk that is full at any point: one sentence, nothing landed by halves, and all of it as soon as there is room."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loaders.contracts import ROOT
from loaders.errors import EarshotError
from loaders.store import said
from tests.loaders.deliveries import Deliveries
from tests.loaders.killing import Loaders
from tests.loaders.lake_state import Reader, content, left_over, records

FULL = "is full; make room and run this again: what was not finished is not there."
FOR_GOOD = 10**6


@pytest.fixture(scope="module")
def loaders() -> Iterator[Loaders]:
    with Loaders() as loaders:
        yield loaders


@pytest.fixture(scope="module")
def base(loaders: Loaders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake and what it does not have yet: a file that has changed, and below `new` one that is new."""
    home = tmp_path_factory.mktemp("base")
    deliveries = Deliveries(home / "inbox", 1)
    for name in ("a", "b"):
        deliveries.event_file(f"events/eu/play/2026/03/01/01/{name}")
    deliveries.event_file("events/eu/navigation/2026/03/01/01/a")
    assert loaders.run(home / "lake", "land").code == 0
    deliveries.event_file("events/eu/play/2026/03/01/01/a")
    deliveries.event_file("events/eu/voicefeedback/2026/03/01/01/new")
    return home


RUNS = {
    "land": ["land", "--dataset", "voicefeedback"],
    "reland": ["land", "--reland", "events/eu/play/2026/03/01/01/a"],
    "replay": ["quarantine", "replay"],
}


@pytest.mark.parametrize("name", RUNS)
def test_a_disk_that_is_full_at_any_step(name: str, loaders: Loaders, base: Path, tmp_path: Path) -> None:
    arguments, mended = RUNS[name], name == "replay"
    before = content(base / "lake")
    shutil.copytree(base, tmp_path / "straight")
    assert loaders.run(tmp_path / "straight" / "lake", *arguments, mended=mended).code == 0
    after = content(tmp_path / "straight" / "lake")
    failed = 0
    for step in range(1, 200, 2 if name == "land" else 3):
        home = tmp_path / str(step)
        shutil.copytree(base, home)
        lake = home / "lake"
        # The room comes back at once, or not before the run has ended.
        run = loaders.run(lake, *arguments, mended=mended, full=(step, FOR_GOOD if step // 2 % 2 else step))
        if run.code == 0:
            assert content(lake) == after
            if run.steps and step > 20:
                break
            continue
        failed += 1
        assert (run.code, run.text.count("\n")) == (1, 1), run.text
        assert run.text.endswith(f"{FULL}\n") and str(lake) in run.text
        reader = Reader()
        reader.look(lake)
        assert reader.wrong == []
        if len(records(lake)) == 1:
            assert (content(lake), left_over(lake)) == (before, set())
            again = loaders.run(lake, *arguments, mended=mended)
            assert again.code == 0
        else:  # the disk was full when all was done
            assert loaders.run(lake, "land", "--dataset", "shows").code == 0
        assert (content(lake), left_over(lake)) == (after, set())
        shutil.rmtree(home)
    else:
        raise AssertionError("the run never came to its end")
    assert failed >= 7


def test_a_full_disk_in_another_process(loaders: Loaders, base: Path, tmp_path: Path) -> None:
    shutil.copytree(base, tmp_path / "copy")
    lake = tmp_path / "copy" / "lake"
    Deliveries(lake.parent / "inbox", 3).events(7)
    before = content(lake)
    for step in (1, 2, 3):
        run = loaders.run(lake, "land", workers=2, full=(step, FOR_GOOD))
        assert run.code == 1 and run.text.endswith(f"{FULL}\n"), run.text
        assert (content(lake), left_over(lake)) == (before, set())


def test_what_arrow_says_of_a_full_disk_is_understood() -> None:
    words = pytest.raises(EarshotError, match="/dev/full is full; make room")
    # Opened here: where it has failed, write_table removes the path, and root may.
    with words, said("/dev/full"), pa.OSFile("/dev/full", "wb") as file:
        pq.write_table(pa.table({"a": pa.array(range(10**5))}), file)


def test_a_file_that_may_not_become_so_large(base: Path, tmp_path: Path) -> None:
    """A limit of the operating system, which Arrow's writer meets in the middle of a file."""
    shutil.copytree(base, tmp_path / "copy")
    lake = tmp_path / "copy" / "lake"
    before = content(lake)
    Deliveries(lake.parent / "inbox", 3).events(7)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    environment = {**os.environ, "EARSHOT_LAKE": str(lake), "EARSHOT_INBOX": str(lake.parent / "inbox")}
    command = [sys.executable, "-m", "commands", "land"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, preexec_fn=limit)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1), run.stderr
    assert f"{lake}" in run.stderr and "File too large" in run.stderr
    assert (content(lake), left_over(lake)) == (before, set())
