"""Loads: one run of `earshot land` that found something, committed by one file, undone when it never got that far.

The order: data files are written on this machine; `loads/<load_id>.intent` names the places they will take; they are
put there; `loads/<load_id>.json` appears, which is the commit; the intent goes. Whoever comes next undoes a load that
has an intent and no commit; in a bucket he first writes a record of a load of nothing in the commit's place, so that a
process that was only taken for dead can't commit what is gone. Files that a load takes away go after its commit, before
its intent, as soon as nobody reads them: until then `retired` tells who should not be read any more.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from loaders import filelists
from loaders.chains import Dump
from loaders.errors import EarshotError
from loaders.locks import Held, no_readers
from loaders.store import Entry, Folder, Store, clear

T = TypeVar("T")
_ID = "%Y%m%dT%H%M%S.%fZ"
# After so many loads what they landed is written down together.
INDEX_EVERY = 50
# Records of loads are longer.
_VOID_BYTES = 160


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


class Listing(NamedTuple):
    """What lies in `loads/`: who has the writer lock may keep it, others must look again."""

    committed: list[str]  # ids, oldest first
    void: list[str]  # ids that no load will ever have
    intents: list[str]
    unfinished: list[str]  # paths of temporary files
    listed: set[str]  # ids whose list of files is there


def listing(lake: Store) -> Listing:
    """Look into `loads/`."""
    found = Listing([], [], [], [], set())
    for path, size, _ in lake.files("loads"):
        name = path.rsplit("/", 1)[1]
        stem, _, kind = name.rpartition(".")
        if name.startswith("."):
            found.unfinished.append(path)
        elif kind == "json":
            try:
                landed_at(stem)
            except ValueError:
                words = f"{lake.address}/{path} is not named like a load record; move it elsewhere."
                raise EarshotError(words) from None
            (found.void if size < _VOID_BYTES and size == len(_void(stem)) else found.committed).append(stem)
        elif kind == "intent":
            found.intents.append(stem)
        elif path == filelists.place(stem):
            found.listed.add(stem)
    return found


def ids(lake: Store) -> list[str]:
    """The ids of the committed loads, oldest first."""
    return listing(lake).committed


def new_load_id(lake: Store, there: Listing | None = None) -> str:
    """An id later than that of every load there is, whatever the machine's clock says."""
    there = there or listing(lake)
    now = datetime.now(UTC)
    newest = max([*there.committed, *there.void], default=None)
    if newest is not None:
        now = max(now, landed_at(newest) + timedelta(microseconds=1))
    return now.strftime(_ID)


def read_all(lake: Store, after: str = "", there: Listing | None = None) -> list[Load]:
    """The committed loads whose id is greater than `after`, oldest first."""
    there = there or listing(lake)
    return [_record(lake, load_id) for load_id in there.committed if load_id > after]


def _record(lake: Store, load_id: str) -> Load:
    """The record of a committed load."""
    return _read(lake, f"loads/{load_id}.json", _decode_load)


def _read(lake: Store, path: str, decode: Callable[[bytes], T], remedy: str = "restore it from a copy") -> T:
    """Decode a file that was listed; raises FileNotFoundError when it is gone since, EarshotError when it is broken."""
    try:
        return decode(lake.read(path))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EarshotError(f"{lake.address}/{path} is damaged ({error}); {remedy}.") from error


def recover(lake: Store, only: str | None = None) -> Listing:
    """Tidy up what runs that died have left behind, under the writer lock; what lies in `loads/` then.

    `only` names the load of a process that tidies up behind itself: it may have lost the lock meanwhile, so it touches
    nothing else.
    """
    there = listing(lake)
    for load_id in [found for found in there.intents if only in (None, found)]:
        meant = _read(lake, f"loads/{load_id}.intent", _decode_intent)
        if load_id not in there.committed and _undone(lake, load_id, meant, there):
            gone = True
        else:
            # Not what the intent says: somebody may have begun to undo what was committed then after all.
            removed = _record(lake, load_id).removed
            gone = _finish(lake, load_id, removed)
            if not gone and meant.removes != removed:
                lake.write(f"loads/{load_id}.intent", msgspec.json.encode(Intent(meant.adds, removed)))
        if gone:
            there.intents.remove(load_id)
    for load_id in [found for found in there.committed if found not in there.listed and only in (None, found)]:
        filelists.write(lake, _record(lake, load_id), filelists.of_lake(lake))
    lake.remove(path for path in there.unfinished if only is None or only in path)
    if isinstance(lake, Folder):
        lake.remove([entry.path for entry in lake.files("landed") if Path(entry.path).name.startswith(".")])
    clear(lake.scratch() / (only or ""))
    with suppress(OSError):  # somebody else works there
        lake.scratch().rmdir()
    return there


