"""Listing an inbox in a bucket at a cost that follows what is new there, not all that ever came.

Keys below `events/<region>/<stream>` and `catalog/<table>` begin with the day of delivery, and a store lists keys in
their order: so a listing begins some days before the newest delivery that was landed. Dumps are folders: of those that
were landed, only recent ones are looked into again.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial

from loaders.bucket import Bucket
from loaders.loads import SourceFile
from loaders.store import Entry

# How many days before the newest landed delivery others are looked for.
RECENT_DAYS = 7
_THREADS = 16


def entries(inbox: Bucket, landed: Mapping[str, SourceFile]) -> tuple[list[Entry], date | None]:
    """The files of an inbox by path, and the day from which on all deliveries are among them; None: of whatever day.

    `landed` is what is landed already, by path; without it everything is listed.
    """
    since = _since(landed)
    oldest = _oldest_dumps(landed)
    settled = {folder for folder, table, taken in _dumps(landed) if taken < oldest[table]}
    found: list[Entry] = []
    folders = [""]
    with ThreadPoolExecutor(_THREADS) as pool:
        while folders:
            listings = list(pool.map(partial(_list, inbox, since), folders))
            folders = [folder for _, deeper in listings for folder in deeper if folder not in settled]
            for files, _ in listings:
                found.extend(files)
    days = [*since.values(), *(moment.date() for moment in oldest.values())]
    return sorted(found), max(days, default=None)


def _list(inbox: Bucket, since: Mapping[str, date], folder: str) -> tuple[list[Entry], list[str]]:
    """The files of a folder, and the folders in it that are to be listed by themselves."""
    if folder in since:
        return inbox.files(folder, after=f"{folder}/{since[folder]:%Y/%m/%d}"), []
    parts = folder.split("/")
    levels = {"events": 3, "catalog": 2, "dynamodb": 4 if parts[2:3] == ["AWSDynamoDB"] else 3}
    if folder and len(parts) >= levels.get(parts[0], 0):
        return inbox.files(folder), []
    files, names = inbox.level(folder)
    return files, [f"{folder}/{name}" if folder else name for name in names]


def _since(landed: Mapping[str, SourceFile]) -> dict[str, date]:
    """From which day on a stream or a table is listed. A day that is still to come is taken for a wrong name."""
    newest: dict[str, str] = {}
    for path in landed:
        parts = path.split("/")
        depth = {"events": 3, "catalog": 2}.get(parts[0])
        if depth is not None:
            root, day = "/".join(parts[:depth]), "-".join(parts[depth : depth + 3])
            newest[root] = max(newest.get(root, ""), day)
    today = datetime.now(UTC).date()
    found = {}
    for root, day in newest.items():
        try:
            found[root] = min(date.fromisoformat(day), today) - timedelta(RECENT_DAYS)
        except ValueError:  # a name that is no day: then all of it is listed
            continue
    return found


def _dumps(landed: Mapping[str, SourceFile]) -> set[tuple[str, str, datetime]]:
    """The landed dumps: folder, table, export time."""
    found = set()
    for path, source in landed.items():
        parts = path.split("/")
        if parts[0] == "dynamodb" and source.snapshot_id is not None and source.snapshot_at is not None:
            names = [*parts[:3], source.snapshot_id] if parts[2] == "AWSDynamoDB" else parts[:3]
            found.add(("/".join(names), parts[1], datetime.fromisoformat(source.snapshot_at)))
    return found


def _oldest_dumps(landed: Mapping[str, SourceFile]) -> dict[str, datetime]:
    """By table, the export time from which on landed dumps are looked into again."""
    newest: dict[str, datetime] = {}
    for _, table, taken in _dumps(landed):
        newest[table] = max(newest.get(table, taken), taken)
    now = datetime.now(UTC)
    return {table: min(taken, now) - timedelta(RECENT_DAYS) for table, taken in newest.items()}
