"""Loads: one run of `earshot land` that found something, committed by one file, undone when it never got that far.

The order: data files are written on this machine; `loads/<load_id>.intent` names the places they will take; they are
put there; `loads/<load_id>.json` appears, which is the commit; the intent goes. Whoever comes next undoes a load that
has an intent and no commit. Files that a load takes away go after its commit, before its intent, as soon as nobody
reads them: until then `retired` tells who should not be read any more.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from loaders.chains import Dump
from loaders.errors import EarshotError
from loaders.locks import Held, no_readers
from loaders.store import Entry, Store, clear

T = TypeVar("T")
_ID = "%Y%m%dT%H%M%S.%fZ"
# After so many loads what they landed is written down together.
INDEX_EVERY = 50


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
    blank_lines: int = 0
    load_id: str = ""  # the first load that has rows of it; in a load record not written down


class DataFile(msgspec.Struct):
    """One file that a load wrote, below the lake."""

    path: str
    rows: int
    bytes: int


class Load(msgspec.Struct):
    """A load record, as it stands in `loads/<load_id>.json`.

    `replaced` are the source files (and the folders of `dumps`) whose rows of earlier loads this load has taken away,
    `removed` the files of the lake that went with them; what else those held is in `files`. `dumps` are those of which
    source files alone don't tell enough: incremental exports, and dumps without any file. A compaction has no sources:
    its `files` hold what `removed` held, but for the duplicates `dropped`, of each dataset so many.
    """

    load_id: str
    landed_at: str
    sources: list[SourceFile]
    files: list[DataFile]
    format: int = 1
    replaced: list[str] = []
    removed: list[str] = []
    dropped: dict[str, int] | None = None  # None but for a compaction
    dumps: list[Dump] = []


class Intent(msgspec.Struct):
    """What a load is about to change, below the lake: undo `adds` if it is not committed, finish `removes` if it is."""

    adds: list[str]
    removes: list[str]


def landed_at(load_id: str) -> datetime:
    """The landing time that a load's id begins with (UTC)."""
    return datetime.strptime(load_id[:23], _ID).replace(tzinfo=UTC)


class Index(msgspec.Struct):
    """What all loads up to one have landed, as it stands in `landed/<load_id>.json`. `loads` is how many those are."""

    load_id: str
    sources: list[SourceFile]
    loads: int = 0
    dumps: list[Dump] = []


class Landed(NamedTuple):
    """What all loads have landed: source files by path, and by folder the dumps that a load record lists."""

    sources: dict[str, SourceFile]
    dumps: dict[str, Dump]


def ids(lake: Store) -> list[str]:
    """The ids of the committed loads, oldest first."""
    found = _named(lake, ".json")
    for load_id in found:
        try:
            landed_at(load_id)
        except ValueError:
            words = f"{lake.address}/loads/{load_id}.json is not named like a load record; move it elsewhere."
            raise EarshotError(words) from None
    return found


def new_load_id(lake: Store) -> str:
    """An id later than that of every load there is, whatever the machine's clock says."""
    now = datetime.now(UTC)
    newest = max(ids(lake), default=None)
    if newest is not None:
        now = max(now, landed_at(newest) + timedelta(microseconds=1))
    return now.strftime(_ID)


def read_all(lake: Store, after: str = "") -> list[Load]:
    """The committed loads whose id is greater than `after`, oldest first."""
    decode = msgspec.json.Decoder(Load).decode
    return [_read(lake, f"loads/{load_id}.json", decode) for load_id in ids(lake) if load_id > after]


def _read(lake: Store, path: str, decode: Callable[[bytes], T], remedy: str = "restore it from a copy") -> T:
    """Decode a file that was listed; raises FileNotFoundError when it is gone since, EarshotError when it is broken."""
    try:
        return decode(lake.read(path))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EarshotError(f"{lake.address}/{path} is damaged ({error}); {remedy}.") from error


def recover(lake: Store) -> list[str]:
    """Tidy up what a run that died has left behind, under the writer lock; the ids of the loads that were undone."""
    undone = []
    committed = set(ids(lake))
    for load_id in _named(lake, ".intent"):
        meant = _read(lake, f"loads/{load_id}.intent", _decode_intent)
        if load_id in committed:
            _finish(lake, load_id, meant.removes)
        else:
            lake.remove(meant.adds)
            lake.remove([f"loads/{load_id}.intent"])
            undone.append(load_id)
    for folder in ("loads", "landed"):
        lake.remove([entry.path for entry in lake.files(folder) if Path(entry.path).name.startswith(".")])
    clear(lake.scratch())
    return undone


