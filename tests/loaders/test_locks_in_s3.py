"""Of two processes that want to write to a lake in a bucket one gets to, whatever the clocks and the network do."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from loaders import contracts, loads, locks
from loaders.bucket import Bucket, Tagged
from loaders.errors import EarshotError
from loaders.land import land
from loaders.locks import _Lease, no_readers, reader_lock, writer, writer_lock
from tests.loaders.buckets import Rig, content, platform, require_whole, rig
from tests.loaders.faults import Request, no_faults

LAKE = Bucket("bucket", "lake")


@pytest.fixture(scope="module")
def there() -> Iterator[Rig]:
    with rig() as made:
        yield made


@pytest.fixture(autouse=True)
def empty(there: Rig) -> Iterator[None]:
    yield
    there.proxy.plan = no_faults
    there.clear("lake/")


def elsewhere(there: Rig, age: float = 0) -> None:
    """Another host holds the lock, and wrote so a while ago."""
    holder = {"host": "other", "pid": 7, "machine": "another one", "lease": "x"}
    LAKE.write("lock.json", json.dumps(holder).encode())
    if age:
        set_back(there, age)


def set_back(there: Rig, seconds: float) -> None:
    """Let the lock's object have been written so long ago, by the store's clock."""
    key = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object("bucket", "lake/lock.json")
    assert key is not None
    key.last_modified -= timedelta(seconds=seconds)


def test_a_living_holder_is_named_and_a_dead_one_is_followed(there: Rig) -> None:
    elsewhere(there, locks.DEAD_SECONDS - 10)
    assert writer(LAKE) == "pid 7 on other"
    with pytest.raises(EarshotError, match=r"pid 7 on other.*s3://bucket/lake.*again"), writer_lock(LAKE):
        pass
    set_back(there, 20)
    assert writer(LAKE) is None
    with writer_lock(LAKE) as held:
        held.check()
        assert f"pid {os.getpid()}" in str(writer(LAKE))
        with pytest.raises(EarshotError, match=rf"pid {os.getpid()} on"), writer_lock(LAKE):
            pass
    assert writer(LAKE) is None


def test_a_store_that_heeds_no_conditions_is_refused(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(there.proxy, "deaf", True)
    with pytest.raises(EarshotError, match=r"s3://bucket/lake.*can't keep two loaders apart"):
        land("s3://bucket/inbox", "s3://bucket/lake")
    assert there.lake("lake") == {}


HOLD = """
import sys, time
from loaders import locks
from loaders.bucket import Bucket
with locks.writer_lock(Bucket("bucket", "lake")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_process_that_died_here_is_followed_at_once(there: Rig) -> None:
    environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT)}
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True, env=environment)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(EarshotError, match=rf"pid {holder.pid} on"), writer_lock(LAKE):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with writer_lock(LAKE):
        pass


ASK = """
import sys, time
real = time.time
time.time = lambda: real() + float(sys.argv[1]) * 3600
from loaders import locks
from loaders.bucket import Bucket
print(locks.writer(Bucket("bucket", "lake")))
"""


def test_a_clock_that_is_wrong_here_does_not_matter(there: Rig) -> None:
    environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT)}

    def ask(hours: str) -> str:
        run = [sys.executable, "-c", ASK, hours]
        return subprocess.run(run, stdout=subprocess.PIPE, text=True, env=environment).stdout.strip()

    elsewhere(there)
    assert [ask("-5"), ask("5")] == ["pid 7 on other"] * 2
    set_back(there, 61)
    assert ask("-5") == "None"


