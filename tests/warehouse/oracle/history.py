"""Versions: what dumps and change messages say was true from when to when."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.warehouse.oracle.inbox import Dump, Message

UNTRACKED = {
    "users": {"birthYear", "email", "displayName", "updatedAt"},
    "devices": {"lastSeenAt", "updatedAt"},
}


@dataclass
class Version:
    """A row that was true in [valid_from, valid_to); `valid_to` is None while current.

    `ended_by_deletion` tells a version that the thing's deletion closed from one that another version replaced.
    """

    key: Any
    row: Mapping[str, Any]
    valid_from: datetime
    valid_to: datetime | None = None
    ended_by_deletion: bool = False


def dump_versions(dumps: list[Dump], untracked: Collection[str]) -> list[Version]:
    """A version starts at a dump's export time when a tracked attribute differs from the dump before, or when the id
    (re)appears; it closes at the next version's start or at the first dump without the id. The row is that of the
    version's first dump. `dumps` are in order."""
    versions: list[Version] = []
    current: dict[str, Version] = {}
    for dump in dumps:
        for key in [key for key in current if key not in dump.items]:
            gone = current.pop(key)
            gone.valid_to = dump.exported_at
            gone.ended_by_deletion = True
        for key, row in sorted(dump.items.items()):
            before = current.get(key)
            if before is not None:
                if _tracked(before.row, untracked) == _tracked(row, untracked):
                    continue
                before.valid_to = dump.exported_at
            current[key] = Version(key, row, dump.exported_at)
            versions.append(current[key])
    return versions


def message_versions(messages: list[Message]) -> list[Version]:
    """Messages of one key in order of updatedat; of several at one updatedat a delete counts, else the one with the
    greatest path, line and offset. One that says what was true already makes no version; a delete closes."""
    chosen: dict[tuple[Hashable, datetime], Message] = {}
    for message in messages:
        moment = (message.key, message.updated_at)
        if moment not in chosen or _strength(message) > _strength(chosen[moment]):
            chosen[moment] = message
    versions: list[Version] = []
    current: dict[Hashable, Version] = {}
    for message in sorted(chosen.values(), key=lambda message: (message.key, message.updated_at)):
        before = current.get(message.key)
        if message.is_delete:
            if before is not None:
                before.valid_to = message.updated_at
                before.ended_by_deletion = True
                del current[message.key]
            continue
        if before is not None:
            if before.row == message.row:
                continue
            before.valid_to = message.updated_at
        current[message.key] = Version(message.key, message.row, message.updated_at)
        versions.append(current[message.key])
    return versions


def last_versions(versions: list[Version]) -> dict[Any, Version]:
    """The current or last known version of each key."""
    last: dict[Any, Version] = {}
    for version in versions:
        if version.key not in last or version.valid_from > last[version.key].valid_from:
            last[version.key] = version
    return last


def _tracked(row: Mapping[str, Any], untracked: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in untracked}


def _strength(message: Message) -> tuple[bool, Any]:
    return (message.is_delete, message.origin)
