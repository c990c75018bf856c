"""Play events as they arrive: mostly right, some late, some twice, some drifted, a few broken in every way there is.

    python -m benchmarks.landing.generate FOLDER RECORDS

Below FOLDER, five inboxes of the same records, each with the same hours:

    dirty       12 files, one an hour, with everything below
    gz          the same, gzipped
    minutes     the same bytes, cut at ends of lines into 120 files an hour
    clean       12 files without what readers that check nothing stumble over
    quarter     the first three of the clean ones

Prints what is in them as JSON. The same number of records gives the same bytes.
"""

import gzip
import json
import random
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing import Pool
from pathlib import Path
from typing import Any

HOURS, FILES_AN_HOUR = 12, 120
FIRST = datetime(2026, 3, 1)
DUPLICATE, DRIFTED, LATE, BROKEN, CARRIAGE_RETURN, ESCAPED = 0.01, 0.02, 0.005, 0.001, 0.0002, 0.01
LONG = 5_000_000  # bytes of the one long line
CLIENTS = ("web-za", "ios-za", "android-za", "speaker-ng", "web-ng", "partner-x")
COUNTRIES = ("ZA", "NG", "KE", "GB", "US", "DE", "FR", "IN", "BR", "JP")
PLATFORMS = ("ios", "android", "web", "speaker", "watch", "car")
ACTIONS = ("heartbeat", "heartbeat", "heartbeat", "pause", "resume", "stop", "skip")
SOURCES = ("tidal", "deezer", "radio", "local", "podcast")
GENRES = ("afrobeats", "amapiano", "house", "rock", "jazz", "hip-hop", "drama & comedy", "Ünïcode — é")

# What may befall a line: each makes one quarantined record of it, but for the empty and the glued one.
BROKEN_BY: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda line, chance: line[: chance.randrange(5, len(line) - 3)],
    "text for a number": lambda line, _: line.replace(b'"secondslistened":', b'"secondslistened":"abc","x":'),
    "object for a text": lambda line, _: line.replace(b'"userid":"', b'"userid":{"a":1},"y":"'),
    "missing": lambda line, _: b"{" + line[line.index(b'"eventtime"') :],
    "null": lambda line, _: line.replace(b'"playid":"', b'"playid":null,"y":"'),
    "not in enum": lambda line, _: line.replace(b'"action":"', b'"action":"explode_'),
    "out of range": lambda line, _: line.replace(b'"secondslistened":', b'"secondslistened":-1'),
    "bad UTF-8": lambda line, _: line.replace(b'"genre":"', b'"genre":"\xff\xfe'),
    "raw NUL": lambda line, _: line.replace(b'"genre":"', b'"genre":"\0'),
    "huge number": lambda line, _: line.replace(b'"durationseconds":', b'"durationseconds":1e999,"x":'),
    "duplicate key": lambda line, _: line.replace(b'"userid":"', b'"userid":"other","userid":"'),
    "too deep": lambda line, _: line[:-1] + b',"x":' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
    "no such day": lambda line, _: line.replace(b'"eventtime":"2026-03-0', b'"eventtime":"2026-02-3'),
    "trailing text": lambda line, _: line + b"xyz",
    "NaN": lambda line, _: line.replace(b'"secondslistened":', b'"secondslistened":NaN,"x":'),
    "number for a text": lambda line, _: line.replace(b'"contentid":"', b'"contentid":5,"x":"'),
    "boolean for a text": lambda line, _: line.replace(b'"contenttype":"', b'"contenttype":true,"x":"'),
    "empty": lambda line, _: b"",
    "glued": lambda line, _: line + line,
}


