"""Dumps of DynamoDB tables: which files make one, whether it is whole, and when it was taken.

    dynamodb/<table>/AWSDynamoDB/<export id>/    native export: two manifests and data/*.json.gz
    dynamodb/<table>/AWSDynamoDB/data/           where data files of incremental exports may lie instead
    dynamodb/<table>/<YYYY-MM-DD-HH-MM-SS>/      Data Pipeline dump: files, and _SUCCESS when it is whole

A dump is taken whole or not at all. An incremental export holds the changes of a period, and is a dump of its end.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from loaders import times
from loaders.chains import Dump
from loaders.inbox import Found, unfinished
from loaders.textfiles import Refused, reading

NATIVE = "AWSDynamoDB"
SUMMARY, FILES = "manifest-summary.json", "manifest-files.json"
SUCCESS = "_SUCCESS"
SHARED = "data"  # beside the exports' own folders
FULL, INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"
# What an incremental export may show of an item. One that leaves out new images would look like nothing but deletions.
VIEWS = ("NEW_IMAGE", "NEW_IMAGES", "NEW_AND_OLD_IMAGES")
_STAMP = re.compile(r"[0-9]{4}(-[0-9]{2}){5}")


@dataclass(frozen=True)
class Promise:
    """What a native export's manifest says of a data file: how many items, and the MD5 of the file as it lies there."""

    items: int
    md5: bytes


@dataclass(frozen=True)
class Export:
    """One whole dump: `folder` is its path below the inbox, `promises` go with `files` by path (native exports).

    An `incremental` one holds what changed from `since` (where that is known) to `snapshot_at`.
    """

    folder: str
    snapshot_id: str
    snapshot_at: datetime  # UTC
    native: bool
    files: tuple[Found, ...]
    promises: dict[str, Promise]
    incremental: bool = False
    since: datetime | None = None  # UTC

    @property
    def dump(self) -> Dump:
        """What the load that lands it tells of it."""
        return Dump(
            self.folder.split("/")[1], self.folder, self.snapshot_id, self.snapshot_at, self.incremental, self.since
        )


@dataclass
class Dumps:
    """The dumps of a table. `waiting`, `refused` and `unknown` are (path below the inbox, why)."""

    whole: list[Export]
    waiting: list[tuple[str, str]]
    refused: list[tuple[str, str]]
    unknown: list[tuple[str, str]]


def folder_of(path: str, snapshot_id: str | None) -> str:
    """The folder of the dump that a data file was landed with."""
    parts = path.split("/")
    if parts[2] != NATIVE:
        return "/".join(parts[:3])
    return "/".join([*parts[:3], snapshot_id or "" if parts[3] == SHARED else parts[3]])


def find(files: Iterable[Found]) -> Dumps:
    """Sort the files below a table's folder into dumps."""
    folders: dict[str, list[Found]] = {}
    found = Dumps([], [], [], [])
    for file in files:
        parts = file.path.split("/")
        depth = 4 if parts[2] == NATIVE else 3
        if len(parts) > depth and (depth == 4 or _STAMP.fullmatch(parts[2])):
            folders.setdefault("/".join(parts[:depth]), []).append(file)
        elif not any(unfinished(part) for part in parts):
            found.unknown.append((file.path, "it belongs to no export"))
    shared: dict[str, Found] = {}
    for folder in [folder for folder in folders if folder.endswith(f"/{NATIVE}/{SHARED}")]:
        shared = {file.path.removeprefix(f"{folder}/"): file for file in folders.pop(folder)}
    for folder, inside in folders.items():
        native = folder.split("/")[2] == NATIVE
        names = {file.path.removeprefix(f"{folder}/") for file in inside}
        missing = [name for name in ((SUMMARY, FILES) if native else (SUCCESS,)) if name not in names]
        if missing:
            found.waiting.append((folder, f"{' and '.join(missing)} not there yet"))
            continue
        try:
            export = _native(folder, inside, shared) if native else _pipeline(folder, inside)
        except Refused as why:
            found.refused.append((folder, str(why)))
            continue
        found.whole.append(export)
        if native:
            found.unknown.extend(_unnamed(export, inside))
    return found


def _unnamed(export: Export, inside: list[Found]) -> Iterator[tuple[str, str]]:
    """The data files in a native export's folder that its manifest does not name."""
    named = {file.path for file in export.files}
    for file in inside:
        path = file.path.removeprefix(f"{export.folder}/")
        if (
            path.startswith("data/")
            and file.path not in named
            and not any(unfinished(part) for part in path.split("/"))
        ):
            yield file.path, f"the {FILES} of its export does not name it"


