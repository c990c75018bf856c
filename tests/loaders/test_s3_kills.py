"""A loader that is killed at any request to its store leaves what it found, or a whole load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from loaders import contracts
from loaders.land import land
from tests.loaders.buckets import MORE, Rig, content, platform, require_whole, rig, seen
from tests.loaders.faults import Request, no_faults
from tests.loaders.support import play

KILLS = 6 * MORE

# Forks a process for each line it reads, so that not each of them starts anew.
LOADER = """
import json, os, sys
import boto3, pyarrow
from boto3.s3 import transfer
from loaders.land import land
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        land(workers=1, **json.loads(line))
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("ended", flush=True)
"""


class Loader:
    """Lands in a process of its own."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(contracts.ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOADER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def start(self, **options: str) -> int:
        self._to.write(json.dumps(options) + "\n")
        self._to.flush()
        return int(self._from.readline())

    def wait(self) -> None:
        assert self._from.readline() == "ended\n"

    def close(self) -> None:
        self._to.close()
        self._process.wait()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig() as made:
        files = platform(tmp_path_factory.mktemp("platform"))
        made.fill(
            "inbox", {path: text for path, text in files.items() if "part 1" not in path and "part 2" not in path}
        )
        yield made


@pytest.fixture(scope="module")
def loader(there: Rig) -> Iterator[Loader]:
    made = Loader()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["first", "reland"])
def test_killed_at_a_request(kind: str, there: Rig, loader: Loader) -> None:
    """`first`: into an empty lake; `reland`: a load that takes rows and files of another away."""
    changed = "events/eu/play/2026/03/01/03/part 0+100%=ü.json"
    old = there.server.client.get_object(Bucket="bucket", Key=f"inbox/{changed}")["Body"].read()
    new = b"".join(json.dumps(play(eventid=f"new{n}")).encode() + b"\n" for n in range(2))
    before: object = {}

    def prepare(lake: str) -> dict[str, str]:
        nonlocal before
        places = {"inbox_address": "s3://bucket/inbox", "lake_address": f"s3://bucket/{lake}"}
        if kind == "first":
            return places
        there.fill("inbox", {changed: old})
        land(places["inbox_address"], places["lake_address"], workers=1)
        before = content(there.lake(lake))
        there.fill("inbox", {changed: new})
        return {**places, "again": changed}

    there.proxy.forget()
    options = prepare("straight")
    there.proxy.forget()
    land(options["inbox_address"], options["lake_address"], workers=1, again=options.get("again"))
    requests = len(there.proxy.seen)
    straight = content(there.lake("straight"))
    require_whole(there.lake("straight"))
    there.clear("straight/")

    outcomes = []
    # Evenly over all of its requests, and at the last ones, which come after the commit.
    steps = sorted({*(1 + at * requests // KILLS for at in range(KILLS)), requests - 1, requests})
    for step in steps:
        options = prepare("lake")
        count = 0
        victim = [0]

        def plan(request: Request, step: int = step, victim: list[int] = victim) -> str | None:
            nonlocal count
            count += 1
            if count == step:
                os.kill(victim[0], signal.SIGKILL)
                return None if step % 2 else "cut"
            return None

        there.proxy.settle()
        there.proxy.plan = plan
        victim[0] = loader.start(**options)
        loader.wait()
        there.proxy.settle()
        there.proxy.plan = no_faults
        assert seen(there.lake("lake")) in (before, straight)
        outcomes.append(seen(there.lake("lake")) == straight)
        again = options.get("again") if not outcomes[-1] else None
        land(options["inbox_address"], options["lake_address"], workers=1, again=again)
        held = there.lake("lake")
        assert content(held) == straight
        require_whole(held)
        there.clear("lake/")
    assert outcomes.count(False) > 2 and outcomes.count(True) > 0
    there.fill("inbox", {changed: old})