def retired(lake: Store, committed: Container[str]) -> set[str]:
    """Files that one of these loads has taken away, but that are still there because somebody reads them.

    List the committed loads first: one may be committed meanwhile, and what it took away belongs to those before it.
    """
    found: set[str] = set()
    for load_id in _named(lake, ".intent"):
        if load_id in committed:
            with suppress(FileNotFoundError):  # gone since it was listed, because it took nothing away
                found.update(_read(lake, f"loads/{load_id}.intent", _decode_intent).removes)
    return found


def data_files(lake: Store, below: str) -> list[Entry]:
    """The Parquet files below a folder that belong to committed loads and that no load has taken away, by path.

    With the writer lock or the reader lock they are those of one moment, and they stay.
    """
    committed = set(ids(lake))
    gone = retired(lake, committed)
    return [entry for entry in lake.files(below) if _load_of(entry.path) in committed and entry.path not in gone]


def newest_landing(lake: Store) -> datetime | None:
    """When the newest load landed that was no compaction."""
    decode = msgspec.json.Decoder(Load).decode
    for load_id in reversed(ids(lake)):
        if _read(lake, f"loads/{load_id}.json", decode).dropped is None:
            return landed_at(load_id)
    return None


def _load_of(path: str) -> str | None:
    """The id that a Parquet file's name begins with."""
    name = path.rsplit("/", 1)[-1]
    return name.removesuffix(".parquet").split("-")[0] if name.endswith(".parquet") else None


def commit(lake: Store, lock: Held, load: Load, moves: list[tuple[Path, str]]) -> None:
    """Put the load's files, (temporary file, place below the lake), in their places and make the load exist."""
    intent = Intent([relative for _, relative in moves], load.removed)
    lake.write(f"loads/{load.load_id}.intent", msgspec.json.encode(intent))
    for temporary, relative in moves:
        lake.put(temporary, relative)
    lake.settle(relative for _, relative in moves)
    lock.check()
    record = msgspec.json.format(msgspec.json.encode(load), indent=1) + b"\n"
    lake.write(f"loads/{load.load_id}.json", record)
    # The load is there now, whatever goes wrong; the next writer does the rest.
    with suppress(EarshotError):
        _finish(lake, load.load_id, load.removed)


def _finish(lake: Store, load_id: str, removes: list[str]) -> None:
    """Take away what a committed load replaced, unless somebody reads; then the intent stays for the next writer."""
    with no_readers(lake) as alone:
        if alone or not removes:
            lake.remove(removes)
            lake.remove([f"loads/{load_id}.intent"])


def landed(lake: Store) -> Landed:
    """What is landed, as the newest load tells of it; the `load_id` of a source file is the first that has rows."""
    committed = ids(lake)
    indexes = sorted(entry.path for entry in lake.files("landed"))
    found = Landed({}, {})
    upto = ""
    if indexes:
        index = _read(lake, indexes[-1], msgspec.json.Decoder(Index).decode, "delete it, and it is made anew")
        # Not when somebody took load records away since.
        if index.loads == sum(load_id <= index.load_id for load_id in committed):
            found.sources.update((source.source_path, source) for source in index.sources)
            found.dumps.update((dump.folder, dump) for dump in index.dumps)
            upto = index.load_id
    newer = read_all(lake, upto)
    for load in newer:
        for path in load.replaced:
            found.sources.pop(path, None)
            found.dumps.pop(path, None)
        for source in load.sources:
            before = found.sources.get(source.source_path)
            source.load_id = before.load_id if before is not None else load.load_id
            found.sources[source.source_path] = source
        found.dumps.update((dump.folder, dump) for dump in load.dumps)
    if len(newer) >= INDEX_EVERY:
        index = Index(newer[-1].load_id, list(found.sources.values()), len(committed), list(found.dumps.values()))
        place = f"landed/{index.load_id}.json"
        lake.write(place, msgspec.json.encode(index))
        lake.remove(path for path in indexes if path != place)
    return found


def _named(lake: Store, suffix: str) -> list[str]:
    """The load ids of the files of `loads/` with this suffix, oldest first."""
    names = (Path(entry.path).name for entry in lake.files("loads"))
    return sorted(name.removesuffix(suffix) for name in names if name.endswith(suffix) and name[0] != ".")


_decode_intent = msgspec.json.Decoder(Intent).decode
