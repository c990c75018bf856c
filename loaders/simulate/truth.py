"""The account of a messy inbox, written while it grows: what stands in each file, what is refused, what waits."""

from pathlib import Path
from typing import Any

import msgspec

from loaders.simulate.mess import Account

BEGINNING = b'{"arguments":'


class Truth:
    """Writes `truth.json`: one JSON document, an entry a line, so that its size never lies in memory.

    `arguments` of the simulation · `files`: path below the inbox → its `mess.Account` · `refused`: file or export
    → why a loader has to refuse it · `waiting`: exports that are not complete · `ignored`: files that are no
    deliveries (yet) · `totals` over `files`.
    """

    def __init__(self, path: Path, arguments: dict[str, Any]) -> None:
        self.path = path
        self._file = path.open("wb")
        self._refused: dict[str, str] = {}
        self._waiting: list[str] = []
        self._ignored: list[str] = []
        self._totals = {"files": 0, "records": 0, "valid": 0, "broken": 0, "blank_lines": 0, "duplicates": 0}
        self._file.write(BEGINNING + b'%b,\n"files":{' % msgspec.json.encode(arguments))

    @staticmethod
    def wrote(path: Path) -> bool:
        """Whether a file is such an account, finished or not."""
        with path.open("rb") as file:
            return file.read(len(BEGINNING)) == BEGINNING

    def add(self, path: str, account: Account) -> None:
        """Enter a file."""
        self._file.write(b"\n" if self._totals["files"] == 0 else b",\n")
        self._file.write(msgspec.json.encode(path) + b":" + msgspec.json.encode(account.as_json()))
        self._totals["files"] += 1
        self._totals["records"] += account.records
        self._totals["valid"] += account.valid
        self._totals["broken"] += len(account.broken)
        self._totals["blank_lines"] += account.blank_lines
        self._totals["duplicates"] += account.duplicates

    def refuse(self, path: str, reason: str) -> None:
        """Enter a file or export that must not be landed."""
        self._refused[path] = reason

    def wait(self, folder: str) -> None:
        """Enter an export that never became complete."""
        self._waiting.append(folder)

    def ignore(self, path: str) -> None:
        """Enter a file that is to be left alone."""
        self._ignored.append(path)

    def close(self) -> None:
        """Finish the document."""
        rest = {
            "refused": self._refused,
            "waiting": self._waiting,
            "ignored": self._ignored,
            "totals": self._totals,
        }
        self._file.write(b"\n},\n" + msgspec.json.encode(rest)[1:] + b"\n")
        self._file.close()
