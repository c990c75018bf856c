"""The whole inbox as text to what it says: valid events, dumps, catalog messages, and the counts of every file."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.warehouse.oracle.contract import Contract, Invalid, judge_item, judge_json, read_contracts, timestamp
from tests.warehouse.oracle.records import content, read_lines

DELIVERED = r"[0-9]{4}/[0-9]{2}/[0-9]{2}(?:/[0-9]{2})?/[^/]+"
EVENT_FILE = re.compile(rf"events/(eu|cn)/([^/]+)/{DELIVERED}")
CATALOG_FILE = re.compile(rf"catalog/([^/]+)/{DELIVERED}")
NATIVE_FILE = re.compile(r"(dynamodb/([^/]+)/AWSDynamoDB/([^/]+)/)manifest-summary\.json")
PIPELINE_FILE = re.compile(r"(dynamodb/([^/]+)/([0-9]{4}(?:-[0-9]{2}){5})/)_SUCCESS")

Origin = tuple[str, int, int]  # path below the inbox, line, byte offset


@dataclass(frozen=True)
class Event:
    """A valid record of a stream. Times are naive UTC; `country_code` is lower case; `fields` are the stream's own."""

    stream: str
    event_id: str
    occurred_at: datetime
    received_at: datetime
    client_id: str
    user_id: str | None
    device_id: str | None
    country_code: str | None
    platform: str | None
    fields: Mapping[str, Any]
    origin: Origin


@dataclass(frozen=True)
class Dump:
    """A table at its export time: the valid items by id. `is_emptied`: changes deleted the last ones."""

    exported_at: datetime
    items: Mapping[str, Mapping[str, Any]]
    folder: str = ""
    is_emptied: bool = False


@dataclass(frozen=True)
class Changes:
    """An incremental export: (when it was written, id, the item as it is then or None) in the order of the files."""

    table: str
    export_id: str
    exported_at: datetime
    since: datetime | None
    changes: list[tuple[int, str, Mapping[str, Any] | None]]
    landings: list[dict[str, Any]]


@dataclass(frozen=True)
class Message:
    """A catalog change: `row` are the declared fields without op and updatedat."""

    key: tuple[str, ...]
    is_delete: bool
    updated_at: datetime
    row: Mapping[str, Any]
    origin: Origin


@dataclass
class Inbox:
    """Everything valid that was delivered, copies included, and one row of counts for each file."""

    events: list[Event] = field(default_factory=list)
    dumps: dict[str, list[Dump]] = field(default_factory=lambda: {"users": [], "devices": []})
    messages: dict[str, list[Message]] = field(
        default_factory=lambda: {"shows": [], "creators": [], "firmware": []},
    )
    landings: list[dict[str, Any]] = field(default_factory=list)


