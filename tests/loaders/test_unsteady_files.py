"""Source files that change while they are read are refused, their neighbours land, and the next run takes them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from loaders import textfiles
from loaders.store import Folder
from tests.loaders.deliveries import Deliveries
from tests.loaders.killing import Loaders
from tests.loaders.lake_state import left_over
from tests.loaders.support import HOUR, Place, line

LARGE = f"events/eu/play/{HOUR}/large"
NEIGHBOURS = [f"events/eu/play/{HOUR}/{name}" for name in ("a", "z")]


def text(records: int, name: str = "e") -> bytes:
    return b"".join(line(eventid=f"{name}{at}") + b"\n" for at in range(records))


RECORDS, BLOCK = 60, 4096
WHOLE = text(RECORDS)
assert len(WHOLE) > 4 * BLOCK


def grow(place: Path) -> None:
    with place.open("ab") as file:
        file.write(b"\n" + line(eventid="more"))


def shrink(place: Path) -> None:
    os.truncate(place, place.stat().st_size - 3000)


def cut_to_nothing(place: Path) -> None:
    os.truncate(place, 0)


def replace(place: Path) -> None:
    other = place.with_name(".other")
    other.write_bytes(place.read_bytes()[::-1])
    other.replace(place)


def vanish(place: Path) -> None:
    place.unlink()


def touch(place: Path) -> None:
    os.utime(place, (1, 1))


CHANGES = [grow, shrink, cut_to_nothing, replace, vanish, touch]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(textfiles, "BLOCK", BLOCK)
    place = Place(tmp_path)
    for path in NEIGHBOURS:
        place.put(path, line(eventid=path))
    return place


def change_when_read(
    monkeypatch: pytest.MonkeyPatch, place: Path, change: Callable[[Path], None], after_blocks: int
) -> None:
    """Let a file change when so many blocks of it were read; 0: before it is opened, but after it was listed."""
    blocks, info = textfiles._blocks, Folder.info
    left = [change]

    def now(name: object) -> None:
        if left and str(name).endswith(place.name):
            left.pop()(place)

    def changing(file: Any, size: int) -> Iterator[bytes]:
        for number, block in enumerate(blocks(file, size), 1):
            if number == after_blocks:
                now(file.name)
            yield block

    def before(self: Folder, path: str) -> Any:
        if after_blocks == 0:
            now(path)
        return info(self, path)

    monkeypatch.setattr(textfiles, "_blocks", changing)
    monkeypatch.setattr(Folder, "info", before)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("after_blocks", [1, 2])
def test_a_file_that_changes_while_it_is_read(
    place: Place, change: Callable[[Path], None], after_blocks: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(WHOLE, compresslevel=0) if packed else WHOLE
    file = place.put(LARGE, content)
    with monkeypatch.context() as patched:
        change_when_read(patched, file, change, after_blocks)
        report = place.land()
    [(path, why)] = report.refused
    assert path == LARGE and ("while it was read" in why or "gzip" in why)
    assert [name for (name,) in place.rows("play", "distinct _source_file")] == NEIGHBOURS
    assert left_over(place.lake) == set()
    file.write_bytes(content)
    again = place.land()
    assert (again.refused, again.datasets["play"].landed) == ([], RECORDS)


def test_a_large_gzip_file_that_is_replaced_between_its_two_readings(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place.put(LARGE, gzip.compress(WHOLE, compresslevel=0))
    other = gzip.compress(text(RECORDS, "x"), compresslevel=0)
    unpack = textfiles._unpack
    calls: list[int] = []

    def changing(blocks: Iterator[bytes]) -> Iterator[bytes]:
        calls.append(1)
        if len(calls) == 2:
            file.write_bytes(other)
        return unpack(blocks)

    with monkeypatch.context() as patched:
        patched.setattr(textfiles, "KEPT", 1000)
        patched.setattr(textfiles, "_unpack", changing)
        report = place.land()
    assert report.refused == [(LARGE, "it changed while it was read")]
    assert len(place.rows("play")) == 2
    again = place.land()
    assert (again.refused, again.datasets["play"].landed) == ([], RECORDS)


def test_a_file_that_goes_after_it_was_listed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    file = place.put(LARGE, WHOLE)
    change_when_read(monkeypatch, file, vanish, 0)
    assert place.land().refused == [(LARGE, "it vanished before it was read")]
    assert len(place.rows("play")) == 2


def test_a_file_that_goes_from_a_dump(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    some = Deliveries(place.inbox, 1)
    native, pipeline = some.native(1), some.pipeline(1)
    for folder, name in ((native, "data/1.json.gz"), (pipeline, "part-1")):
        file = place.inbox / folder / name
        content, table = file.read_bytes(), folder.split("/")[1]
        for change, blocks in ((vanish, 0), (vanish, 1), (grow, 1), (cut_to_nothing, 1)):
            with monkeypatch.context() as patched:
                change_when_read(patched, file, change, blocks)
                [(path, why)] = place.land(only=[table]).refused
            assert path == folder and why.startswith(f"{name}: ")
            file.write_bytes(content)
            assert not place.rows(table)
        assert left_over(place.lake) == set()
        assert place.land(only=[table]).refused == []
        assert place.rows(table)


def test_a_manifest_that_goes_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Deliveries(place.inbox, 1).native(1)
    opened = Folder.open

    def gone(self: Folder, path: str) -> BinaryIO:
        if path.endswith("manifest-files.json"):
            (self.root / path).unlink()
        return opened(self, path)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "stream", gone)
        [(path, why)] = place.land().refused
    assert path == folder and why == "manifest-files.json: it vanished before it was read"
    assert [path for path, _ in place.land().waiting] == [folder]


@pytest.fixture(scope="module")
def loaders() -> Iterator[Loaders]:
    with Loaders() as loaders:
        yield loaders


@pytest.fixture
def open_place(place: Place) -> Iterator[Place]:
    """One that anybody may use."""
    home = place.inbox.parent
    place.lake.mkdir()
    for folder in (home, *home.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    place.lake.chmod(0o777)
    yield place
    for folder in (place.lake, *place.inbox.rglob("*")):
        folder.chmod(0o755)


def test_what_may_not_be_read_is_named(open_place: Place, loaders: Loaders) -> None:
    file = open_place.put(LARGE, line())
    file.chmod(0)
    found = loaders.run(open_place.lake, "land", "--json", rootless=True)
    assert found.code == 1, found.text
    assert json.loads(found.text)["refused"] == [{"path": LARGE, "reason": "it can't be read (Permission denied)"}]
    file.chmod(0o644)
    assert loaders.run(open_place.lake, "land", rootless=True).code == 0
    folder = Deliveries(open_place.inbox, 1).native(1)
    manifest = open_place.inbox / folder / "manifest-summary.json"
    manifest.chmod(0)
    found = loaders.run(open_place.lake, "land", rootless=True)
    assert f"refused: {folder}: manifest-summary.json: it can't be read (Permission denied)\n" in found.text
    manifest.chmod(0o644)
    file.parent.chmod(0)
    found = loaders.run(open_place.lake, "land", rootless=True)
    file.parent.chmod(0o755)
    assert (found.code, found.text.count("\n")) == (1, 1), found.text
    assert f"{file.parent} may not be used with the permissions" in found.text


def test_places_that_can_not_be_used(open_place: Place, loaders: Loaders, tmp_path: Path) -> None:
    def said(**environment: str) -> str:
        found = loaders.run(open_place.lake, "land", rootless=True, environment=environment)
        assert (found.code, found.text.count("\n")) == (1, 1), found.text
        assert "should not have happened" not in found.text
        return found.text

    open_place.lake.chmod(0o555)
    assert f"{open_place.lake}" in (words := said()) and "permissions" in words
    open_place.lake.chmod(0o777)
    assert "inbox" in said(EARSHOT_INBOX=str(tmp_path / "none"))
    assert "inbox" in said(EARSHOT_INBOX=str(open_place.inbox / NEIGHBOURS[0]))
    for lake in (NEIGHBOURS[0], f"{NEIGHBOURS[0]}/below"):
        assert NEIGHBOURS[0] in said(EARSHOT_LAKE=str(open_place.inbox / lake))
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    for variable in ("EARSHOT_INBOX", "EARSHOT_LAKE"):
        words = said(**{variable: str(closed / "below")})
        assert str(closed) in words and "permissions" in words
    run = loaders.run(open_place.lake, "land", rootless=True, environment={"TMPDIR": "/nowhere/at/all"})
    assert run.code == 0, run.text
    for path in (open_place.lake, *open_place.lake.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    open_place.put(LARGE, line())
    assert "permissions" in said()
    listed = loaders.run(open_place.lake, "quarantine", "list", rootless=True)
    assert (listed.code, listed.text) == (0, "nothing is in quarantine\n"), listed.text
