"""One process writes to a lake at a time, and files go only when nobody reads them.

A lake in a folder is locked by the operating system, so that a lock ends with its process, however that ends. In a
bucket a lock is an object that its holder writes anew every few seconds: one that was not, or whose process on this
machine is gone, is dead and is taken away. Who wants the lock writes his object first and looks for others then, so of
two who come at once at least one sees the other.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from loaders.errors import EarshotError
from loaders.store import Bucket, Folder, Store, said

# A holder shows that it lives this often; one that did not for so long is dead. Both by the store's clock.
BEAT_SECONDS, DEAD_SECONDS = 10, 60
_TRIES = 3
_WRITER, _READERS = "lock", "readers"


class Held:
    """A lock that this process has. `check` before what must not be done without it."""

    def check(self) -> None:
        """Raise EarshotError when the lock was lost. One in a folder can't be."""


@contextmanager
def writer_lock(lake: Store) -> Iterator[Held]:
    """Be the lake's only writer while inside; raises EarshotError, with the holder's name, when another process is."""
    if isinstance(lake, Bucket):
        with _leased(lake, _WRITER, alone=True) as lease:
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
        return next(_others(lake, _WRITER, own=None), None)
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
        with _leased(lake, _READERS, alone=False):
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
        yield not any(True for _ in _others(lake, _READERS, own=None))
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
    def __init__(self, lake: Bucket, folder: str) -> None:
        self.lake = lake
        self.path = f"{folder}/{uuid.uuid4().hex}.json"
        self._beaten = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def write(self) -> None:
        holder = {"host": socket.gethostname(), "pid": os.getpid()}
        self.lake.write(self.path, json.dumps(holder).encode() + b"\n")

    def start(self) -> None:
        self._thread.start()

    def _beat(self) -> None:
        while not self._end.wait(BEAT_SECONDS):
            with suppress(EarshotError):
                # One that was taken away must not come back.
                if self.lake.info(self.path) is not None:
                    self.write()
                    self._beaten = time.monotonic()

    def check(self) -> None:
        """Raise EarshotError when another process may have taken the lock over."""
        if time.monotonic() - self._beaten > DEAD_SECONDS / 2 or self.lake.info(self.path) is None:
            raise EarshotError(
                f"This process could not hold the lock of {self.lake.address}, perhaps because it was asleep or could "
                "not reach it; nothing was landed, run it again."
            )

    def release(self) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        self.lake.remove([self.path])


@contextmanager
def _leased(lake: Bucket, folder: str, alone: bool) -> Iterator[_Lease]:
    for attempt in range(1, _TRIES + 1):
        lease = _Lease(lake, folder)
        lease.write()
        other = next(_others(lake, folder, lease.path), None) if alone else None
        if other is None:
            break
        lease.release()
        if attempt == _TRIES:
            raise EarshotError(_taken(lake, other))
        time.sleep(random.uniform(0.1, 1))  # so that two who came at once don't again
    lease.start()
    try:
        yield lease
    finally:
        # Who can't be reached any more can't be told; the lock dies by itself.
        with suppress(EarshotError):
            lease.release()


def _others(lake: Bucket, folder: str, own: str | None) -> Iterator[str]:
    """The living holders but ourselves, as words; objects of dead ones are taken away."""
    entries = lake.files(folder)
    if not entries:
        return
    if own is None:  # nothing of ours tells the store's time
        probe = f"clock/{uuid.uuid4().hex}"
        lake.write(probe, b"")
        entry = lake.info(probe)
        lake.remove([probe])
    else:
        entry = next((entry for entry in entries if entry.path == own), None)
    now = entry.mtime_ns if entry else time.time_ns()
    for path, _, mtime_ns in entries:
        if path == own:
            continue
        try:
            holder = json.loads(lake.read(path))
        except FileNotFoundError:  # released since
            continue
        gone = holder.get("host") == socket.gethostname() and not _alive(holder.get("pid"))
        if gone or now - mtime_ns > DEAD_SECONDS * 10**9:
            lake.remove([path])
        else:
            yield f"pid {holder.get('pid')} on {holder.get('host')}"


def _alive(pid: object) -> bool:
    """Whether a process of this machine lives."""
    try:
        os.kill(int(str(pid)), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
