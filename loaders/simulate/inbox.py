"""The inbox that is being filled: its mark, its files, and the account of what was broken in them."""

import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from loaders.errors import EarshotError
from loaders.simulate import layouts
from loaders.simulate.clock import day_number
from loaders.simulate.delivery import CHANNELS
from loaders.simulate.layouts import NATIVE, PIPELINE, Types

# Begins with a dot, so that nobody takes it for a delivery.
MARK = ".simulated.json"
ROOMS = ("events", "dynamodb", "catalog")

# These streams and the region cn were delivered by the day, not by the hour, when the platform was younger.
YOUNG = ("events/eu/musicserviceauth", "events/eu/promotion")


class Inbox:
    """Writes deliveries and dumps below a folder. Holds one file at a time."""

    def __init__(self, root: Path, arguments: dict[str, Any], *, force: bool) -> None:
        self._root = root
        self._arguments = arguments
        self._rng = Random(f"{arguments['seed']}/files")
        days: int = arguments["days"]
        last = day_number(date.fromisoformat(arguments["end"]))
        self._hourly_since = (last - days + 1 + days // 3) * 24
        self.truth: Path | None = None
        self.dumps = 0
        self._files = 0
        self._bytes = 0
        _clear(root, force=force)
        self._mark(complete=False)

    def _mark(self, *, complete: bool) -> None:
        mark = msgspec.json.encode({**self._arguments, "complete": complete})
        layouts.write(self._root, MARK, mark + b"\n")

    def _write(self, path: str, content: bytes) -> None:
        layouts.write(self._root, path, content)
        self._files += 1
        self._bytes += len(content)

    def deliver(self, channel: int, hour: int, lines: list[str]) -> None:
        """Write one delivery: the lines a channel has collected, in the hour (counted from 1970) it is delivered."""
        root = CHANNELS[channel]
        young = root.startswith("events/cn") or root in YOUNG
        folder = layouts.delivery_folder(root, hour, hourly=not young or hour >= self._hourly_since)
        name, packed = layouts.delivery_name(self._rng, root, hour)
        content = "\n".join([*lines, ""]).encode()
        self._write(f"{folder}/{name}", layouts.gzipped(content) if packed else content)

    def dump(
        self, table: str, at: int, items: Callable[[Types], Iterable[dict[str, Any]]], native: bool, rng: Random
    ) -> None:
        """Export a table, natively or as the older dumps were."""
        lines = (layouts.encode_item(item, native=native) for item in items(NATIVE if native else PIPELINE))
        parts = layouts.spread(lines, rng, allow_empty=native)
        make = layouts.native_export if native else layouts.pipeline_dump
        dump = make(table, at, parts, rng)
        for name, content in dump.files.items():
            self._write(f"{dump.folder}/{name}", content)
        self.dumps += 1

    def close(self) -> tuple[int, int]:
        """Finish; give back how many files and bytes were written."""
        self._mark(complete=True)
        return self._files, self._bytes


def _clear(root: Path, *, force: bool) -> None:
    """Make room. Only what an earlier simulation wrote is ever removed, and only by force."""
    if root.exists() and not root.is_dir():
        raise EarshotError(f"The inbox {root} is a file; name a folder in EARSHOT_INBOX.")
    if not root.is_dir() or not any(root.iterdir()):
        return
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