def _pipeline(folder: str, inside: list[Found]) -> Export:
    name = folder.rsplit("/", 1)[1]
    try:
        taken = datetime.strptime(name, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
    except ValueError:
        raise Refused("the folder's name is no time YYYY-MM-DD-HH-MM-SS") from None
    data = []
    for file in inside:
        path = file.path.removeprefix(f"{folder}/")
        if path != "manifest" and not any(unfinished(part) for part in path.split("/")):
            data.append(file)
    return Export(folder, name, taken, False, tuple(data), {})


def _native(folder: str, inside: list[Found], shared: dict[str, Found]) -> Export:
    """The export that its manifests describe; each file that it takes of those that exports share leaves `shared`.

    Raises Refused.
    """
    by_name = {file.path.removeprefix(f"{folder}/"): file for file in inside}
    summary = _json(_read(by_name[SUMMARY]), SUMMARY)
    kind = summary.get("exportType", FULL)
    if kind not in (FULL, INCREMENTAL):
        raise Refused(f"the exportType in {SUMMARY} is neither {FULL} nor {INCREMENTAL}")
    if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise Refused(f"the outputFormat in {SUMMARY} is not DYNAMODB_JSON; export the table in that format")
    since = None
    if kind == FULL:
        taken = _time(summary, "exportTime")
    else:
        if summary.get("outputView") not in (None, *VIEWS):
            raise Refused(f"the outputView in {SUMMARY} is none of {', '.join(VIEWS)}; export the new images too")
        taken = _time(summary, "exportToTime" if summary.get("exportTime") is None else "exportTime")
        since = None if summary.get("exportFromTime") is None else _time(summary, "exportFromTime")
        if since is not None and since > taken:
            raise Refused(f"the exportFromTime in {SUMMARY} is later than the time of the export")
    data: list[Found] = []
    promises: dict[str, Promise] = {}
    for number, line in enumerate(_read(by_name[FILES]).splitlines(), 1):
        if not line.strip():
            continue
        where = f"line {number} of {FILES}"
        name, promise = _promise(_json(line, where), where)
        file = by_name.get(f"data/{name}") or shared.get(name)
        if file is None:
            raise Refused(f"data/{name}, which {where} names, is not there")
        if file.path in promises:
            raise Refused(f"data/{name} stands twice in {FILES}")
        data.append(file)
        promises[file.path] = promise
    total = sum(promise.items for promise in promises.values())
    if type(summary.get("itemCount")) is not int or summary["itemCount"] != total:
        raise Refused(f"the itemCount in {SUMMARY} is not {total}, the sum of those in {FILES}")
    ordered = tuple(sorted(data, key=lambda file: file.path))
    for file in ordered:
        if not file.path.startswith(f"{folder}/"):  # a file belongs to one export
            del shared[file.path.rsplit("/", 1)[1]]
    name = folder.rsplit("/", 1)[1]
    return Export(folder, name, taken, True, ordered, promises, kind == INCREMENTAL, since)


def _time(summary: dict[str, Any], name: str) -> datetime:
    """A moment that a summary tells; raises Refused."""
    moment = summary.get(name)
    micros = times.micros(moment) if isinstance(moment, str) else None
    if micros is None:
        raise Refused(f"{SUMMARY} has no {name} that is a timestamp")
    return times.EPOCH + timedelta(microseconds=micros)


def _promise(entry: dict[str, Any], where: str) -> tuple[str, Promise]:
    """The data file's name and what is promised of it."""
    key, items, md5 = entry.get("dataFileS3Key"), entry.get("itemCount"), entry.get("md5Checksum")
    if not isinstance(key, str) or not key.rsplit("/", 1)[-1]:
        raise Refused(f"{where} has no dataFileS3Key")
    if type(items) is not int or items < 0:
        raise Refused(f"{where} has no itemCount")
    try:
        digest = base64.b64decode(md5, validate=True) if isinstance(md5, str) else b""
    except binascii.Error:
        digest = b""
    if len(digest) != 16:
        raise Refused(f"{where} has no md5Checksum in base64")
    return key.rsplit("/", 1)[-1], Promise(items, digest)


def _read(file: Found) -> bytes:
    try:
        with reading(), file.inbox.stream(file.path) as opened:
            return opened.read()
    except Refused as why:
        raise Refused(f"{file.path.rsplit('/', 1)[1]}: {why}") from why


def _json(text: bytes, where: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused(f"{where} is no JSON object")
    return found
