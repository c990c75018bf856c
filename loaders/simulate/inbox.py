"""The inbox that is being filled: its mark, its files, and how odd some of them are."""

import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from loaders.errors import EarshotError
from loaders.simulate import layouts
from loaders.simulate.clock import DAY, day_number
from loaders.simulate.delivery import CHANNELS
from loaders.simulate.layouts import NATIVE, PIPELINE, Dump, Part, Types
from loaders.simulate.mess import Account, oddity, spoil
from loaders.simulate.truth import Truth

# Begins with a dot, so that nobody takes it for a delivery.
MARK = ".simulated.json"
ROOMS = ("events", "dynamodb", "catalog")

# These streams and the region cn were delivered by the day, not by the hour, when the platform was younger.
YOUNG = ("events/eu/musicserviceauth", "events/eu/promotion")


class Inbox:
    """Writes deliveries and dumps below a folder, one at a time; `truth` is where the account of a mess stands."""

    def __init__(self, root: Path, arguments: dict[str, Any], *, force: bool) -> None:
        self._root = root
        self._arguments = arguments
        self._rng = Random(f"{arguments['seed']}/files")
        self._rate: float = arguments["mess"]
        days: int = arguments["days"]
        first_day = day_number(date.fromisoformat(arguments["end"])) - days + 1
        self._hourly_since = (first_day + days // 3) * 24
        self._last_hour = (first_day + days) * 24 - 1
        self.dumps = 0
        # Per table what the last sound native export holds: its time, and its typed items as JSON by id.
        self._exported: dict[str, tuple[int, dict[str, bytes]]] = {}
        self._files = 0
        self._bytes = 0
        truth = root.parent / "truth.json"
        _clear(root, truth, force=force)
        self._mark(complete=False)
        # Damage is spread over the days; every fourth damaged thing is an export, where there are native ones.
        count: int = arguments["broken_files"]
        exports = count // 4 if arguments["users"] else 0
        self._files_to_damage = [first_day + days * number // (count - exports) for number in range(count - exports)]
        native_days = days - days // 3
        self._exports_to_damage = [first_day + days // 3 + native_days * number // exports for number in range(exports)]
        self._truth = Truth(truth, arguments) if self._rate or count else None
        self.truth = truth if self._truth else None

    def _mark(self, *, complete: bool) -> None:
        mark = msgspec.json.encode({**self._arguments, "complete": complete})
        layouts.write(self._root, MARK, mark + b"\n")

    def _write(self, path: str, content: bytes) -> None:
        layouts.write(self._root, path, content)
        self._files += 1
        self._bytes += len(content)

    def deliver(self, channel: int, hour: int, lines: list[str]) -> None:
        """Write one delivery: the lines a channel has collected, in the hour (counted from 1970) it is delivered."""
        path, packed = self._place(channel, hour)
        if not self._truth:
            content = "\n".join([*lines, ""]).encode()
            self._write(path, layouts.gzipped(content) if packed else content)
            return
        rng = self._rng
        content, account = spoil(lines, rng, self._rate, path.split("/")[0])
        if packed:
            if self._files_to_damage and hour // 24 >= self._files_to_damage[0]:
                self._files_to_damage.pop(0)
                damaged, reason = layouts.damaged(layouts.gzipped(content), rng)
                self._write(path, damaged)
                self._truth.refuse(path, reason)
                return
            content = self._pack(content, account)
        self._write(path, content)
        self._truth.add(path, account)
        self._accompany(channel, hour, path, content, account)

    def _place(self, channel: int, hour: int) -> tuple[str, bool]:
        root = CHANNELS[channel]
        young = root.startswith("events/cn") or root in YOUNG
        folder = layouts.delivery_folder(root, hour, hourly=not young or hour >= self._hourly_since)
        name, packed = layouts.delivery_name(self._rng, root, hour)
        return f"{folder}/{name}", packed

    def _pack(self, content: bytes, account: Account) -> bytes:
        """Compress, in several members for once or with zeros behind."""
        if oddity(self._rng, self._rate):
            account.oddities.append("several_members")
            middle = self._rng.randrange(len(content) + 1)
            return layouts.gzipped(content[:middle]) + layouts.gzipped(b"") + layouts.gzipped(content[middle:])
        packed = layouts.gzipped(content)
        if oddity(self._rng, self._rate):
            account.oddities.append("zero_padding")
            return packed + bytes(512)
        return packed

    def _accompany(self, channel: int, hour: int, path: str, content: bytes, account: Account) -> None:
        """Put beside a delivery what should not matter: a copy, an empty file, files that are still being written."""
        rng = self._rng
        if not self._truth:
            return
        if oddity(rng, self._rate):
            later = min(hour + rng.choice((0, 1, 30)), self._last_hour)
            folder, name = self._place(channel, later)[0].rsplit("/", 1)[0], path.rsplit("/", 1)[1]
            copy = f"{folder}/copy-{rng.getrandbits(32):08x}-{name}"
            self._write(copy, content)
            self._truth.add(copy, account)
        if oddity(rng, self._rate):
            empty = f"{path.rsplit('/', 1)[0]}/{rng.getrandbits(64):016x}.json"
            self._write(empty, b"")
            self._truth.add(empty, Account(oddities=["empty"]))
        if oddity(rng, self._rate):
            folder, name = path.rsplit("/", 1)
            for unfinished in (f"_temp-{name}", f".{name}", f"{name}.tmp"):
                self._write(f"{folder}/{unfinished}", b'{"eventid":"half')
                self._truth.ignore(f"{folder}/{unfinished}")

    def dump(
        self, table: str, at: int, items: Callable[[Types], Iterable[dict[str, Any]]], native: bool, rng: Random
    ) -> None:
        """Export a table, natively or as the older dumps were."""
        lines = (layouts.encode_item(item, native=native) for item in items(NATIVE if native else PIPELINE))
        parts, accounts = [], []
        for part in layouts.spread(lines, rng, allow_empty=native):
            if self._rate:
                content, account = spoil([line.decode() for line in part], self._rng, self._rate, "dynamodb")
            else:
                content, account = b"".join(line + b"\n" for line in part), Account(len(part), len(part))
            parts.append(Part(content, account.records))
            accounts.append(account)
        make = layouts.native_export if native else layouts.pipeline_dump
        dump = make(table, at, parts, rng)
        self.dumps += 1
        if not self._truth:
            self._write_files(dump)
            return
        if oddity(self._rng, self._rate):
            begun = layouts.unfinished(make(table, at - 1000, parts, self._rng))
            self._write_files(begun)
            self._truth.wait(begun.folder)
        if native and self._exports_to_damage and at // DAY >= self._exports_to_damage[0]:
            self._exports_to_damage.pop(0)
            dump, reason = layouts.falsify(dump, self._rng)
            self._write_files(dump)
            self._truth.refuse(dump.folder, reason)
            return
        self._write_files(dump)
        if native and self._rate:
            self._exported[table] = at, _by_id(items)
        names = [name for name in dump.files if name.startswith("data/") or not (native or name == "_SUCCESS")]
        for name, account in zip(names, accounts, strict=True):
            self._truth.add(f"{dump.folder}/{name}", account)

    def changes(self, table: str, at: int, items: Callable[[Types], Iterable[dict[str, Any]]], rng: Random) -> None:
        """Export what changed in a table since its last native export; nothing where there is none or no mess."""
        if not self._truth or table not in self._exported:
            return
        since, before = self._exported[table]
        now = _by_id(items)
        lines = layouts.encode_changes(before, now, since, at, rng)
        parts = [
            Part(b"".join(line + b"\n" for line in part), len(part))
            for part in layouts.spread(lines, rng, allow_empty=True)
        ]
        export = layouts.native_export(table, at, parts, rng, since)
        self.dumps += 1
        self._write_files(export)
        names = [name for name in export.files if name.startswith("data/")]
        for name, part in zip(names, parts, strict=True):
            self._truth.add(f"{export.folder}/{name}", Account(part.items, part.items))
        self._exported[table] = at, now

    def _write_files(self, dump: Dump) -> None:
        for name, content in dump.files.items():
            self._write(f"{dump.folder}/{name}", content)

    def close(self) -> tuple[int, int]:
        """Finish; give back how many files and bytes were written."""
        if self._truth:
            self._truth.close()
        self._mark(complete=True)
        return self._files, self._bytes


def _by_id(items: Callable[[Types], Iterable[dict[str, Any]]]) -> dict[str, bytes]:
    return {item["id"]["S"]: msgspec.json.encode(item) for item in items(NATIVE)}


def _clear(root: Path, truth: Path, *, force: bool) -> None:
    """Make room. Only what an earlier simulation wrote is ever removed, and only by force."""
    if root.exists() and not root.is_dir():
        raise EarshotError(f"The inbox {root} is a file; name a folder in EARSHOT_INBOX.")
    if truth.exists() and not Truth.wrote(truth):
        raise EarshotError(f"{truth} is no account of a simulation; move it, or name another folder in EARSHOT_INBOX.")
    if root.is_dir() and any(root.iterdir()):
        if not (root / MARK).is_file():
            raise EarshotError(
                f"The inbox {root} holds files that no simulation wrote; name an empty folder in EARSHOT_INBOX."
            )
        if not force:
            raise EarshotError(
                f"The inbox {root} already holds a simulation; add --force to replace it, or name another folder "
                "in EARSHOT_INBOX."
            )
    for room in ROOMS:
        if (root / room).exists():
            shutil.rmtree(root / room)
    truth.unlink(missing_ok=True)
