"""What lies in the inbox: the files of each dataset, and the files that nobody here knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from loaders import recent
from loaders.bucket import Bucket
from loaders.contracts import CHANGE_MESSAGES, EVENT_STREAM, TABLE_DUMPS, Dataset
from loaders.errors import EarshotError
from loaders.loads import SourceFile
from loaders.store import Store

REGIONS = ("eu", "cn")
# YYYY/MM/DD[/HH]/<name>: when it was delivered. Nothing depends on it but that the place is one of ours.
_DELIVERED = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}(?:/[0-9]{2})?/[^/]+")


@dataclass(frozen=True)
class Found:
    """A file of the inbox: its path below the inbox with `/`, its size and time, and its region."""

    path: str
    inbox: Store
    size: int
    mtime_ns: int
    region: str | None = None


@dataclass(frozen=True)
class Contents:
    """The inbox, sorted by path: `files` of JSON-lines datasets, `dumps` (all files below a dump table), `unknown`.

    `since` is the day from which on all deliveries are there, None where they are whatever their day.
    """

    files: dict[str, list[Found]]
    dumps: dict[str, list[Found]]
    unknown: list[tuple[str, str]]  # path, why
    since: date | None = None


def unfinished(name: str) -> bool:
    """Whether a file of that name is still being written by its producer."""
    return name.startswith(("_", ".")) or name.endswith(".tmp")


def check(inbox: Store) -> None:
    """Raise EarshotError when there is no inbox."""
    if not inbox.exists():
        raise EarshotError(
            f"The inbox {inbox.address} is not there; set EARSHOT_INBOX or fill one with `earshot simulate`."
        )


def look(inbox: Store, datasets: dict[str, Dataset], landed: Mapping[str, SourceFile]) -> Contents:
    """What is in the inbox; of one in a bucket, what is recent beside what is `landed`, by path (none: everything)."""
    since = None
    if isinstance(inbox, Bucket):
        entries, since = recent.entries(inbox, landed)
    else:
        entries = inbox.files()
    found = Contents({}, {}, [], since)
    for path, size, mtime_ns in entries:
        _sort(Found(path, inbox, size, mtime_ns), datasets, found)
    return found


def _sort(file: Found, datasets: dict[str, Dataset], found: Contents) -> None:
    """Put a file where it belongs."""
    parts = file.path.split("/")
    root = parts[0]
    if not file.path.isprintable():  # a name that is no UTF-8 could not be written down
        found.unknown.append((ascii(file.path), "its path is not printable text"))
        return
    if root == "dynamodb" and len(parts) > 2:
        dataset = datasets.get(parts[1])
        if dataset is not None and dataset.source == root and dataset.format == TABLE_DUMPS:
            found.dumps.setdefault(dataset.name, []).append(file)
            return
    if any(unfinished(part) for part in parts):
        return
    if root == "events" and len(parts) > 3:
        _, region, name, rest = file.path.split("/", 3)
        if region not in REGIONS:
            found.unknown.append((file.path, f"the region {region} is none of {', '.join(REGIONS)}"))
            return
        kind = EVENT_STREAM
    elif root == "catalog" and len(parts) > 2:
        _, name, rest = file.path.split("/", 2)
        region, kind = None, CHANGE_MESSAGES
    else:
        found.unknown.append((file.path, "no dataset's files lie there"))
        return
    dataset = datasets.get(name)
    if dataset is None or dataset.source != root or dataset.format != kind:
        found.unknown.append((file.path, f"no contract of the source {root} is named {name}"))
    elif not _DELIVERED.fullmatch(rest):
        found.unknown.append((file.path, "it does not lie in a folder YYYY/MM/DD/HH or YYYY/MM/DD"))
    else:
        file = Found(file.path, file.inbox, file.size, file.mtime_ns, region)
        found.files.setdefault(name, []).append(file)
