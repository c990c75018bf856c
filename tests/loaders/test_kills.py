"""Loaders that are killed at any step and started again lose nothing and land nothing twice, as every reader sees."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread

import pytest

from tests.loaders.deliveries import Deliveries
from tests.loaders.killing import Loaders, Outcome
from tests.loaders.lake_state import Reader, content, left_over, phase, records

HISTORIES = 5
KILLS_A_STAGE, EARLY = 7, 5  # kills, and how many of them come before the load's commit
# A run that finds nothing new takes about so many steps.
STEPS_OF_NOTHING = 15


@pytest.fixture(scope="module")
def loaders() -> Iterator[Loaders]:
    with Loaders() as loaders:
        yield loaders


class Stage:
    """One delivery, and the command that lands it."""

    def __init__(self, deliver: Callable[[], str | None], *arguments: str, workers: int = 1) -> None:
        self.deliver, self.arguments, self.workers = deliver, arguments, workers

    def run(self, loaders: Loaders, lake: Path, arguments: list[str], **kill: float | int | None) -> Outcome:
        mended = self.arguments[0] == "quarantine"
        return loaders.run(lake, *arguments, workers=self.workers, mended=mended, **kill)  # type: ignore[arg-type]


def history(home: Path, seed: int) -> list[Stage]:
    """What happens to one lake: deliveries, one of them landed by two processes, files landed again, a replay."""
    some = Deliveries(home / "inbox", seed)
    changed: list[str] = []

    def first() -> None:
        changed.append(some.events(3)[Random(seed).randrange(6)])
        some.catalog(3)
        some.native(1)
        changed.append(some.pipeline(1))

    def more() -> None:
        some.events(4, zipped=True)
        some.native(2)
        some.pipeline(2)

    def event_file_changes() -> str:
        some.event_file(changed[0])
        return changed[0]

    def dump_changes() -> str:
        return some.pipeline(1)

    def last() -> None:
        some.events(5)
        some.catalog(5)

    return [
        Stage(first, "land", workers=1 + seed % 2),
        Stage(more, "land", workers=2 - seed % 2),
        Stage(event_file_changes, "land", "--reland"),
        Stage(lambda: None, "quarantine", "replay"),
        Stage(dump_changes, "land", "--reland"),
        Stage(last, "land"),
    ]


class Watch:
    """A reader that looks at one lake after the other in a thread of its own, all the time."""

    def __init__(self) -> None:
        self.reader, self.lake, self.lock = Reader(), Path("none"), Lock()

    @contextmanager
    def looking(self) -> Iterator[None]:
        end = Event()

        def loop() -> None:
            while not end.is_set():
                try:
                    self.look(0.02)
                except Exception as error:
                    self.reader.wrong.append(repr(error))
                time.sleep(0.03)

        thread = Thread(target=loop)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def look(self, seconds: float = 0) -> None:
        with self.lock:
            self.reader.look(self.lake, seconds)


def test_whatever_a_loader_dies_of_nothing_is_lost_and_nothing_is_twice(loaders: Loaders, tmp_path: Path) -> None:
    kills: Counter[str] = Counter()
    watch = Watch()
    with watch.looking():
        for seed in range(HISTORIES):
            straight = tmp_path / f"straight-{seed}" / "lake"
            watch.lake = killed = tmp_path / f"killed-{seed}" / "lake"
            chance = Random(seed)
            undisturbed = history(straight.parent, seed)
            for model, stage in zip(undisturbed, history(killed.parent, seed), strict=True):
                arguments = [*model.arguments, *filter(None, [model.deliver()])]
                assert arguments[2:] == [*filter(None, [stage.deliver()])]
                done = model.run(loaders, straight, arguments)
                assert done.code == 0, done.text
                interrupted(loaders, killed, stage, arguments, done, chance, kills, watch)
                with watch.lock:  # whoever reads keeps what is replaced; so nobody does
                    tidied = loaders.run(killed, "land")
                assert (tidied.code, tidied.text) == (0, "nothing new\n")
                assert left_over(killed) == set()
                assert content(killed) == content(straight)
    assert watch.reader.wrong == []
    print(f"\n{kills.total()} kills: {dict(kills)}; {watch.reader.looks} looks, {len(watch.reader.states)} states")
    assert kills.total() >= 200
    assert min(kills.values()) >= 30 and len(kills) == 3
    assert len(watch.reader.states) >= HISTORIES * 4


def interrupted(
    loaders: Loaders,
    lake: Path,
    stage: Stage,
    arguments: list[str],
    undisturbed: Outcome,
    chance: Random,
    kills: Counter[str],
    watch: Watch,
) -> None:
    """Run a stage until it is through, killed at some step or time again and again."""
    before = len(records(lake))
    committed, died = False, 0
    while died < KILLS_A_STAGE:
        # What was landed again is not landed again once more: that would be another load.
        order = ["land"] if committed else arguments
        if chance.random() < 0.15:
            run = stage.run(loaders, lake, order, after=chance.uniform(0, undisturbed.seconds))
        else:
            early, steps = (1, undisturbed.commit), (undisturbed.commit + 1, undisturbed.steps)
            bounds = (1, STEPS_OF_NOTHING) if committed else early if died < EARLY else steps
            run = stage.run(loaders, lake, order, at_step=chance.randint(*bounds))
        assert run.killed or run.code == 0, run.text
        assert run.lingered < 5, "its workers went on without it"
        watch.look()
        if run.killed:
            died += 1
            kills[phase(lake, before)] += 1
        committed = len(records(lake)) > before
        assert len(records(lake)) <= before + 1
    if not committed:
        run = stage.run(loaders, lake, arguments)
        assert run.code == 0, run.text


def test_a_worker_that_dies_ends_the_run_and_leaves_nothing(loaders: Loaders, tmp_path: Path) -> None:
    deliveries = Deliveries(tmp_path / "inbox", 1)
    lake = tmp_path / "lake"
    deliveries.events(1)
    assert loaders.run(lake, "land", workers=2).code == 0
    before = content(lake)
    deliveries.events(2)
    deliveries.native(2)
    outcomes = []
    for step in range(1, 200, 4):
        run = loaders.run(lake, "land", workers=2, worker_at=step)
        outcomes.append(run.code)
        assert run.lingered < 5
        if run.code == 0:
            break
        assert (run.code, run.text.count("\n")) == (1, 1), run.text
        assert "A process that was landing files died" in run.text
        assert (content(lake), left_over(lake)) == (before, set())
    assert len(outcomes) > 5 and outcomes[-1] == 0, "the run with a worker that did not die landed"
    assert len(records(lake)) == 2
    assert left_over(lake) == set()


def test_a_worker_that_dies_while_it_tells_its_result_is_noticed(loaders: Loaders, tmp_path: Path) -> None:
    deliveries = Deliveries(tmp_path / "inbox", 1)
    for number in range(120):  # so many that telling of them takes a long message
        deliveries.event_file(f"events/eu/navigation/2026/03/01/01/{number}")
        deliveries.event_file(f"events/eu/play/2026/03/01/01/{number}")
    run = loaders.run(tmp_path / "lake", "land", workers=2, mid_message=True, job_bytes=10**6)
    assert run.code == 0, run.text


def test_the_workers_of_a_killed_loader_end_with_it(loaders: Loaders, tmp_path: Path) -> None:
    deliveries = Deliveries(tmp_path / "inbox", 2)
    lake = tmp_path / "lake"
    for hour in range(12):
        deliveries.events(hour)
    for at in range(8):
        run = loaders.run(lake, "land", workers=2, after=0.02 + 0.02 * at)
        assert run.lingered < 2
        if not run.killed:
            break
        again = loaders.run(lake, "land", "--dataset", "shows")  # the lock is free, and this tidies up
        assert (again.code, again.text) == (0, "nothing new\n")
        assert left_over(lake) == set()
