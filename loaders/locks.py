"""One process writes to a lake at a time, and files go only when nobody reads them.

A lake in a folder is locked by the operating system, so that a lock ends with its process, however that ends. In a
bucket a lock is an object that its holder writes anew every few seconds: one that was not, or whose process on this
machine is gone, is dead. Each of these writes is made on the condition that the object is still the version that was
seen, which the store decides: so of two who want a lock one gets it, and a holder that was taken for dead can't come
back. What he may still do then is made harmless elsewhere: a load is committed on a condition, too (`loads.recover`).
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

from loaders.bucket import Bucket, Tagged
from loaders.errors import EarshotError
from loaders.store import Folder, Store, said

# A holder shows that it lives this often; one that did not for so long is dead. By the store's clock.
BEAT_SECONDS, DEAD_SECONDS = 10, 60
_TRIES = 5
_WRITER, _READERS = "lock.json", "readers"
# What the writer lock holds when nobody has it: it is not deleted, because not every store deletes on a condition.
_FREE = b"{}\n"
# The leases that this process has.
_ours: set[str] = set()


class Held:
    """A lock that this process has. `check` before what must not be done without it."""

    def check(self, surely: bool = False) -> None:
        """Raise EarshotError when the lock was lost. One in a folder can't be.

        `surely` asks the store, whatever this machine's clock says: a virtual machine can be stopped without noticing.
        """


@contextmanager
def writer_lock(lake: Store) -> Iterator[Held]:
    """Be the lake's only writer while inside; raises EarshotError, with the holder's name, when another process is."""
    if isinstance(lake, Bucket):
        with _leased(lake, _WRITER) as lease:
            yield lease
        return
    assert isinstance(lake, Folder), "a store is a folder or a bucket"
    handle = _opened(lake, ".lock")
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
            raise EarshotError(_taken(lake, f"pid {holder}" if holder else "not known")) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield Held()
    finally:
        os.close(handle)


def writer(lake: Store) -> str | None:
    """Who holds the writer lock, in words; None when nobody does. It does not stand in the way of one who wants it."""
    if isinstance(lake, Bucket):
        found = lake.tagged(_WRITER)
        return _living(found) if found is not None else None
    assert isinstance(lake, Folder), "a store is a folder or a bucket"
    # Tried for an instant, and only where the one who was last named still lives.
    try:
        pid = int((lake.root / ".lock").read_text())
        handle = os.open(lake.root / ".lock", os.O_RDONLY) if _alive(pid) else None
    except (OSError, ValueError):
        return None
    if handle is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return f"process {pid}"
    finally:
        os.close(handle)
    return None


@contextmanager
def reader_lock(lake: Store) -> Iterator[None]:
    """While inside, no file of a committed load goes: a load that replaces files leaves the old ones for later."""
    if isinstance(lake, Bucket):
        with _leased(lake, f"{_READERS}/{uuid.uuid4().hex}.json"):
            yield
        return
    assert isinstance(lake, Folder), "a store is a folder or a bucket"
    try:  # one who reads may not be allowed to write
        handle = os.open(lake.root / ".readers", os.O_RDONLY)
    except OSError:
        handle = _opened(lake, ".readers")
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


@contextmanager
def no_readers(lake: Store) -> Iterator[bool]:
    """Whether nobody reads; a reader that comes meanwhile waits, or (in a bucket) sees what is about to go."""
    if isinstance(lake, Bucket):
        yield not _read_in(lake)
        return
    assert isinstance(lake, Folder), "a store is a folder or a bucket"
    handle = _opened(lake, ".readers")
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _opened(lake: Folder, name: str) -> int:
    with said(lake.root / name):
        return os.open(lake.root / name, os.O_RDWR | os.O_CREAT, 0o644)


def _taken(lake: Store, holder: str) -> str:
    return f"Another process ({holder}) is writing to the lake {lake.address}; run this again when it is done."


class _Lease(Held):
    def __init__(self, lake: Bucket, path: str) -> None:
        self.lake, self.path, self.name = lake, path, uuid.uuid4().hex
        self._beats = 0
        self._tag: str | None = None
        self._beaten = -float(DEAD_SECONDS)
        self._lost = False
        self._writing = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _content(self) -> bytes:
        """Another one with each beat, so that no two versions of the object are alike."""
        self._beats += 1
        holder = {"host": socket.gethostname(), "pid": os.getpid(), "machine": _machine(), "lease": self.name}
        return json.dumps(holder | {"beat": self._beats}).encode() + b"\n"

    def take(self, tag: str | None) -> bool:
        """Have the lock, if its object is still of that version (None: not there)."""
        started = _now()
        _ours.add(self.name)
        try:
            self._tag = self.lake.swap(self.path, self._content(), tag)
        finally:
            if self._tag is None:
                _ours.discard(self.name)
        self._beaten = started
        return self._tag is not None

    def start(self) -> None:
        self._thread.start()

    def _beat(self) -> None:
        while not self._end.wait(BEAT_SECONDS) and not self._lost:
            with suppress(EarshotError):  # the next one may get through
                self._renew()

    def _renew(self) -> None:
        with self._writing:
            started = _now()
            tag = self._swap(self._content())
            if tag is None:
                self._lost = True
            else:
                self._tag, self._beaten = tag, started

    def _swap(self, content: bytes) -> str | None:
        tag = self.lake.swap(self.path, content, self._tag, brisk=True)
        if tag is None:
            # A beat of before may have got through, though its answer did not.
            found = self.lake.tagged(self.path)
            if found is not None and self.name.encode() in found.content:
                tag = self.lake.swap(self.path, content, found.tag, brisk=True)
        return tag

    def check(self, surely: bool = False) -> None:
        if not self._lost and (surely or _now() - self._beaten > DEAD_SECONDS / 2):
            try:
                self._renew()
            except EarshotError:
                self._fail()
        if self._lost:
            self._fail()

    def _fail(self) -> NoReturn:
        raise EarshotError(
            f"This process could not hold the lock of {self.lake.address}, perhaps because it was asleep or could not "
            "reach it; nothing was landed, run it again."
        ) from None

    def release(self) -> None:
        self._end.set()
        self._thread.join()
        _ours.discard(self.name)
        if self.path == _WRITER:
            self._swap(_FREE)
        else:
            self.lake.remove([self.path])


@contextmanager
def _leased(lake: Bucket, path: str) -> Iterator[_Lease]:
    lease = _taken_over(lake, path)
    lease.start()
    try:
        yield lease
    finally:
        # Who can't be reached any more can't be told; the lock dies by itself.
        with suppress(EarshotError):
            lease.release()


def _taken_over(lake: Bucket, path: str) -> _Lease:
    """The lock at a path, from nobody or from a dead holder; raises EarshotError when a living one has it."""
    for _ in range(_TRIES):
        found = lake.tagged(path)
        holder = _living(found) if found is not None else None
        if holder is not None:
            raise EarshotError(_taken(lake, holder))
        lease = _Lease(lake, path)
        if lease.take(found.tag if found is not None else None):
            if found is None and path == _WRITER:
                try:
                    _require_conditions(lake)
                except BaseException:
                    _ours.discard(lease.name)
                    raise
            return lease
    raise EarshotError(_taken(lake, "not known"))


def _require_conditions(lake: Bucket) -> None:
    """Raise EarshotError when the store of a new lake writes over the lock that was just taken."""
    if lake.swap(_WRITER, _FREE, None) is not None:
        lake.remove([_WRITER])
        words = f"The store of {lake.address} writes whatever the condition (If-None-Match)"
        raise EarshotError(f"{words}, so it can't keep two loaders apart; use one that heeds it.")


def _living(found: Tagged) -> str | None:
    """The holder that a lock's object tells of, in words; None when it is free or he is dead."""
    if found.content == _FREE or found.seconds > DEAD_SECONDS:
        return None
    try:
        holder = json.loads(found.content)
        words, here = f"pid {holder['pid']} on {holder['host']}", holder["machine"] == _machine()
        # One of this process that it does not know of was taken, but it was not told so.
        gone = holder["lease"] not in _ours if holder["pid"] == os.getpid() else not _alive(holder["pid"])
    except (ValueError, TypeError, KeyError):
        return "not known"
    return None if here and gone else words


def _read_in(lake: Bucket) -> bool:
    """Whether somebody reads; what dead readers left is taken away."""
    for path, _, _ in lake.files(_READERS):
        found = lake.tagged(path)
        if found is not None and _living(found) is not None:
            return True
        lake.remove([path])
    return False


@cache
def _machine() -> str:
    """What those processes share whose ids mean something here: this boot of this machine, and of it this container."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{socket.gethostname()} {uuid.getnode()}"


def _now() -> float:
    """Seconds on a clock that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _alive(pid: object) -> bool:
    """Whether a process of this machine lives."""
    try:
        os.kill(int(str(pid)), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
