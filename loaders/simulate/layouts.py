"""How the other systems lay out their files: compression and names of deliveries, DynamoDB exports and dumps."""

import base64
import hashlib
import zlib
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from loaders.simulate.clock import HOUR, MINUTE, text, to_datetime

ITEMS_PER_DATA_FILE = 2_000


class Types(NamedTuple):
    """The names of DynamoDB's types in one of the two styles of export."""

    S: str
    N: str
    B: str
    BOOL: str
    NULL: str
    M: str
    L: str
    SS: str


NATIVE = Types("S", "N", "B", "BOOL", "NULL", "M", "L", "SS")
PIPELINE = Types("s", "n", "b", "bOOL", "nULLValue", "m", "l", "sS")


def gzipped(content: bytes) -> bytes:
    """Compress as one gzip member without a name and a time, so that equal contents give equal bytes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def delivery_folder(root: str, hour: int, *, hourly: bool) -> str:
    """Name the folder of what is delivered in an hour (counted from 1970); older deliveries know only the day."""
    at = to_datetime(hour * HOUR)
    return f"{root}/{at:%Y/%m/%d/%H}" if hourly else f"{root}/{at:%Y/%m/%d}"


def delivery_name(rng: Random, root: str, hour: int) -> tuple[str, bool]:
    """Choose a file's name in its folder and whether the content is gzipped, which not every name tells."""
    parts = root.split("/")
    stem = f"{'-'.join(parts[1:])}-1-{to_datetime(hour * HOUR):%Y-%m-%d-%H-00-00}-{rng.getrandbits(64):016x}"
    draw = rng.random()
    if draw < 0.62:
        return stem + rng.choice((".json.gz", ".json.gz", ".jsonl.gz", ".ndjson.gz", ".gz")), True
    if draw < 0.74:
        return stem + rng.choice(("", ".json", ".jsonl")), True
    return stem + rng.choice(("", ".json", ".json", ".jsonl", ".ndjson")), False


class Part(NamedTuple):
    """What a data file of a dump holds."""

    content: bytes
    items: int


class Dump(NamedTuple):
    """A dump's place below the inbox and its files, complete."""

    folder: str
    files: dict[str, bytes]


def spread(items: Iterable[bytes], rng: Random, *, allow_empty: bool) -> list[list[bytes]]:
    """Distribute items over data files as the table's partitions do; now and then one stays empty."""
    lines = list(items)
    count = max(2, -(-len(lines) // ITEMS_PER_DATA_FILE))
    parts: list[list[bytes]] = [lines[number::count] for number in range(count)]
    if allow_empty and rng.random() < 0.3:
        parts.append([])
    return parts


def native_export(table: str, at: int, parts: list[Part], rng: Random, since: int | None = None) -> Dump:
    """Lay out a native export, an incremental one when it begins `since` a time: gzipped data files and the manifests
    that list them."""
    export = f"{at:014d}-{rng.getrandbits(32):08x}"
    prefix = f"AWSDynamoDB/{export}"
    files = {"_started": b""}
    listing = []
    for part in parts:
        name = f"data/{rng.getrandbits(130):026x}.json.gz"
        content = gzipped(part.content)
        files[name] = content
        digest = hashlib.md5(content, usedforsecurity=False)
        listing.append(
            {
                "itemCount": part.items,
                "md5Checksum": base64.b64encode(digest.digest()).decode(),
                "etag": f"{digest.hexdigest()}-1",
                "dataFileS3Key": f"{prefix}/{name}",
            }
        )
    arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}"
    summary = {
        "version": "2023-08-01",
        "exportArn": f"{arn}/export/{export}",
        "startTime": text(at + 2 * MINUTE),
        "endTime": text(at + 9 * MINUTE),
        "tableArn": arn,
        "tableId": "6f2b9c1e-5a57-4f0c-9d9b-0f6d1c1f7a11",
        **({"exportTime": text(at)} if since is None else {"exportFromTime": text(since), "exportToTime": text(at)}),
        "s3Bucket": "earshot-inbox",
        "s3Prefix": f"dynamodb/{table}",
        "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"{prefix}/manifest-files.json",
        "billedSizeBytes": sum(len(part.content) for part in parts),
        "itemCount": sum(part.items for part in parts),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT" if since is None else "INCREMENTAL_EXPORT",
        **({} if since is None else {"outputView": "NEW_AND_OLD_IMAGES"}),
    }
    manifests = {
        "manifest-files": b"".join(msgspec.json.encode(entry) + b"\n" for entry in listing),
        "manifest-summary": msgspec.json.encode(summary),
    }
    for name, content in manifests.items():
        files[f"{name}.json"] = content
        checksum = hashlib.md5(content, usedforsecurity=False).digest()
        files[f"{name}.md5"] = base64.b64encode(checksum)
    return Dump(f"dynamodb/{table}/{prefix}", files)


def pipeline_dump(table: str, at: int, parts: list[Part], rng: Random) -> Dump:
    """Lay out a dump as Data Pipeline wrote them: plain files and a mark that it is complete."""
    files = {}
    for part in parts:
        stem = f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}"
        files[f"{stem}-9{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}"] = part.content
    files["_SUCCESS"] = b""
    return Dump(f"dynamodb/{table}/{to_datetime(at):%Y-%m-%d-%H-%M-%S}", files)