def event(chance: random.Random, hour: int) -> bytes:
    """A record as a producer writes it, about 400 bytes."""
    happened = FIRST + timedelta(hours=hour, milliseconds=chance.randrange(3_600_000))
    if chance.random() < LATE:
        happened -= timedelta(hours=chance.randrange(1, 30))
    sent = happened + timedelta(milliseconds=chance.randrange(20, 2000))
    received = sent + timedelta(milliseconds=chance.randrange(50, 18_000))
    user = int(chance.paretovariate(0.7) * 50) % 300_000
    record: dict[str, Any] = {
        "eventid": f"{chance.getrandbits(128):032x}",
        "eventtime": happened.isoformat(timespec="milliseconds") + "Z",
        "senttime": sent.isoformat(timespec="milliseconds") + "Z",
        "receivedtime": received.isoformat(timespec="milliseconds") + "Z",
        "clientid": chance.choice(CLIENTS),
        "userid": f"u{user:07}",
        "countrycode": chance.choice(COUNTRIES),
        "platform": chance.choice(PLATFORMS),
        "playid": f"{chance.getrandbits(64):016x}",
        "action": chance.choice(ACTIONS),
        "secondslistened": round(min(chance.expovariate(1 / 30), 3600), 3),
        "musicsource": chance.choice(SOURCES),
        "contentid": f"track-{chance.randrange(2_000_000)}",
        "contenttype": "track",
        "genre": chance.choice(GENRES),
        "durationseconds": chance.randrange(30, 600),
    }
    if chance.random() < ESCAPED:
        record["title"] = 'The "other" one'
    if chance.random() < DRIFTED:
        record["experiment"] = {"name": f"exp{chance.randrange(9)}", "arm": chance.choice("AB")}
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def hour_of(hour: int, records: int) -> tuple[list[bytes], list[bytes], dict[str, int]]:
    """Lines of an hour with and without dirt, their ends included, and how many of each kind are broken."""
    chance = random.Random(hour)
    dirty: list[bytes] = []
    clean: list[bytes] = []
    broken: dict[str, int] = {}
    kinds = list(BROKEN_BY)
    line = b""
    for number in range(records):
        if not line or chance.random() >= DUPLICATE:
            line = event(chance, hour)
        clean.append(line + b"\n")
        if chance.random() < BROKEN:
            kind = chance.choice(kinds)
            broken[kind] = broken.get(kind, 0) + 1
            dirty.append(BROKEN_BY[kind](line, chance) + b"\n")
        elif number == records // 2 and hour == 5:
            dirty.append(line[:-1] + b',"blob":"' + b"x" * LONG + b'"}\n')
        elif number == 0 and hour == 7:
            dirty.append(b"\xef\xbb\xbf" + line + b"\n")
        elif chance.random() < CARRIAGE_RETURN:
            dirty.append(line + b"\r\n")
        else:
            dirty.append(line + (b"" if number == records - 1 and hour % 2 else b"\n"))
    return dirty, clean, broken


def write(folder: Path, hour: int, records: int) -> dict[str, Any]:
    """One hour of all inboxes."""
    dirty, clean, broken = hour_of(hour, records)
    path = f"events/eu/play/{FIRST + timedelta(hours=hour):%Y/%m/%d/%H}"
    text = b"".join(dirty)
    _put(folder / "dirty" / path / "stream.json", text)
    _put(folder / "gz" / path / "stream.json.gz", gzip.compress(text, 6, mtime=0))
    _put(folder / "clean" / path / "stream.json", b"".join(clean))
    if hour < HOURS // 4:
        _put(folder / "quarter" / path / "stream.json", b"".join(clean))
    for part in range(FILES_AN_HOUR):
        lines = dirty[part * records // FILES_AN_HOUR : (part + 1) * records // FILES_AN_HOUR]
        _put(folder / "minutes" / path / f"stream-{part:03}.json", b"".join(lines))
    return {"records": records, "bytes": len(text), "clean_bytes": sum(map(len, clean)), "broken": broken}


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def generate(folder: Path, records: int) -> dict[str, Any]:
    """All inboxes; what is in them."""
    with Pool(2) as pool:
        hours = pool.starmap(write, [(folder, hour, records // HOURS) for hour in range(HOURS)], chunksize=1)
    broken: dict[str, int] = {}
    for hour in hours:
        for kind, count in hour["broken"].items():
            broken[kind] = broken.get(kind, 0) + count
    sums = {name: sum(hour[name] for hour in hours) for name in ("records", "bytes", "clean_bytes")}
    return {**sums, "broken": dict(sorted(broken.items()))}


if __name__ == "__main__":
    print(json.dumps(generate(Path(sys.argv[1]), int(sys.argv[2])), indent=2))
