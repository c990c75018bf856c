"""Inboxes and lakes in a bucket for tests: to fill them, and to see what a lake holds, without Earshot's own code."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from loaders import bucket
from tests.loaders.faults import Proxy
from tests.loaders.support import Place, play
from tests.loaders.test_exports import export
from tests.s3 import Server, serving

# How many times more seeds and kills than in every run: 10 or more are for a change of loaders/{bucket,locks,loads}.py.
MORE = int(os.environ.get("EARSHOT_TEST_FAULTS", "1"))
# What differs between two runs over the same inbox.
OF_A_RUN = ("_load_id", "_landed_at", "load_id", "landed_at", "load_date", "seconds")


@dataclass(frozen=True)
class Rig:
    """A server that speaks S3 behind a proxy that the environment leads to."""

    server: Server
    proxy: Proxy

    def fill(self, prefix: str, files: dict[str, bytes]) -> None:
        for path, content in files.items():
            self.server.client.put_object(Bucket="bucket", Key=f"{prefix}/{path}".lstrip("/"), Body=content)

    def clear(self, prefix: str) -> None:
        for key in self.all_keys(prefix):
            self.server.client.delete_object(Bucket="bucket", Key=key)

    def all_keys(self, prefix: str) -> list[str]:
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def lake(self, prefix: str) -> dict[str, bytes]:
        """Every object below a prefix, by its path there."""
        get = self.server.client.get_object
        keys = self.all_keys(f"{prefix}/")
        return {key[len(prefix) + 1 :]: get(Bucket="bucket", Key=key)["Body"].read() for key in keys}

    def uploads(self) -> list[str]:
        """The keys of uploads that were begun and neither ended nor given up."""
        return [found["Key"] for found in self.server.client.list_multipart_uploads(Bucket="bucket").get("Uploads", [])]


@contextmanager
def rig() -> Iterator[Rig]:
    """A server and its proxy, with a bucket named `bucket`; nothing waits long between two attempts."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with serving("bucket") as server, pytest.MonkeyPatch.context() as patched:
        proxy = Proxy(server.endpoint)
        patched.setenv("EARSHOT_S3_ENDPOINT", proxy.endpoint)
        hurry(patched)
        bucket._made.cache_clear()
        yield Rig(server, proxy)
        proxy.close()
        bucket._made.cache_clear()


def hurry(patched: pytest.MonkeyPatch) -> None:
    """Let clients wait for milliseconds where they would for seconds."""
    from botocore.retries.standard import ExponentialBackoff

    patched.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.005)
    patched.setattr(bucket, "pause", lambda attempt: 0.005)


def platform(folder: Path, large: bool = False) -> dict[str, bytes]:
    """An inbox with every kind of file, dirty ones and odd names among them, by path."""
    place = Place(folder)
    hour = "2026/03/01/03"
    for at in range(3):
        events = [play(eventid=f"e{at}-{n}", eventtime=1772334900123 + n * 10**8) for n in range(4)]
        place.put(f"events/eu/play/{hour}/part {at}+100%=ü.json", [*events, {"eventid": at}])
    text = b"".join(json.dumps(play(eventid=f"gz{n}")).encode() + b"\n" for n in range(5)) + b"{broken\n"
    place.put("events/cn/play/2026/03/02/packed.json.gz", gzip.compress(text, mtime=0))
    place.put(f"events/eu/play/{hour}/empty.json", b"")
    place.put(f"events/eu/play/{hour}/_unfinished.json", b"{")
    place.put("events/us/play/2026/03/01/unknown.json", [play()])
    shows = [
        {
            "op": "upsert",
            "updatedat": 1772334900000 + n,
            "showid": f"s{n}",
            "creatorid": "c",
            "title": "t",
            "status": "live",
        }
        for n in range(3)
    ]
    place.put("catalog/shows/2026/03/01/changes.jsonl", [*shows, {"op": "nothing"}])
    export(place)
    items = [{"id": {"s": f"d{n}"}, "model": {"s": "m"}, "clientId": {"s": "c"}} for n in range(3)]
    registered = {"registeredAt": {"s": "2026-01-01T00:00:00Z"}}
    place.put("dynamodb/devices/2026-03-01-00-00-00/part-0", [item | registered for item in items])
    place.put("dynamodb/devices/2026-03-01-00-00-00/_SUCCESS", b"")
    if large:
        line = json.dumps(play(note="x" * 4000)).encode() + b"\n"
        place.put(f"events/eu/play/{hour}/large.json", line * 2500)
    return {
        path.relative_to(place.inbox).as_posix(): path.read_bytes() for path in place.inbox.rglob("*") if path.is_file()
    }


def content(lake: dict[str, bytes]) -> dict[str, Counter[str]]:
    """The rows of a lake by folder, without what differs from run to run."""
    found: dict[str, Counter[str]] = {}
    for path, file in lake.items():
        if path.startswith(("raw/", "quarantine/")):
            folder = path.rsplit("/", 1)[0].split("/load_date=")[0]
            for row in pq.read_table(io.BytesIO(file)).to_pylist():
                kept = {name: value for name, value in row.items() if name not in OF_A_RUN}
                found.setdefault(folder, Counter())[repr(sorted(kept.items()))] += 1
    return found


def require_whole(lake: dict[str, bytes], settled: bool = True) -> None:
    """Every Parquet file belongs to a load that is there with all of its files; `settled`: and nothing else waits."""
    records = [json.loads(file) for path, file in lake.items() if path.startswith("loads/") and path.endswith(".json")]
    removed = {path for record in records for path in record.get("removed", [])}
    files = {
        file["path"]: file["bytes"] for record in records for file in record["files"] if file["path"] not in removed
    }
    there = {path: len(file) for path, file in lake.items() if path.startswith(("raw/", "quarantine/"))}
    assert {path: there.get(path) for path in files} == files
    if settled:
        assert there == files
        odd = [
            path
            for path in lake
            if not path.endswith((".parquet", ".json", ".jsonl")) or path.startswith(("readers/", "tmp/"))
        ]
        assert odd == []
        assert lake["lock.json"] == b"{}\n"


def seen(lake: dict[str, bytes]) -> dict[str, Counter[str]]:
    """What a reader sees that follows the rule: files of loads up to the newest, but for those a load took away."""
    loads = {
        path[6:-5]: json.loads(file)
        for path, file in lake.items()
        if path.startswith("loads/") and path.endswith(".json")
    }
    if not loads:
        return {}
    newest = max(loads)
    retired: set[Any] = set()
    for path, file in lake.items():
        if path.endswith(".intent") and path[6:-7] in loads:
            retired.update(json.loads(file)["removes"])
    return content(
        {path: file for path, file in lake.items() if path.rsplit("/", 1)[-1] < f"{newest}~" and path not in retired}
    )
