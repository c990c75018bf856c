"""Inbox and lake in a bucket: the same as in folders, row for row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts, quarantine
from loaders.compact import compact
from loaders.land import Report, land
from loaders.replay import replay
from loaders.store import open_store
from tests.loaders.buckets import Rig, content, platform, require_whole, rig
from tests.loaders.support import DATASETS, mended, play


@pytest.fixture(scope="module")
def there() -> Iterator[Rig]:
    with rig() as made:
        yield made


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return platform(tmp_path_factory.mktemp("platform"), large=True)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)


def in_folder(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def told(report: Report) -> dict[str, Any]:
    kept = {name: vars(counts) for name, counts in report.datasets.items()}
    return {"datasets": kept, "refused": report.refused, "waiting": report.waiting, "unknown": report.unknown}


@pytest.fixture(scope="module")
def straight(inbox: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Any]:
    """What landing from a folder into a folder tells, and what the lake holds then."""
    folder = tmp_path_factory.mktemp("straight")
    write(folder / "inbox", inbox)
    report = land(str(folder / "inbox"), str(folder / "lake"), workers=1)
    assert report.datasets["play"].quarantined == 4 and report.unknown
    return told(report), content(in_folder(folder / "lake"))


@pytest.mark.parametrize(
    ("of_inbox", "of_lake", "workers"), [("s3", "s3", 2), ("folder", "s3", 1), ("s3", "folder", 1)]
)
def test_a_bucket_is_as_good_as_a_folder(
    of_inbox: str, of_lake: str, workers: int, there: Rig, inbox: dict[str, bytes], straight: Any, tmp_path: Path
) -> None:
    name = f"{of_inbox}{of_lake}{workers}"
    write(tmp_path / "inbox", inbox)
    there.fill(f"{name}/in box", inbox)
    source = f"s3://bucket/{name}/in box" if of_inbox == "s3" else str(tmp_path / "inbox")
    target = f"s3://bucket/{name}/la+ke" if of_lake == "s3" else str(tmp_path / "lake")

    def held() -> dict[str, bytes]:
        return there.lake(f"{name}/la+ke") if of_lake == "s3" else in_folder(tmp_path / "lake")

    report = land(source, target, workers=workers)
    assert (told(report), content(held())) == straight
    if of_lake == "s3":
        require_whole(held())
    before = held()
    assert land(source, target, workers=workers).load_id is None
    assert held() == before

    changed = "events/eu/play/2026/03/01/03/part 0+100%=ü.json"
    text = inbox[changed].replace(b"e0-1", b"e9-1")
    there.fill(f"{name}/in box", {changed: text})
    write(tmp_path / "inbox", {changed: text})
    assert [path for path, _ in land(source, target).refused] == [changed]
    assert held() == before
    relanded = land(source, target, again=changed)
    assert relanded.refused == [] and relanded.datasets["play"].landed == 4
    if of_lake == "s3":
        require_whole(held())
    rows = str(content(held()))
    assert "e9-1" in rows and "e0-1" not in rows and "e0-0" in rows


def test_names_of_folders_and_the_root_of_a_bucket(there: Rig) -> None:
    """Consoles make objects `folder/` to show a folder; they are no files."""
    there.server.client.create_bucket(Bucket="rooted")
    line = json.dumps(play()).encode()
    path = "events/eu/play/2026/03/01/a.json"
    for key, body in (("events/", b""), ("events/eu/play/2026/03/01/", b""), ("empty/", b""), (path, line)):
        there.server.client.put_object(Bucket="rooted", Key=key, Body=body)
    report = land("s3://rooted", "s3://rooted/lake/")
    assert report.datasets["play"].landed == 1
    # The lake lies in the inbox here: its files are told as such, and nothing else.
    assert all(path.startswith("lake/") for path, _ in report.unknown)
    assert open_store("s3://rooted", "X").folders() == ["empty", "events", "lake"]


def test_more_keys_than_a_page_has(there: Rig) -> None:
    line = json.dumps(play()).encode()
    objects = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for at in range(1005):  # not through the server, which would take its time
        objects.put_object("bucket", f"paged/inbox/events/eu/play/2026/03/01/{at:05}.json", line)
    store = open_store("s3://bucket/paged/inbox", "X")
    assert len(store.files()) == 1005
    there.proxy.forget()
    assert len(store.files("events/eu")) == 1005
    assert there.proxy.kinds() == {"list": 2}
    assert store.files("events/e") == [] and store.files("nothing") == []


def test_the_commands_on_a_bucket(
    there: Rig, inbox: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.fill("commands/inbox", {path: text for path, text in inbox.items() if "large" not in path})
    monkeypatch.setenv("EARSHOT_INBOX", "s3://bucket/commands/inbox")
    monkeypatch.setenv("EARSHOT_LAKE", "s3://bucket/commands/lake")
    monkeypatch.setenv("EARSHOT_WAREHOUSE", str(tmp_path / "w.duckdb"))
    monkeypatch.setenv("EARSHOT_SERVING", str(tmp_path / "serving"))

    def earshot(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == code, result.output
        return result.stdout

    assert json.loads(earshot("land", "--json"))["listed_from"] is None
    assert json.loads(earshot("land", "--json"))["listed_from"] == "2026-02-23"
    assert "looked at deliveries since 2026-02-23" in earshot("land")
    assert json.loads(earshot("land", "--all", "--json"))["listed_from"] is None
    assert "not_an_object" not in earshot("quarantine", "list") and "not_json" in earshot("quarantine", "list")
    assert "part 0+100%=ü.json" in earshot("quarantine", "show", "--dataset", "play")
    earshot("quarantine", "replay")
    require_whole(there.lake("commands/lake"))
    findings = json.loads(earshot("doctor", "--json", code=1))["findings"]
    found = {(one["group"], one["name"]): one["found"] for one in findings}
    assert found["inbox", "EARSHOT_INBOX"] == "s3://bucket/commands/inbox: catalog, dynamodb, events"
    assert found["lake", "writer"] == "none"
    assert found["lake", "events.play"].startswith("newest date 2026-03-")


def test_a_replay_lands_what_passes_now(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [play(eventid="e1"), play(eventid="e2", action="seek"), play(eventid="e3", action="no")]
    text = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    there.fill("replay/inbox", {"events/eu/play/2026/03/01/a.json": text})
    lake = "s3://bucket/replay/lake"
    land("s3://bucket/replay/inbox", lake)
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"play": mended(DATASETS["play"], "action", "seek")})
    assert vars(replay(lake)["play"]) == {"landed": 1, "quarantined": 1}
    held = there.lake("replay/lake")
    require_whole(held)
    [(folder, rows)] = [(name, rows) for name, rows in content(held).items() if name.startswith("raw/events/play")]
    assert folder and sorted("e1" in row or "e2" in row for row in rows) == [True, True]
    [record] = quarantine.show(open_store(lake, "X"))
    assert b"e3" in bytes(str(record["record"]), "utf-8")


def test_a_lake_in_a_bucket_is_compacted(there: Rig) -> None:
    lake = "s3://bucket/compact/lake"
    for part in range(3):
        text = json.dumps(play(eventid=f"e{part}")).encode() + b"\n{broken"
        there.fill("compact/inbox", {f"events/eu/play/2026/03/01/{part}.json": text})
        land("s3://bucket/compact/inbox", lake)
    before = content(there.lake("compact/lake"))
    report = compact(lake)
    assert (report.areas["play"].files_before, report.areas["play"].files_after) == (3, 1)
    after = there.lake("compact/lake")
    require_whole(after)
    assert content(after) == before
    assert land("s3://bucket/compact/inbox", lake).load_id is None
