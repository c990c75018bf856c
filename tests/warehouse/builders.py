"""Short words to write an inbox by hand: events, dumps and catalog changes as files, a dict of path → bytes."""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

Files = dict[str, bytes]

REQUIRED: dict[str, dict[str, Any]] = {
    "play": {"playid": "p1", "action": "play", "contentid": "c1", "contenttype": "track"},
    "navigation": {"screen": "home"},
    "tokenrequest": {"granttype": "password", "outcome": "granted"},
    "musicserviceauth": {"service": "tidal", "outcome": "success"},
    "voicefeedback": {"utterance": "play jazz", "outcome": "understood"},
    "showinteraction": {"showid": "s1", "kind": "join"},
    "notification": {"notificationid": "n1", "kind": "opened"},
    "promotion": {"campaignid": "c1", "kind": "click"},
}


class Event(NamedTuple):
    """A record of a stream as its producer writes it."""

    stream: str
    record: dict[str, Any]


def event(
    stream: str,
    at: str,
    user: str | None = "u1",
    client: str = "earshot-ios",
    country: str | None = "DE",
    received: str | None = None,
    sent: str | None = None,
    device: str | None = None,
    id: str | None = None,
    **fields: Any,
) -> Event:
    """A valid event; times are `YYYY-MM-DDTHH:MM[:SS…]` in UTC, `received` is the same moment unless given. Without an
    `id` the event's own words name it."""
    record = {
        "eventtime": _moment(at),
        "senttime": _moment(sent) if sent else None,
        "receivedtime": _moment(received or at),
        "clientid": client,
        "userid": user,
        "deviceid": device,
        "countrycode": country,
        **REQUIRED[stream],
        **fields,
    }
    record = {name: value for name, value in record.items() if value is not None}
    words = json.dumps([stream, record], sort_keys=True)
    return Event(stream, {"eventid": id or hashlib.sha256(words.encode()).hexdigest()[:16], **record})


def play(at: str, play_id: str = "p1", action: str = "play", seconds: float | None = None, **more: Any) -> Event:
    """A play event: `seconds` were heard since the event before it."""
    return event("play", at, playid=play_id, action=action, secondslistened=seconds, **more)


def deliver(on: str, *events: Event, region: str = "eu", name: str = "part-1.json") -> Files:
    """Events as one file per stream, delivered in the hour `YYYY-MM-DDTHH` (or on the day `YYYY-MM-DD`)."""
    files: Files = {}
    for stream in sorted({one.stream for one in events}):
        records = [one.record for one in events if one.stream == stream]
        files[f"events/{region}/{stream}/{_folder(on)}/{name}"] = json_lines(records)
    return files


def json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Records as one line each."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def upsert(at: str, **row: Any) -> dict[str, Any]:
    """A catalog message: the whole row as it now is."""
    return {"op": "upsert", "updatedat": _moment(at), **row}


def delete(at: str, **key: Any) -> dict[str, Any]:
    """A catalog message: the row is gone."""
    return {"op": "delete", "updatedat": _moment(at), **key}


def show(at: str, show_id: str, **row: Any) -> dict[str, Any]:
    """An upsert of a show with the required fields filled in."""
    return upsert(at, **{"showid": show_id, "creatorid": "cr1", "title": f"Show {show_id}", "status": "live", **row})


def release(at: str, model: str, version: str, released: str, channel: str = "stable") -> dict[str, Any]:
    """An upsert of a firmware release."""
    return upsert(at, model=model, version=version, channel=channel, releasedat=_moment(released))


def changes(table: str, on: str, *messages: Mapping[str, Any], name: str = "part-1.json") -> Files:
    """Catalog messages as one file."""
    return {f"catalog/{table}/{_folder(on)}/{name}": json_lines(messages)}


def user(id: str, created: str, client: str = "earshot-ios", country: str | None = "DE", **more: Any) -> dict[str, Any]:
    """An item of the users table."""
    return {"id": id, "createdAt": _moment(created), "clientId": client, "country": country, "status": "active", **more}


def device(
    id: str,
    firmware: str | None = "1.0",
    model: str = "Alto",
    client: str = "nordklang-speaker",
    registered: str = "2024-01-01T00:00",
    **more: Any,
) -> dict[str, Any]:
    """An item of the devices table."""
    item = {"id": id, "model": model, "clientId": client, "registeredAt": _moment(registered)}
    return {**item, "firmwareVersion": firmware, **more}


