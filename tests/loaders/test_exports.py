"""A dump is taken whole, when it is whole, and never by halves."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.loaders.support import Place

ROOT = "dynamodb/users/AWSDynamoDB/01772334900123-abcdef"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def item(number: int) -> dict[str, Any]:
    return {"id": {"S": f"u{number}"}, "createdAt": {"S": "2026-01-01T00:00:00Z"}, "clientId": {"S": "c"}}


def export(place: Place, root: str = ROOT, **summary: Any) -> list[Path]:
    """A native full export of five items in two files, one of them invalid; returns its files, manifests last."""
    contents = [[item(1), item(2), {"id": {"S": ""}}], [item(3), item(4)]]
    files, entries = [], []
    for number, items in enumerate(contents):
        text = b"".join(json.dumps({"Item": one}).encode() + b"\n" for one in items)
        files.append(place.put(f"{root}/data/part{number}.json.gz", gzip.compress(text, mtime=0)))
        md5 = base64.b64encode(hashlib.md5(files[-1].read_bytes()).digest()).decode()
        key = f"some/prefix/AWSDynamoDB/elsewhere/data/part{number}.json.gz"
        entries.append({"itemCount": len(items), "md5Checksum": md5, "etag": "x-1", "dataFileS3Key": key})
    manifest = {
        "exportType": "FULL_EXPORT",
        "exportTime": "2026-03-01T23:30:00.500Z",
        "itemCount": 5,
        "outputFormat": "DYNAMODB_JSON",
    }
    place.put(f"{root}/_started", b"")
    files.append(place.put(f"{root}/manifest-files.json", [*entries]))
    files.append(place.put(f"{root}/manifest-summary.json", json.dumps(manifest | summary).encode()))
    return files


def test_a_full_export_is_one_snapshot(place: Place) -> None:
    export(place)
    report = place.land()
    assert (report.refused, report.waiting, report.unknown) == ([], [], [])
    assert vars(report.datasets["users"]) == {"files": 2, "read": 5, "landed": 4, "quarantined": 1}
    snapshot = ("01772334900123-abcdef", datetime(2026, 3, 1, 23, 30, 0, 500000), date(2026, 3, 1))
    assert place.rows("users", "_snapshot_id, _snapshot_at, snapshot_date, id") == [
        (*snapshot, f"u{number}") for number in (1, 2, 3, 4)
    ]
    files = [str(path) for path in place.lake.rglob("raw/lake/loads/**/*.parquet")]
    assert place.query("select distinct snapshot_id, snapshot_at from lake", files) == [snapshot[:2]]
    assert place.land().load_id is None


@pytest.mark.parametrize("absent", [["manifest-summary.json"], ["manifest-files.json"], ["manifest-*"]])
def test_an_export_without_both_manifests_waits(absent: list[str], place: Place) -> None:
    export(place)
    kept = {}
    for pattern in absent:
        for path in (place.inbox / ROOT).glob(pattern):
            kept[path] = path.read_bytes()
            path.unlink()
    report = place.land()
    assert ([path for path, _ in report.waiting], report.refused, report.load_id) == ([ROOT], [], None)
    for path, content in kept.items():
        path.write_bytes(content)
    assert place.land().datasets["users"].landed == 4


def swap(path: Path, before: bytes, after: bytes) -> int:
    content = path.read_bytes()
    assert before in content
    return path.write_bytes(content.replace(before, after, 1))


DAMAGE: dict[str, Callable[[list[Path]], object]] = {
    "a data file has another MD5": lambda files: files[1].write_bytes(gzip.compress(b"{}\n")),
    "a data file is cut": lambda files: files[0].write_bytes(files[0].read_bytes()[:-1]),
    "a data file is absent": lambda files: files[0].unlink(),
    "a count differs": lambda files: (
        swap(files[2], b'"itemCount": 3', b'"itemCount": 4') and swap(files[3], b"5,", b"6,")
    ),
    "the sum differs": lambda files: swap(files[3], b'"itemCount": 5', b'"itemCount": 6'),
    "no MD5": lambda files: swap(files[2], b"md5Checksum", b"md5"),
    "an MD5 that is none": lambda files: swap(files[2], b'"md5Checksum": "', b'"md5Checksum": "!'),
    "no count": lambda files: swap(files[2], b'"itemCount": 3', b'"itemCount": "3"'),
    "no key": lambda files: swap(files[2], b"dataFileS3Key", b"key"),
    "a file twice": lambda files: swap(files[2], b"part1", b"part0"),
    "a manifest that is no JSON": lambda files: swap(files[2], b"{", b"["),
    "a summary that is no object": lambda files: files[3].write_bytes(b"[]"),
    "no time": lambda files: swap(files[3], b"exportTime", b"time"),
    "a time that is none": lambda files: swap(files[3], b"2026-03-01T23", b"2026-03-01T25"),
    "another format": lambda files: swap(files[3], b"DYNAMODB_JSON", b"ION"),
    "another type": lambda files: swap(files[3], b"FULL_EXPORT", b"HALF_EXPORT"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_an_export_that_differs_from_its_manifests_is_refused_whole(name: str, place: Place) -> None:
    files = export(place)
    good = [path.read_bytes() for path in files]
    DAMAGE[name](files)
    other = f"{ROOT}-other"
    export(place, other)
    for _ in range(2):  # and again while it does
        report = place.land()
        assert [path for path, _ in report.refused] == [ROOT]
    assert {row[0] for row in place.rows("users", "_snapshot_id")} == {other.rsplit("/", 1)[1]}
    for path, content in zip(files, good, strict=True):
        path.write_bytes(content)
    report = place.land()
    assert (report.refused, report.datasets["users"].landed) == ([], 4)


def test_an_export_that_changed_after_it_was_landed_is_named(place: Place) -> None:
    files = export(place)
    place.land()
    before = place.rows("users")
    files[0].write_bytes(gzip.compress(b""))
    assert [path for path, _ in place.land().refused] == [f"{ROOT}/data/part0.json.gz"]
    assert place.rows("users") == before


def dump(place: Place, stamp: str, items: list[dict[str, Any]], success: bool = True) -> str:
    root = f"dynamodb/users/{stamp}"
    place.put(f"{root}/part", items)
    place.put(f"{root}/manifest", b'{"name":"DynamoDB-export","version":3,"entries":[]}')
    if success:
        place.put(f"{root}/_SUCCESS", b"")
    return root


def test_a_data_pipeline_dump_is_a_snapshot_of_its_folder_s_time(place: Place) -> None:
    dump(place, "2026-02-28-23-59-59", [item(1)])
    waiting = dump(place, "2026-03-01-01-00-00", [item(2)], success=False)
    wrong = dump(place, "2026-13-01-01-00-00", [item(3)])
    report = place.land()
    assert [path for path, _ in report.waiting] == [waiting]
    assert [path for path, _ in report.refused] == [wrong]
    assert place.rows("users", "_snapshot_id, _snapshot_at, id") == [
        ("2026-02-28-23-59-59", datetime(2026, 2, 28, 23, 59, 59), "u1")
    ]
    place.put("dynamodb/users/2026-02-28-23-59-59/more", [item(4)])
    [(path, why)] = [one for one in place.land().refused if one[0] != wrong]
    assert path == "dynamodb/users/2026-02-28-23-59-59" and "more is new" in why


def test_an_empty_dump_makes_no_load(place: Place) -> None:
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    assert place.land().load_id is None
    assert place.land().refused == []


def test_a_landed_dump_whose_files_all_have_other_names_has_changed(place: Place) -> None:
    root = dump(place, "2026-02-28-23-59-59", [item(1)])
    place.land()
    (place.inbox / root / "part").rename(place.inbox / root / "other")
    assert [path for path, _ in place.land().refused] == [root]
    place.land(again=root)
    assert place.rows("users", "id, _source_file") == [("u1", f"{root}/other")]
    assert place.land().refused == []