def read_folder(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by path relative to it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def read_inbox(files: Mapping[str, bytes]) -> Inbox:
    """Read all files (path below the inbox → bytes); what is still being written or incomplete is left out."""
    contracts = read_contracts()
    inbox = Inbox()
    exports: list[Changes] = []
    for path in sorted(files):
        if match := NATIVE_FILE.fullmatch(path):
            _read_native(files, match[1], match[3], contracts[match[2]], inbox, exports)
        elif match := PIPELINE_FILE.fullmatch(path):
            exported_at = datetime.strptime(match[3], "%Y-%m-%d-%H-%M-%S")
            paths = [other for other in sorted(files) if other.startswith(match[1]) and _is_data(other)]
            _read_dump(files, paths, match[3], exported_at, contracts[match[2]], inbox)
        elif not _is_data(path):
            continue
        elif match := EVENT_FILE.fullmatch(path):
            _read_json_lines(files[path], path, contracts[match[2]], match[1], inbox)
        elif match := CATALOG_FILE.fullmatch(path):
            _read_json_lines(files[path], path, contracts[match[1]], None, inbox)
    for table, dumps in inbox.dumps.items():
        _apply(dumps, [export for export in exports if export.table == table], inbox)
    return inbox


def _is_data(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return not name.startswith(("_", ".")) and not name.endswith(".tmp") and name != "manifest"


def occurred_at(event_time: datetime, sent_time: datetime | None, received_at: datetime) -> datetime:
    """With a senttime, receivedtime - (senttime - eventtime), where senttime >= eventtime; otherwise eventtime;
    and never later than receivedtime."""
    if sent_time is not None and sent_time >= event_time:
        return min(received_at, received_at - (sent_time - event_time))
    return min(received_at, event_time)


def _read_json_lines(data: bytes, path: str, contract: Contract, region: str | None, inbox: Inbox) -> None:
    text = content(data)
    if text is None:
        return  # a damaged gzip is refused whole
    rows = []
    read = 0
    for found in read_lines(text):
        read += 1
        if found.value is None:
            continue
        try:
            row = judge_json(contract, found.value, region)
        except Invalid:
            continue
        rows.append(row)
        origin = (path, found.line, found.offset)
        if contract.source == "events":
            inbox.events.append(_event(contract.dataset, row, origin))
        else:
            key = tuple(row[name] for name in contract.key)
            values = {name: value for name, value in row.items() if name not in ("op", "updatedat")}
            message = Message(key, row["op"] == "delete", row["updatedat"], values, origin)
            inbox.messages[contract.dataset].append(message)
    inbox.landings.append(_landing(contract, path, data, read, rows, None))


def _event(stream: str, row: dict[str, Any], origin: Origin) -> Event:
    country = row["countrycode"]
    envelope = {
        "eventid",
        "eventtime",
        "senttime",
        "receivedtime",
        "clientid",
        "userid",
        "deviceid",
        "countrycode",
        "platform",
        "appversion",
    }
    return Event(
        stream=stream,
        event_id=row["eventid"],
        occurred_at=occurred_at(row["eventtime"], row["senttime"], row["receivedtime"]),
        received_at=row["receivedtime"],
        client_id=client_of(row["clientid"]),
        user_id=row["userid"],
        device_id=row["deviceid"],
        country_code=country.lower() if country is not None else None,
        platform=row["platform"],
        fields={name: value for name, value in row.items() if name not in envelope},
        origin=origin,
    )


def client_of(name: str) -> str:
    """`all` is what the rows over every client are called, so a client of that name gets another."""
    return "_all" if name == "all" else name


def _read_native(
    files: Mapping[str, bytes],
    folder: str,
    export_id: str,
    contract: Contract,
    inbox: Inbox,
    exports: list[Changes],
) -> None:
    """A native export: complete when both manifests are there, refused when a count or checksum differs. The changes of
    an incremental one go to `exports`."""
    if f"{folder}manifest-files.json" not in files:
        return
    summary = json.loads(files[f"{folder}manifest-summary.json"])
    listed = [json.loads(line) for line in files[f"{folder}manifest-files.json"].splitlines() if line.strip()]
    paths = []
    for entry in listed:
        name = entry["dataFileS3Key"].rsplit("/", 1)[-1]
        path = f"{folder}data/{name}"
        if path not in files:  # incremental exports may put their files side by side
            path = f"{folder.removesuffix(f'{export_id}/')}data/{name}"
        text = content(files[path]) if path in files else None
        if text is None or sum(1 for _ in read_lines(text)) != entry["itemCount"]:
            return
        if base64.b64encode(hashlib.md5(files[path]).digest()).decode() != entry["md5Checksum"]:
            return
        paths.append(path)
    if summary.get("exportType", "FULL_EXPORT") == "INCREMENTAL_EXPORT":
        exports.append(_read_changes(files, sorted(paths), export_id, summary, contract))
    else:
        _read_dump(files, paths, export_id, timestamp(summary["exportTime"]), contract, inbox)


def _read_changes(
    files: Mapping[str, bytes], paths: list[str], export_id: str, summary: Mapping[str, Any], contract: Contract
) -> Changes:
    """What an incremental export says; what is no valid change is not part of it."""
    changes: list[tuple[int, str, Mapping[str, Any] | None]] = []
    landings = []
    for path in paths:
        text = content(files[path])
        assert text is not None, "its records were counted"
        found = list(read_lines(text))
        valid = []
        for record in found:
            try:
                valid.append(_judge_change(contract, record.value))
            except Invalid:
                continue
        rows = [{"id": id, "written": written} for written, id, _ in valid]
        landings.append(_landing(contract, path, files[path], len(found), rows, export_id, ["id", "written"]))
        changes.extend(valid)
    begin = summary.get("exportFromTime")
    return Changes(
        contract.dataset,
        export_id,
        timestamp(summary.get("exportTime") or summary["exportToTime"]),
        timestamp(begin) if begin else None,
        changes,
        landings,
    )


def _judge_change(contract: Contract, value: Mapping[str, Any] | None) -> tuple[int, str, Mapping[str, Any] | None]:
    """When it was written, the id, and the item as it is then, None where it was deleted; raises Invalid."""
    try:
        [(kind, digits)] = value["Metadata"]["WriteTimestampMicros"].items()  # type: ignore[index]
        [(key_kind, id)] = value["Keys"]["id"].items()  # type: ignore[index]
        written = int(digits)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Invalid("no change") from None
    if value is None or value.keys() - {"Metadata", "Keys", "NewImage", "OldImage"} or value["Keys"].keys() != {"id"}:
        raise Invalid("no change")
    if kind.upper() != "N" or key_kind.upper() != "S" or not isinstance(id, str) or not id:
        raise Invalid("no typed key and time")
    if not isinstance(value.get("OldImage", {}), dict) or not isinstance(value.get("NewImage", {}), dict):
        raise Invalid("an image that is none")
    if "NewImage" not in value:
        return written, id, None
    item = judge_item(contract, value["NewImage"])
    if item["id"] != id:
        raise Invalid("an image of another item")
    return written, id, item


def _apply(dumps: list[Dump], exports: list[Changes], inbox: Inbox) -> None:
    """Each incremental export is the dump before it, changed; one that begins later than that dump waits."""
    begin = datetime.min
    todo: list[tuple[tuple[datetime, int, datetime, str], Dump | Changes]] = [
        ((dump.exported_at, 0, begin, dump.folder), dump) for dump in dumps
    ]
    todo += [((export.exported_at, 1, export.since or begin, export.export_id), export) for export in exports]
    before: Dump | None = None
    for _, one in sorted(todo, key=lambda pair: pair[0]):
        if isinstance(one, Dump):
            before = one
        elif before is not None and (one.since is None or one.since <= before.exported_at):
            items = dict(before.items)
            for _, id, item in sorted(one.changes, key=lambda change: change[0]):
                items.pop(id, None)
                if item is not None:
                    items[id] = item
            before = Dump(one.exported_at, items, one.export_id, is_emptied=bool(before.items) and not items)
            dumps.append(before)
            inbox.landings.extend(one.landings)


def _read_dump(
    files: Mapping[str, bytes],
    paths: list[str],
    snapshot_id: str,
    exported_at: datetime,
    contract: Contract,
    inbox: Inbox,
) -> None:
    """The data files of one dump; items whose attributes break the contract are not part of it."""
    items = {}
    for path in paths:
        text = content(files[path])
        if text is None:
            return
        rows = []
        read = 0
        for found in read_lines(text):
            read += 1
            try:
                # a native export wraps the item in "Item", a Data Pipeline dump does not
                value = found.value or {}
                rows.append(judge_item(contract, value.get("Item", value)))
            except Invalid:
                continue
        items.update({row["id"]: row for row in rows})
        inbox.landings.append(_landing(contract, path, files[path], read, rows, snapshot_id))
    inbox.dumps[contract.dataset].append(Dump(exported_at, items, paths[0] if paths else ""))


def _landing(
    contract: Contract,
    path: str,
    data: bytes,
    read: int,
    rows: list[dict[str, Any]],
    snapshot_id: str | None,
    names: list[str] | None = None,
) -> dict[str, Any]:
    """The counts of one landed file. A duplicate is the same record again: another change of a row is not one."""
    names = names or ([*contract.key, "updatedat"] if contract.source == "catalog" else contract.key)
    keys = {tuple(row[name] for name in names) for row in rows}
    return {
        "dataset": contract.dataset,
        "source_path": path,
        "bytes": len(data),
        "records_read": read,
        "records_landed": len(rows),
        "records_quarantined": read - len(rows),
        "records_duplicate_in_file": len(rows) - len(keys),
        "snapshot_id": snapshot_id,
    }