def _undone(lake: Store, load_id: str, meant: Intent, there: Listing) -> bool:
    """Undo a load that was not committed; False when it was in this very moment. Folders have a lock that is exact."""
    if not isinstance(lake, Folder) and load_id not in there.void:
        # A reader takes the record of nothing for a load: nothing of what was meant to be in it may be read then.
        lake.write(f"loads/{load_id}.intent", msgspec.json.encode(Intent(meant.adds, meant.adds)))
        if not lake.create(f"loads/{load_id}.json", _void(load_id)):
            there.committed.append(load_id)
            there.committed.sort()
            return False
        there.void.append(load_id)
    lake.give_up(meant.adds)
    lake.remove(meant.adds)
    lake.remove([f"loads/{load_id}.intent"])
    return True


def _void(load_id: str) -> bytes:
    """The record that no load is committed under: of a load of nothing, and told from others by its size alone."""
    at = landed_at(load_id).isoformat()
    return f'{{"load_id":"{load_id}","landed_at":"{at}","sources":[],"files":[]}}\n'.encode()


def retired(lake: Store, committed: Container[str]) -> set[str]:
    """Files that one of these loads has taken away, but that are still there because somebody reads them.

    List the committed loads first: one may be committed meanwhile, and what it took away belongs to those before it.
    """
    found: set[str] = set()
    for load_id in listing(lake).intents:
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
    for load_id in reversed(ids(lake)):
        if _record(lake, load_id).dropped is None:
            return landed_at(load_id)
    return None


def _load_of(path: str) -> str | None:
    """The id that a Parquet file's name begins with."""
    name = path.rsplit("/", 1)[-1]
    return name.removesuffix(".parquet").split("-")[0] if name.endswith(".parquet") else None


def commit(lake: Store, lock: Held, load: Load, moves: list[tuple[Path, str]]) -> None:
    """Put the load's files, (temporary file, place below the lake), in their places and make the load exist."""
    intent = Intent([relative for _, relative in moves], load.removed)
    columns = {relative: filelists.columns(temporary) for temporary, relative in moves}
    lock.check()
    lake.write(f"loads/{load.load_id}.intent", msgspec.json.encode(intent))
    try:
        for temporary, relative in moves:
            lock.check()
            lake.put(temporary, relative)
        lake.settle(relative for _, relative in moves)
        # Who takes the lock over from now on finds the intent, and whichever of both records comes first counts.
        lock.check(surely=True)
    except EarshotError:
        # Who took the lock over has undone this load and forgotten it, but not what came after.
        with suppress(EarshotError):
            lake.remove(intent.adds)
        raise
    record = msgspec.json.format(msgspec.json.encode(load), indent=1) + b"\n"
    if not lake.create(f"loads/{load.load_id}.json", record):
        lake.remove(intent.adds)
        words = f"Another process took this one for dead and undid load {load.load_id} of {lake.address}"
        raise EarshotError(f"{words}; nothing of it was landed, run this again.")
    # The load is there now, whatever goes wrong; the next writer does the rest.
    with suppress(EarshotError):
        filelists.write(lake, load, columns.get)
        _finish(lake, load.load_id, load.removed)


def _finish(lake: Store, load_id: str, removes: list[str]) -> bool:
    """Take away what a committed load replaced, unless somebody reads; then the intent stays for the next writer."""
    with no_readers(lake) as alone:
        if not alone and removes:
            return False
        lake.remove(removes)
        lake.remove([f"loads/{load_id}.intent"])
        return True


def landed(lake: Store, there: Listing | None = None) -> Landed:
    """What is landed, as the newest load tells of it; the `load_id` of a source file is the first that has rows."""
    there = there or listing(lake)
    indexes = sorted(entry.path for entry in lake.files("landed"))
    found = Landed({}, {})
    upto = ""
    if indexes:
        index = _read(lake, indexes[-1], msgspec.json.Decoder(Index).decode, "delete it, and it is made anew")
        # Not when somebody took load records away since.
        if index.loads == sum(load_id <= index.load_id for load_id in there.committed):
            found.sources.update((source.source_path, source) for source in index.sources)
            found.dumps.update((dump.folder, dump) for dump in index.dumps)
            upto = index.load_id
    newer = read_all(lake, upto, there)
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
        sources, dumps = list(found.sources.values()), list(found.dumps.values())
        index = Index(newer[-1].load_id, sources, len(there.committed), dumps)
        place = f"landed/{index.load_id}.json"
        lake.write(place, msgspec.json.encode(index))
        lake.remove(path for path in indexes if path != place)
    return found


_decode_load = msgspec.json.Decoder(Load).decode
_decode_intent = msgspec.json.Decoder(Intent).decode
