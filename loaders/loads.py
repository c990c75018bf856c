"""Loads: one run of `earshot land` that found something, committed by one file, undone when it never got that far.

The order on disk: data files are written below `tmp/`; `loads/<load_id>.intent` names the places they will take; they
are renamed there; `loads/<load_id>.json` appears, which is the commit; the intent goes. Whoever comes next undoes a
load that has an intent and no commit. Files that a load takes away go after its commit, before its intent.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from loaders.errors import EarshotError
from loaders.lake import replace_file, sync_folder

_ID = "%Y%m%dT%H%M%S.%fZ"


class SourceFile(msgspec.Struct, omit_defaults=True):
    """One landed source file: what it is recognised by, and what became of its records."""

    dataset: str
    source_path: str  # below the inbox
    bytes: int
    mtime_ns: int
    checksum: str  # SHA-256 of the file as it lay in the inbox
    records_read: int
    records_landed: int
    records_quarantined: int
    records_duplicate_in_file: int
    seconds: float
    snapshot_id: str | None = None
    snapshot_at: str | None = None  # ISO, UTC
    load_id: str = ""  # not written down: the load record's own


class DataFile(msgspec.Struct):
    """One file that a load wrote, below the lake."""

    path: str
    rows: int
    bytes: int


class Load(msgspec.Struct):
    """A load record, as it stands in `loads/<load_id>.json`.

    `replaced` are the source files whose rows of earlier loads this load has taken away, `removed` the files of the
    lake that went with them; what else those held is in `files`.
    """

    load_id: str
    landed_at: str
    sources: list[SourceFile]
    files: list[DataFile]
    format: int = 1
    replaced: list[str] = []
    removed: list[str] = []


class Intent(msgspec.Struct):
    """What a load is about to change, below the lake: undo `adds` if it is not committed, finish `removes` if it is."""

    adds: list[str]
    removes: list[str]


def landed_at(load_id: str) -> datetime:
    """The landing time that a load's id begins with (UTC)."""
    return datetime.strptime(load_id[:23], _ID).replace(tzinfo=UTC)


def new_load_id(lake: Path) -> str:
    """An id later than that of every load there is, whatever the machine's clock says."""
    now = datetime.now(UTC)
    newest = max((path.stem for path in (lake / "loads").glob("*.json")), default=None)
    if newest is not None:
        now = max(now, landed_at(newest) + timedelta(microseconds=1))
    return now.strftime(_ID)


def read_all(lake: Path) -> list[Load]:
    """Every committed load, oldest first."""
    decode = msgspec.json.Decoder(Load).decode
    found = []
    for path in sorted((lake / "loads").glob("*.json")):
        try:
            found.append(decode(path.read_bytes()))
        except (OSError, msgspec.DecodeError) as error:
            raise EarshotError(f"The load record {path} can't be read ({error}); restore it from a copy.") from error
    return found


@contextmanager
def writer_lock(lake: Path) -> Iterator[None]:
    """Be the lake's only writer while inside; raises EarshotError when another process is. It dies with its process."""
    handle = os.open(lake / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode().strip() or "unknown"
            raise EarshotError(
                f"Another process (pid {holder}) is writing to the lake {lake}; run this again when it is done."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def recover(lake: Path) -> list[str]:
    """Tidy up what a run that died has left behind, under the writer lock; the ids of the loads that were undone."""
    undone = []
    for intent in sorted((lake / "loads").glob("*.intent")):
        load_id = intent.name.removesuffix(".intent")
        committed = (lake / "loads" / f"{load_id}.json").exists()
        meant = msgspec.json.decode(intent.read_bytes(), type=Intent)
        _remove(lake, meant.removes if committed else meant.adds)
        if not committed:
            undone.append(load_id)
        intent.unlink()
    for leftover in (lake / "loads").glob(".*.tmp"):
        leftover.unlink()
    shutil.rmtree(lake / "tmp", ignore_errors=True)
    return undone


def commit(lake: Path, load: Load, moves: list[tuple[Path, str]]) -> None:
    """Put the load's files, (temporary file, place below the lake), in their places and make the load exist."""
    folder = lake / "loads"
    folder.mkdir(exist_ok=True)
    intent = folder / f"{load.load_id}.intent"
    replace_file(intent, msgspec.json.encode(Intent([relative for _, relative in moves], load.removed)))
    folders = set()
    for temporary, relative in moves:
        place = lake / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(place)
        folders |= {place.parent, place.parent.parent}  # the folder itself may be new in the one above
    for place in sorted(folders):
        sync_folder(place)
    record = msgspec.json.format(msgspec.json.encode(load), indent=1) + b"\n"
    replace_file(folder / f"{load.load_id}.json", record)
    _remove(lake, load.removed)
    intent.unlink()


def landed(lake: Path) -> dict[str, SourceFile]:
    """Each landed source file by its path, as the newest load tells of it; its `load_id` is the first that has rows."""
    found: dict[str, SourceFile] = {}
    for load in read_all(lake):
        for path in load.replaced:
            found.pop(path, None)
        for source in load.sources:
            before = found.get(source.source_path)
            source.load_id = before.load_id if before is not None else load.load_id
            found[source.source_path] = source
    return found


def _remove(lake: Path, files: list[str]) -> None:
    """Remove files below the lake, and the folders that are empty then."""
    for relative in files:
        (lake / relative).unlink(missing_ok=True)
        folder = (lake / relative).parent
        while folder != lake and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
