"""Dumps of the table `users` to put into an inbox, and what they come to, in plain Python."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.loaders.support import Place

START = datetime(2026, 3, 1, tzinfo=UTC)
State = dict[str, str]  # client by user


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def stamp(hour: float) -> str:
    return at(hour).isoformat().replace("+00:00", "Z")


def item(user: str, client: str = "c", **more: Any) -> dict[str, Any]:
    return {"id": {"S": user}, "createdAt": {"S": "2026-01-01T00:00:00Z"}, "clientId": {"S": client}, **more}


@dataclass(frozen=True)
class Change:
    """A change record: `client` None deletes, `written` orders the changes of an export, a `broken` one is none."""

    user: str
    client: str | None
    written: int
    broken: bool = False

    def line(self, images: str = "NEW_IMAGE") -> dict[str, Any]:
        record: dict[str, Any] = {
            "Metadata": {"WriteTimestampMicros": {"N": str(self.written)}},
            "Keys": {"id": {"S": self.user}},
        }
        if self.client is not None:
            record["NewImage"] = item(self.user, self.client)
        if images == "NEW_AND_OLD_IMAGES":
            record["OldImage"] = item(self.user, "old")
        if self.broken:
            record["Keys"] = {"id": {"N": "1"}}
        return record


@dataclass(frozen=True)
class Export:
    """A dump of a time: of `kind` full (items by user), pipeline (the same) or incremental (changes, file by file)."""

    name: str
    hour: float
    kind: str
    items: tuple[tuple[str, str], ...] = ()
    changes: tuple[tuple[Change, ...], ...] = ()
    since: float | None = None
    images: str = "NEW_IMAGE"
    shared: bool = False  # whether its data files lie beside the exports
    tells: str = "exportTime"  # or exportToTime
    lines: Sequence[dict[str, Any]] | None = None  # in place of what `changes` come to

    @property
    def folder(self) -> str:
        if self.kind == "pipeline":
            return f"dynamodb/users/{self.snapshot_id}"
        return f"dynamodb/users/AWSDynamoDB/{self.name}"

    @property
    def snapshot_id(self) -> str:
        return at(self.hour).strftime("%Y-%m-%d-%H-%M-%S") if self.kind == "pipeline" else self.name

    def put(self, place: Place, **summary: Any) -> None:
        """Write it into an inbox, complete."""
        if self.kind == "pipeline":
            place.put(f"{self.folder}/part", [_pipeline(item(*one)) for one in self.items])
            place.put(f"{self.folder}/_SUCCESS", b"")
            return
        if self.kind == "full":
            contents = [[{"Item": item(*one)} for one in self.items]]
        elif self.lines is not None:
            contents = [list(self.lines)]
        else:
            contents = [[change.line(self.images) for change in file] for file in self.changes]
        entries = []
        for number, lines in enumerate(contents):
            text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
            folder = "dynamodb/users/AWSDynamoDB" if self.shared else self.folder
            data = place.put(f"{folder}/data/{self.name}-{number}.json.gz", gzip.compress(text, mtime=0)).read_bytes()
            md5 = base64.b64encode(hashlib.md5(data).digest()).decode()
            key = f"{folder.removeprefix('dynamodb/users/')}/data/{self.name}-{number}.json.gz"
            entries.append({"itemCount": len(lines), "md5Checksum": md5, "etag": "x-1", "dataFileS3Key": key})
        manifest: dict[str, Any] = {"itemCount": sum(map(len, contents)), "outputFormat": "DYNAMODB_JSON"}
        if self.kind == "full":
            manifest |= {"exportType": "FULL_EXPORT", "exportTime": stamp(self.hour)}
        else:
            manifest |= {"exportType": "INCREMENTAL_EXPORT", self.tells: stamp(self.hour), "outputView": self.images}
            if self.since is not None:
                manifest["exportFromTime"] = stamp(self.since)
        place.put(f"{self.folder}/manifest-files.json", entries)
        place.put(f"{self.folder}/manifest-summary.json", json.dumps(manifest | summary).encode())


def _pipeline(typed: dict[str, Any]) -> dict[str, Any]:
    return {name: {kind.lower(): value for kind, value in value.items()} for name, value in typed.items()}


def full(name: str, hour: float, **items: str) -> Export:
    return Export(name, hour, "full", tuple(items.items()))


def incremental(name: str, hour: float, *changes: Change, since: float | None = None, **more: Any) -> Export:
    return Export(name, hour, "incremental", changes=(changes,), since=since, **more)


def states(exports: Iterable[Export]) -> tuple[dict[str, State], set[str]]:
    """What the dumps hold by name, and which of them can't be applied."""
    held: dict[str, State] = {}
    waiting = set()
    state: State | None = None
    known = -1.0
    order = sorted(
        exports, key=lambda e: (e.hour, e.kind == "incremental", -1 if e.since is None else e.since, e.folder)
    )
    for export in order:
        if export.kind != "incremental":
            state = dict(export.items)
        elif state is None or (export.since is not None and export.since > known):
            waiting.add(export.folder)
            continue
        else:
            state = dict(state)
            changes = [change for file in export.changes for change in file if not change.broken]
            for change in sorted(changes, key=lambda change: change.written):  # stable: the later in the files wins
                state.pop(change.user, None)
                if change.client is not None:
                    state[change.user] = change.client
        held[export.snapshot_id] = state
        known = export.hour
    return held, waiting


def require(place: Place, exports: Iterable[Export]) -> None:
    """Fail unless the lake holds what the exports come to, each row once, with the right time and the right counts."""
    exports = list(exports)
    held, waiting = states(exports)
    rows = place.rows("users", "_snapshot_id, _snapshot_at, snapshot_date, id, clientId")
    times = {export.snapshot_id: at(export.hour).replace(tzinfo=None) for export in exports}
    expected = [
        (name, times[name], times[name].date(), user, client)
        for name, state in held.items()
        for user, client in state.items()
    ]
    assert sorted(rows) == sorted(expected)
    files = [str(path) for path in place.lake.rglob("raw/lake/loads/**/*.parquet")]
    counts = "snapshot_id, sum(records_read), sum(records_landed), sum(records_quarantined)"
    found = place.query(f"select {counts} from lake group by all", files) if files else []
    want = []
    for export in exports:
        broken = sum(change.broken for file in export.changes for change in file)
        records = len(export.items) + sum(map(len, export.changes))
        has_file = export.kind != "incremental" or export.changes
        if export.folder not in waiting and has_file:
            want.append((export.snapshot_id, records, records - broken, broken))
    assert sorted(found) == sorted(want)
    # What the lake tells of its states: of each the newest word.
    files = [str(path) for path in place.lake.rglob("raw/lake/states/**/*.parquet")]
    newest = """
        select snapshot_id, snapshot_at, arg_max_null(records, landed_at), arg_max_null(records_before, landed_at)
        from lake group by all having arg_max_null(records, landed_at) is not null
    """
    sizes = [len(state) for state in held.values()]
    before = dict(zip(held, [0, *sizes], strict=False))
    told = [
        (export.snapshot_id, times[export.snapshot_id], len(held[export.snapshot_id]), before[export.snapshot_id])
        for export in exports
        if export.kind == "incremental" and export.snapshot_id in held
    ]
    assert sorted(place.query(newest, files) if files else []) == sorted(told)


def without(export: Export, *users: str) -> Export:
    """The same full export without some users."""
    return replace(export, items=tuple(one for one in export.items if one[0] not in users))
