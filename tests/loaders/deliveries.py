"""What systems deliver to an inbox in a few stages, small, dirty and made of chance, for the tests that interrupt."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

STREAMS: dict[str, dict[str, Any]] = {
    "play": {"playid": "p", "action": "heartbeat", "contentid": "c", "contenttype": "track", "secondslistened": 1.25},
    "navigation": {"screen": "home", "secondsonscreen": 3},
    "voicefeedback": {"utterance": "play some jazz", "outcome": "understood"},
}
DIRT: list[bytes] = [b"{broken", b"[]", b'{"eventid": "half"', b"\xff\xfe", b"{}", b'{"a": 1, "a": 2}', b"{} x"]


class Deliveries:
    """The deliveries of one seed into one inbox. The same seed gives the same files."""

    def __init__(self, inbox: Path, seed: int) -> None:
        self._inbox, self._random = inbox, Random(seed)
        self._written = 0

    def events(self, hour: int, zipped: bool = False) -> list[str]:
        """A file of every stream and region; the paths."""
        paths = []
        for region in ("eu", "cn"):
            for stream in STREAMS:
                path = f"events/{region}/{stream}/2026/03/01/{hour:02}/part" + (".gz" if zipped else "")
                self.event_file(path)
                paths.append(path)
        return paths

    def event_file(self, path: str) -> None:
        """A file of events: mostly of its day, some of earlier ones, some that a mended contract would take, dirt."""
        stream = path.split("/")[2]
        records = [self._event(stream) for _ in range(self._random.randint(1, 6))]
        if stream == "play":
            records.append(self._event(stream) | {"action": "seek"})
        lines = [json.dumps(record).encode() for record in records] + self._random.sample(DIRT, 2)
        self._random.shuffle(lines)
        text = b"\n".join(lines)
        self._put(path, gzip.compress(text, mtime=0) if path.endswith(".gz") else text)

    def _event(self, stream: str) -> dict[str, Any]:
        self._written += 1
        days_late = self._random.choice([0, 0, 0, 1, 2, 30])
        at = datetime(2026, 3, 1, self._random.randrange(24), tzinfo=UTC) - timedelta(days=days_late)
        envelope = {
            "eventid": f"e{self._written}",
            "eventtime": at.isoformat(),
            "receivedtime": "2026-03-01T23:59:59Z",
            "clientid": "c1",
            "undeclared": {"number": 1.10, "chance": self._random.random()},
        }
        return envelope | STREAMS[stream]

    def catalog(self, hour: int) -> None:
        """Change messages of shows."""
        rows = []
        for show in self._random.sample(range(9), 3):
            at = f"2026-03-01T{hour:02}:00:00Z"
            row = {"showid": f"s{show}", "creatorid": "c", "title": "t", "status": "live"}
            rows.append({"op": "upsert", "updatedat": at} | row)
        rows.append({"op": "nothing"})
        self._put(f"catalog/shows/2026/03/01/{hour:02}/changes", b"\n".join(json.dumps(row).encode() for row in rows))

    def pipeline(self, hour: int) -> str:
        """A Data Pipeline dump of devices in two files; its folder."""
        folder = f"dynamodb/devices/2026-03-01-{hour:02}-00-00"
        for part in range(2):
            items = [
                {
                    "id": {"s": f"d{part}{number}"},
                    "model": {"s": self._random.choice("abc")},
                    "clientId": {"s": "c"},
                    "registeredAt": {"s": "2026-01-01T00:00:00Z"},
                    "weight": {"n": f"{self._random.randint(1, 10**30)}.5"},
                }
                for number in range(self._random.randint(1, 4))
            ]
            text = b"\n".join([*(json.dumps(item).encode() for item in items), b'{"id": {"s": 1}}'])
            self._put(f"{folder}/part-{part}", text)
        self._put(f"{folder}/_SUCCESS", b"")
        return folder

    def native(self, number: int) -> str:
        """A native export of users in two files; its folder."""
        folder = f"dynamodb/users/AWSDynamoDB/{number:04}-abc"
        entries, total = [], 0
        for part in range(2):
            items = [self._user(f"u{part}{number}") for number in range(self._random.randint(1, 4))]
            text = b"".join(json.dumps({"Item": item}).encode() + b"\n" for item in items)
            content = gzip.compress(text, mtime=0)
            self._put(f"{folder}/data/{part}.json.gz", content)
            digest = base64.b64encode(hashlib.md5(content).digest()).decode()
            entry = {"itemCount": len(items), "md5Checksum": digest, "dataFileS3Key": f"x/data/{part}.json.gz"}
            entries.append(json.dumps(entry))
            total += len(items)
        self._put(f"{folder}/manifest-files.json", "\n".join(entries).encode())
        summary = {"exportType": "FULL_EXPORT", "exportTime": f"2026-03-01T0{number}:00:00Z", "itemCount": total}
        self._put(f"{folder}/manifest-summary.json", json.dumps(summary).encode())
        return folder

    def _user(self, name: str) -> dict[str, Any]:
        status = self._random.choice(["active", "active", "seek"])
        return {
            "id": {"S": name},
            "createdAt": {"S": "2026-01-01T00:00:00Z"},
            "clientId": {"S": "c"},
            "status": {"S": status},
            "email": {"S": f"{name}@example.org"},
        }

    def _put(self, path: str, content: bytes) -> None:
        place = self._inbox / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