def unfinished(dump: Dump) -> Dump:
    """The same dump before it was complete: what says so is missing."""
    marks = ("manifest-summary.json", "manifest-summary.md5", "_SUCCESS")
    return Dump(dump.folder, {name: content for name, content in dump.files.items() if name not in marks})


def falsify(dump: Dump, rng: Random) -> tuple[Dump, str]:
    """Let the manifest of a native export differ from a data file; give back the export and the reason to refuse it."""
    listing = [msgspec.json.decode(line) for line in dump.files["manifest-files.json"].splitlines()]
    entry = rng.choice(listing)
    if rng.random() < 0.5:
        entry["itemCount"] += 1
        reason = "item_count"
    else:
        entry["md5Checksum"] = base64.b64encode(rng.randbytes(16)).decode()
        reason = "md5"
    manifest = b"".join(msgspec.json.encode(entry) + b"\n" for entry in listing)
    return Dump(dump.folder, {**dump.files, "manifest-files.json": manifest}), reason


def damaged(packed: bytes, rng: Random) -> tuple[bytes, str]:
    """Damage a gzipped file as a broken transfer does; give back the bytes and the reason to refuse them."""
    draw = rng.random()
    if draw < 0.5:
        return packed[: rng.randrange(20, len(packed) - 1)], "truncated"
    if draw < 0.75:
        return packed[:-8] + bytes(byte ^ 0xFF for byte in packed[-8:-4]) + packed[-4:], "crc"
    return packed[:-4] + bytes(byte ^ 0x55 for byte in packed[-4:]), "length"


def encode_changes(before: dict[str, bytes], now: dict[str, bytes], since: int, at: int, rng: Random) -> list[bytes]:
    """Write what became of a table's typed items (JSON by id) between two times as lines of an incremental export."""
    lines = []
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        written = rng.randrange(since, at) * 1000 + rng.randrange(1000)
        change: dict[str, Any] = {"Metadata": {"WriteTimestampMicros": {"N": str(written)}}}
        change["Keys"] = {"id": {"S": key}}
        for image, item in (("NewImage", new), ("OldImage", old)):
            if item is not None:
                change[image] = msgspec.Raw(item)
        lines.append(msgspec.json.encode(change))
    return lines


def write(inbox: Path, path: str, content: bytes) -> None:
    """Put a file below the inbox, under a temporary name until it is whole."""
    target = inbox / path
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"_{target.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(target)


def encode_item(item: dict[str, Any], *, native: bool) -> bytes:
    """Write a typed item as a line of an export."""
    return msgspec.json.encode({"Item": item} if native else item)