def test_a_holder_that_slept_notices(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """His lock was taken over: his heart can't bring it back, and he is told before he changes anything."""
    with writer_lock(LAKE) as sleeper:
        assert isinstance(sleeper, _Lease)
        set_back(there, 61)
        monkeypatch.setattr(locks, "_machine", lambda: "another machine")
        with writer_lock(LAKE) as follower:
            sleeper._renew()
            with pytest.raises(EarshotError, match="could not hold the lock"):
                sleeper.check()
            follower.check()
            assert isinstance(follower, _Lease)
            follower._renew()
            follower.check()
        # Nor does he free what is not his.
        elsewhere(there)
    assert writer(LAKE) == "pid 7 on other"


def test_the_heart_beats_on_and_survives_lost_answers(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(locks, "DEAD_SECONDS", 20)
    lost: list[Request] = []

    def plan(request: Request) -> str | None:
        if request.kind == "write lock" and len(lost) < 12:
            lost.append(request)
            return "lost" if len(lost) % 2 else "503"
        return None

    with writer_lock(LAKE) as held:
        assert isinstance(held, _Lease)
        there.proxy.plan = plan
        until = time.monotonic() + 3
        busy = 0
        while time.monotonic() < until or len(lost) < 12:
            busy += sum(range(10_000))  # the process does what landing does: compute
        there.proxy.plan = no_faults
        before = held._beaten
        until = time.monotonic() + 10
        while held._beaten == before and time.monotonic() < until:
            busy += sum(range(10_000))
        assert busy and held._beaten > before
        held.check()


def test_a_holder_without_a_store_knows_when_his_time_is_over(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(locks, "_now", lambda: clock[0])
    with writer_lock(LAKE) as held:
        there.proxy.plan = lambda request: "503"
        clock[0] += 20
        held.check()
        clock[0] += 20
        with pytest.raises(EarshotError, match="could not hold the lock"):
            held.check()
        there.proxy.plan = no_faults
        held.check()


class Slow:
    """A store in memory that takes its time over every request, before and after it does it."""

    bucket, prefix, address = "fake", "", "s3://fake"

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._guard = threading.Lock()
        self.clock = 0.0
        self.history: list[tuple[bytes, float]] = []  # what the lock's object held, and since when

    def _wait(self) -> None:
        time.sleep(self._chance.random() * 0.002)

    def tagged(self, path: str) -> Tagged | None:
        self._wait()
        with self._guard:
            answer = None
            if self.history:
                content, since = self.history[-1]
                answer = Tagged(content, str(hash(content)), self.clock - since)
        self._wait()
        return answer

    def swap(self, path: str, content: bytes, tag: str | None, brisk: bool = False) -> str | None:
        self._wait()
        with self._guard:
            answer = None
            if tag == (str(hash(self.history[-1][0])) if self.history else None):
                self.history.append((content, self.clock))
                answer = str(hash(content))
        self._wait()
        return answer

    def pass_time(self, seconds: float) -> None:
        with self._guard:
            self.clock += seconds


@pytest.mark.parametrize("seed", range(4))
def test_a_lock_goes_from_one_to_the_next_and_never_back(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six want it again and again, and time makes leaps: beats, checks and takeovers cross each other in any way."""
    store = Slow(seed)
    believed: list[tuple[int, str]] = []

    def want(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        for _ in range(25):
            try:
                lease = locks._taken_over(store, "lock.json")  # type: ignore[arg-type] # as much of a bucket as it takes
            except EarshotError:
                store.pass_time(chance.choice([0, 5, 61]))
                continue
            for _ in range(chance.randrange(4)):
                before = len(store.history)
                try:
                    lease.check(surely=True)
                except EarshotError:
                    break
                believed.append((before, lease.name))
                store.pass_time(chance.choice([0, 5, 30, 61]))
            if chance.random() < 0.7:
                store.swap("lock.json", locks._FREE, lease._tag)

    monkeypatch.setattr(locks, "_now", lambda: 0.0)  # clocks here stand still and warn of nothing
    threads = [threading.Thread(target=want, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    turns = [json.loads(content).get("lease", "free") for content, _ in store.history]
    holders = [name for at, name in enumerate(turns) if name != "free" and (at == 0 or turns[at - 1] != name)]
    assert len(holders) == len(set(holders)) > 6
    times = [since for _, since in store.history]
    follows = [at for at, (one, two) in enumerate(pairwise(turns)) if one != two and "free" not in (one, two)]
    leaps = [times[at + 1] - times[at] for at in follows]
    assert leaps and min(leaps) > locks.DEAD_SECONDS
    # Who was told that he has it had it at a moment after he asked.
    assert all(name in turns[before:] for before, name in believed)


LAND = """
import sys
from loaders.errors import EarshotError
from loaders.land import land
try:
    print(land("s3://bucket/inbox", "s3://bucket/lake", workers=1).load_id)
except EarshotError as error:
    print(error)
"""


def test_loaders_at_once_land_everything_once(there: Rig, tmp_path: Path) -> None:
    files = platform(tmp_path)
    there.fill("inbox", files)
    environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT)}
    started = [
        subprocess.Popen([sys.executable, "-c", LAND], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    told = [process.communicate()[0].strip() for process in started]
    landed = [line for line in told if line.endswith("Z")]
    assert len(landed) == 1, told
    assert all(line == "None" or "is writing to the lake" in line for line in told if line not in landed)
    held = there.lake("lake")
    require_whole(held)
    land("s3://bucket/inbox", "s3://bucket/straight", workers=1)
    assert content(held) == content(there.lake("straight"))


@pytest.mark.parametrize("kind", ["write intent", "write data", "write record"])
def test_one_that_slept_while_another_landed_commits_nothing(kind: str, there: Rig, tmp_path: Path) -> None:
    """It stops, its clock too, with a request under way that then still arrives: the worst moment there is."""
    there.fill("inbox", platform(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT), "EARSHOT_S3_ENDPOINT": there.server.endpoint}
    # The other is on another machine: it does not see that this process lives, and works elsewhere.
    strange = "from loaders import locks; locks._machine = lambda: 'other'; import tempfile; tempfile.tempdir = '.'\n"
    other: list[str] = []

    def follow() -> None:
        set_back(there, 61)
        run = [sys.executable, "-c", strange + LAND]
        other.append(subprocess.run(run, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path).stdout)

    def plan(request: Request) -> str | None:
        if request.kind == kind and not other:
            other.append("")
            thread = threading.Thread(target=follow)
            thread.start()
            thread.join()
        return None

    there.proxy.plan = plan
    with pytest.raises(EarshotError, match=r"took this one for dead|could not hold the lock"):
        land("s3://bucket/inbox", "s3://bucket/lake", workers=1)
    there.proxy.plan = no_faults
    assert other[1].strip().endswith("Z"), other
    held = there.lake("lake")
    land("s3://bucket/inbox", "s3://bucket/straight", workers=1)
    assert content(held) == content(there.lake("straight"))
    require_whole(held)
    assert len(loads.ids(LAKE)) == 1


def test_readers_keep_files(there: Rig) -> None:
    with no_readers(LAKE) as alone:
        assert alone
    with reader_lock(LAKE), reader_lock(LAKE), no_readers(LAKE) as alone:
        assert not alone
    with no_readers(LAKE) as alone:
        assert alone
    dead = {"host": "h", "pid": 2**22 + 1, "machine": locks._machine(), "lease": "x"}
    LAKE.write("readers/dead.json", json.dumps(dead).encode())
    with no_readers(LAKE) as alone:
        assert alone
    assert LAKE.files("readers") == []


@pytest.mark.parametrize("reader", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_a_load_that_is_committed_while_another_begins_to_undo_it(
    begun: bool, reader: bool, there: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record arrives between the other's look into `loads/` and his record of nothing: the load is there."""
    there.fill("inbox", platform(tmp_path))
    land("s3://bucket/inbox", "s3://bucket/lake", workers=1)
    held = there.lake("lake")
    [(record, text)] = [(path, text) for path, text in held.items() if path.startswith("loads/2")]
    adds = [path for path in held if path.endswith(".parquet")]
    intent = {"adds": adds, "removes": adds if begun else []}
    LAKE.write(record.replace(".json", ".intent"), json.dumps(intent).encode())
    LAKE.remove([record, *[path for path in held if path.startswith("loads/files/")]])
    original = Bucket.create

    def late(store: Bucket, path: str, content: bytes) -> bool:
        monkeypatch.setattr(Bucket, "create", original)
        assert original(store, record, text)
        return original(store, path, content)

    monkeypatch.setattr(Bucket, "create", late)
    with writer_lock(LAKE):
        if reader:
            with reader_lock(LAKE):
                loads.recover(LAKE)
        else:
            loads.recover(LAKE)
    monkeypatch.setattr(Bucket, "create", original)
    assert loads.retired(LAKE, loads.ids(LAKE)) == set()
    assert land("s3://bucket/inbox", "s3://bucket/lake", workers=1).load_id is None
    now = there.lake("lake")
    assert content(now) == content(held)
    require_whole(now)


def lost_from(first: int, request: Request) -> str | None:
    return "lost" if request.kind == "write lock" and request.nth >= first else None


def test_a_lock_that_was_taken_but_not_told_of_is_nobodys(there: Rig) -> None:
    for first in (0, 1):
        there.proxy.forget()
        there.proxy.plan = partial(lost_from, first)
        with pytest.raises(EarshotError, match="gives no answer"), writer_lock(LAKE):
            pass
        there.proxy.plan = no_faults
        assert LAKE.tagged("lock.json") is not None
        with writer_lock(LAKE):
            pass
        there.clear("lake/")
