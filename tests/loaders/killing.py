"""A process that has imported everything and forks loaders, which die by SIGKILL where a test wants them to.

Killing a fresh Python at a random time would hit its start-up nearly always. Here each run is forked when it is about
to work, and counts what it does with files (through an audit hook): at the n-th step it kills itself. Run as a script
this is that process; a test talks to it through `Loaders`.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import connection, get_context
from pathlib import Path
from typing import Any

from loaders import contracts

ROOT = Path(__file__).resolve().parents[2]
STEPS = {
    "open",
    "open to read",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.truncate",
    "fcntl.flock",
    "shutil.rmtree",
}
# What a full disk allows.
FREEING = {"open to read", "os.remove", "os.rmdir", "os.truncate", "fcntl.flock", "shutil.rmtree"}
# The values that the mended contracts know in addition.
MENDED = {"play": ("action", "seek"), "users": ("status", "seek")}


@dataclass(frozen=True)
class Outcome:
    """How a run ended: exit code (negative: the signal), what it printed, how long it took.

    Of one that came to its end: how many steps it made, and which of them was its commit. `lingered` is for how many
    seconds some process of it lived after it had ended.
    """

    code: int
    text: str
    steps: int
    commit: int
    seconds: float
    lingered: float

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Loaders:
    """The process as tests see it."""

    def __enter__(self) -> Loaders:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.close()
        self._process.wait(60)

    def run(
        self,
        lake: Path,
        *arguments: str,
        at_step: int | None = None,
        after: float | None = None,
        worker_at: int | None = None,
        workers: int = 1,
        mended: bool = False,
        job_bytes: int = 600,
        mid_message: bool = False,
        full: tuple[int, int] = (0, 0),
        rootless: bool = False,
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """Run `earshot ARGUMENTS` on a lake beside its inbox.

        It is killed at its n-th step, or after so many seconds; a worker process of it at the worker's n-th step, or in
        the middle of the first message that is written in two. Or the disk is `full` from the n-th step that needs room
        to another. `rootless`: without the rights of root.
        """
        order = {
            "lake": str(lake),
            "arguments": arguments,
            "at_step": at_step,
            "after": after,
            "worker_at": worker_at,
            "workers": workers,
            "mended": mended,
            "mid_message": mid_message,
            "job_bytes": job_bytes,
            "full": full,
            "rootless": rootless,
            "environment": environment or {},
        }
        assert self._process.stdin is not None and self._process.stdout is not None, "they are pipes"
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))


def _serve() -> None:
    from typer.testing import CliRunner

    from commands.__main__ import app
    from loaders import replay  # noqa: F401

    # Whatever is imported late is imported once, for all runs.
    assert CliRunner().invoke(app, ["land", "--dataset", "none"]).exit_code == 1
    datetime.strptime("2026", "%Y")
    datasets = contracts.read()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        ended, end = os.pipe()  # whoever lives keeps the other side open
        log = Path(f"{order['lake']}.log")
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.close(ended)
            _run(order, dict(datasets), end, log)
        os.close(end)
        if order["after"] is not None:
            time.sleep(order["after"])
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        gone = time.perf_counter()
        told = b""
        # A process of the run that never ends must not hang the tests.
        while select.select([ended], [], [], 20)[0] and (more := os.read(ended, 1024)):
            told += more
        os.close(ended)
        lingered = time.perf_counter() - gone
        steps, commit = json.loads(told) if told else (0, 0)
        outcome = Outcome(code, log.read_text(), steps, commit, gone - began, lingered)
        print(json.dumps(vars(outcome)), flush=True)


def _run(order: dict[str, Any], datasets: dict[str, contracts.Dataset], end: int, log: Path) -> None:
    """Be the loader; never returns."""
    from commands.__main__ import main
    from loaders import land, loads

    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if order["mended"]:
        for name, (field, value) in MENDED.items():
            columns = datasets[name].columns
            mended = tuple(replace(c, enum=(*(c.enum or ()), value)) if c.name == field else c for c in columns)
            datasets[name] = replace(datasets[name], columns=mended)
    contracts.read = lambda folder=Path(): datasets
    loads.INDEX_EVERY = 2
    if order["workers"] > 1:
        land.PARALLEL_BYTES, land.JOB_BYTES = 0, order["job_bytes"]
        os.sched_getaffinity = lambda _: set(range(order["workers"]))
        # Forked, for the tests' sake: processes that start anew would spend the time importing. As those do, they
        # have no handler of SIGTERM from the beginning.
        signal.default_int_handler = signal.SIG_DFL  # type: ignore[assignment]
        land._pool = lambda workers: ProcessPoolExecutor(
            workers, mp_context=get_context("fork"), initializer=land._end_with_parent
        )
    if order["mid_message"]:
        _die_mid_message(os.getpid())
    os.environ["EARSHOT_LAKE"] = order["lake"]
    os.environ["EARSHOT_INBOX"] = str(Path(order["lake"]).parent / "inbox")
    os.environ.update(order["environment"])
    if order["rootless"] and os.getuid() == 0:  # who reads and writes everything
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    sys.argv = ["earshot", *order["arguments"]]
    steps = _count_steps(order)
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    sys.stdout.flush()
    os.write(end, json.dumps([len(steps), steps.index("commit") + 1 if "commit" in steps else 0]).encode())
    os._exit(code)


def _die_mid_message(loader: int) -> None:
    send: Any = connection.Connection._send  # type: ignore[attr-defined]
    sent: list[tuple[int, int]] = []  # by which process, how many bytes

    def watched(self: Any, buffer: bytes) -> None:
        # The length of a long message goes before it.
        me = os.getpid()
        if me != loader and sent[-1:] == [(me, 4)]:
            os.kill(me, signal.SIGKILL)
        sent.append((me, len(buffer)))
        send(self, buffer)

    connection.Connection._send = watched  # type: ignore[attr-defined]


def _count_steps(order: dict[str, Any]) -> list[str]:
    """Note what this process and its workers do with files from now on, and kill the one that reaches its number."""
    steps: dict[int, list[str]] = {}
    loader = os.getpid()
    models = str(ROOT / "models")

    def step(name: str) -> None:
        me = os.getpid()
        mine = steps.setdefault(me, [])
        mine.append(name)
        filling = sum(step not in FREEING for step in mine)
        first, last = order["full"]
        if name not in FREEING and first <= filling <= last:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if len(mine) == order["at_step" if me == loader else "worker_at"]:
            os.kill(me, signal.SIGKILL)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            event = "open to read"
        if event in STEPS and not str(arguments[0]).startswith(models):
            commits = event == "os.rename" and re.search(r"/loads/[^/]*\.json$", str(arguments[1]))
            step("commit" if commits else event)

    os.fsync = lambda fd: step("fsync")  # a file outlives its process without
    sys.addaudithook(hear)
    return steps.setdefault(loader, [])


if __name__ == "__main__":
    _serve()