def native_export(table: str, at: str, *items: Mapping[str, Any], export_id: str | None = None) -> Files:
    """A full native export of a table at a time, in one data file."""
    lines = [{"Item": _typed_item(item)} for item in items]
    return _export(table, export_id or f"export-{at}".replace(":", ""), lines, {"exportTime": _moment(at)})


def changed(at: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """A change record: the item was written so at a time."""
    return {**deleted(at, item["id"]), "NewImage": _typed_item(item)}


def deleted(at: str, id: str) -> dict[str, Any]:
    """A change record: the item is gone."""
    moment = datetime.fromisoformat(_moment(at))
    written = {"WriteTimestampMicros": {"N": str(int(moment.timestamp() * 1_000_000))}}
    return {"Metadata": written, "Keys": {"id": {"S": id}}}


def incremental_export(
    table: str, since: str | None, at: str, *changes: Mapping[str, Any], export_id: str | None = None
) -> Files:
    """An incremental native export of what `changed` and was `deleted` from a time to another, in one data file."""
    summary = {"exportType": "INCREMENTAL_EXPORT", "exportToTime": _moment(at)}
    if since is not None:
        summary["exportFromTime"] = _moment(since)
    return _export(table, export_id or f"changes-{at}".replace(":", ""), changes, summary)


def _export(table: str, export_id: str, lines: Sequence[Mapping[str, Any]], more: Mapping[str, str]) -> Files:
    data = gzip.compress(json_lines(lines), mtime=0)
    folder = f"dynamodb/{table}/AWSDynamoDB/{export_id}"
    entry = {
        "itemCount": len(lines),
        "md5Checksum": base64.b64encode(hashlib.md5(data).digest()).decode(),
        "etag": hashlib.md5(data).hexdigest(),
        "dataFileS3Key": f"{folder}/data/part.json.gz",
    }
    summary = {
        "version": "2020-06-30",
        "exportType": "FULL_EXPORT",
        "itemCount": len(lines),
        "outputFormat": "DYNAMODB_JSON",
        "outputView": "NEW_AND_OLD_IMAGES",
        **more,
    }
    return {
        f"{folder}/data/part.json.gz": data,
        f"{folder}/manifest-files.json": json_lines([entry]),
        f"{folder}/manifest-summary.json": json_lines([summary]),
    }


def _typed_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: typed(value) for name, value in item.items()}


def pipeline_dump(table: str, at: str, *items: Mapping[str, Any]) -> Files:
    """A Data Pipeline dump; its time `YYYY-MM-DDTHH:MM:SS` is the folder's name."""
    folder = f"dynamodb/{table}/{at.replace('T', '-').replace(':', '-')}"
    lines = json_lines({name: typed(value, pipeline=True) for name, value in item.items()} for item in items)
    return {f"{folder}/3f2c-data": lines, f"{folder}/_SUCCESS": b""}


def typed(value: Any, pipeline: bool = False) -> dict[str, Any]:
    """A value as DynamoDB writes it: text S, number N, set SS, list L, dict M, None NULL; or with the keys of the
    Data Pipeline."""
    if value is None:
        return {"nULLValue": True} if pipeline else {"NULL": True}
    if isinstance(value, bool):
        return {"bOOL" if pipeline else "BOOL": value}
    if isinstance(value, str):
        return {"s" if pipeline else "S": value}
    if isinstance(value, int):
        return {"n" if pipeline else "N": str(value)}
    if isinstance(value, set):
        return {"sS" if pipeline else "SS": sorted(value)}
    if isinstance(value, list):
        return {"l" if pipeline else "L": [typed(member, pipeline) for member in value]}
    return {"m" if pipeline else "M": {name: typed(member, pipeline) for name, member in value.items()}}


def write(files: Mapping[str, bytes], inbox: Path) -> None:
    """Put files below an inbox folder."""
    for path, data in files.items():
        target = inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _moment(text: str) -> str:
    """`YYYY-MM-DDTHH:MM` gets its seconds, and all get their zone."""
    return f"{text}:00Z" if len(text) == 16 else f"{text}Z"


def _folder(on: str) -> str:
    return on.replace("-", "/").replace("T", "/")
