"""Nothing that is hashed or dropped is ever written, wherever it stood in the inbox: all bytes are searched."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts
from tests.loaders.inbox_reader import lines_of, unpacked
from tests.loaders.nasty import VOICE
from tests.loaders.support import DATASETS, HOUR, Place, with_class

KEY = "the-key-of-hashes"
NUMBERS = itertools.count(71_300_001)
# Values that must be found nowhere, and those that must be found.
HIDDEN: list[str] = []
KEPT: list[str] = []


def hidden() -> str:
    HIDDEN.append(f"{next(NUMBERS)}")
    return f"qx{HIDDEN[-1]}"


def number() -> int:
    return int(hidden()[2:])


def kept() -> str:
    KEPT.append(f"kept{next(NUMBERS)}")
    return KEPT[-1]


def lookalikes() -> dict[str, Any]:
    """Undeclared fields that are named like personal ones, at any depth, beside others that aren't."""
    return {
        "E-Mail": hidden(),
        "display_name": [hidden(), {"a": hidden()}],
        "Birth-Year": number(),
        "x": [{"EMAIL": hidden(), "y": {"_utter_ance": {"z": hidden(), "w": [number()]}, "other": kept()}}],
        "other": {"mail": kept(), "nested": [1.10, kept()]},
    }


def voice(**changes: Any) -> dict[str, Any]:
    return VOICE | {"utterance": hidden()} | lookalikes() | changes


def dumped(record: Any) -> bytes:
    return json.dumps(record).encode()


def bad_lines() -> list[bytes]:
    """Lines of every kind that are put aside, all of them with personal data."""
    cut = dumped(voice())
    return [
        dumped(voice(outcome="x")),
        dumped(voice(clientid=None)),
        dumped(voice(utterance=[hidden()])),
        dumped(voice(utterance={"a": number()})),
        dumped(voice())[:-1] + f',"utterance":"{hidden()}"}}'.encode(),
        dumped(voice())[:-1] + f',"e-mail":"{hidden()}","e-mail":{number()}}}'.encode(),
        dumped(voice())[:-1] + f',"utter\\u0061nce":"{hidden()}"}}'.encode(),
        dumped(voice(outcome="x", email=hidden())).replace(b'"email"', b'"\\u0065mail" '),
        dumped(voice(outcome="x", email="~")).replace(b"~", f"\\u0041{hidden()}".encode()),
        dumped(voice())[:-1] + b',"bad":"\xff"}',
        dumped(voice(note="~")).replace(b"~", b"\\ud800"),
        dumped(voice(email="~")).replace(b"~", f"\\ud800{hidden()}".encode()),
        dumped(voice())[:-1] + b',"deep":' + b"[" * 3000 + b"]" * 3000 + b"}",
        dumped(voice())[:-1] + b',"email":' + b"[" * 3000 + f'"{hidden()}"'.encode() + b"]" * 3000 + b"}",
        dumped([voice()]),
        cut[: cut.index(b'"display_name"')],
        cut[: cut.index(b"E-Mail") + 13],
        dumped(voice()) + b" trailing",
        dumped(voice()) + dumped(voice()) + b"{",
        dumped(voice()).replace(b'"', b"'"),
        dumped(voice())[:-1] + b",}",
        f'{{"\\u0065MAIL":"{hidden()}'.encode(),
        f"email={hidden()}".encode(),
        # A record that a newline has torn apart: what follows has no name on its own line.
        b'{"eventid":"torn","email":',
        f'"{hidden()}",'.encode(),
        f'"{hidden()}"'.encode(),
        b"good luck",
        b'{"eventid":"torn","display-name":{',
        f'"z":"{hidden()}"'.encode(),
        b"}}",
    ]


def user(**changes: Any) -> dict[str, Any]:
    return {
        "id": {"S": kept()},
        "createdAt": {"S": "2026-01-01T00:00:00Z"},
        "clientId": {"S": "c"},
        "birthYear": {"N": str(number())},
        "email": {"S": hidden()},
        "displayName": {"S": hidden()},
        "preferences": {"M": {"E_Mail": {"S": hidden()}, "other": {"S": kept()}, "l": {"L": [{"M": both()}]}}},
        "EMAIL": {"SS": [hidden(), hidden()]},
        "utterance": {"M": {"a": {"N": str(number())}}},
    } | changes


def both() -> dict[str, Any]:
    return {"birth-year": {"N": str(number())}, "display_name": {"L": [{"S": hidden()}]}, "mail": {"S": kept()}}


def items() -> list[Any]:
    return [
        user(),
        user(status={"S": "x"}),
        user(email={"N": str(number())}),
        user(email=hidden()),
        user(email={"S": hidden(), "N": str(number())}),
        user(birthYear={"N": hidden()}),
        user(birthYear={"N": number()}),
        user(preferences={"M": {"email": hidden()}}),
        user(preferences={"S": "x"}) | {"email": {"B": hidden()}, "status": {"S": "x"}},
        user(clientId={"NULL": True}, email={"M": {"a": {"S": hidden()}}}),
    ]


def fill(place: Place) -> None:
    good = [dumped(voice()), dumped(voice(utterance=None)), json.dumps(voice(), indent=1).encode()]
    for region in ("eu", "cn"):
        folder = f"events/{region}/voicefeedback/{HOUR}"
        place.put(f"{folder}/lines", b"\n".join([*good, *bad_lines(), *good]))
        place.put(f"{folder}/glued", dumped(voice()) + dumped(voice(outcome="x")) + dumped(voice()))
        place.put(f"{folder}/packed.json", gzip.compress(b"\n".join([dumped(voice()), *bad_lines()])))
        place.put(f"{folder}/array", dumped([voice(), voice(outcome="x"), voice()]))
        place.put(f"{folder}/torn", json.dumps(voice(), indent=1).encode()[:-3] + b"\n" + dumped(voice()))
        place.put(f"{folder}/wide", b"\n".join(bad_lines()[:3]).decode().encode("utf-16"))
        place.put(f"{folder}/broken.gz", gzip.compress(dumped(voice()))[:-1])
        place.put(f"{folder}/unknown/file", dumped(voice()))
    wrapped = [dumped({"Item": item}) for item in items()]
    torn = [wrapped[0][:-1], wrapped[0] + b"x", dumped(user()), dumped({"Item": user(), "email": hidden()})]
    dump = b"\n".join([*(dumped(item) for item in items()), dumped(user())[:-1], dumped(user())[:-60], dumped("x")])
    for path, content in (
        ("2026-03-01-01-00-00/part-0", dump),
        ("2026-03-01-01-00-00/part-1", gzip.compress(dump)),
        ("2026-03-02-01-00-00/part-0", b"\n".join([*wrapped, *torn])),
    ):
        place.put(f"dynamodb/users/{path}", content)
        place.put(f"dynamodb/users/{path.split('/')[0]}/_SUCCESS", b"")


def hashing() -> dict[str, Any]:
    """The contracts with each class at least once, utterances and birth years hashed."""
    users = with_class(DATASETS["users"], "birthYear", "hash")
    return DATASETS | {"users": users, "voicefeedback": with_class(DATASETS["voicefeedback"], "utterance", "hash")}


def mended(datasets: dict[str, Any]) -> dict[str, Any]:
    """The same with an outcome and a status more, so that replay lands what lacked them."""
    found = dict(datasets)
    for name, column in (("voicefeedback", "outcome"), ("users", "status")):
        columns = [replace(c, enum=(*(c.enum or ()), "x")) if c.name == column else c for c in datasets[name].columns]
        found[name] = replace(datasets[name], columns=tuple(columns))
    return found


class Watched:
    """Keeps a copy of every file that is moved or removed below a folder, and of all that is there at the end."""

    def __init__(self, folder: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.kept, self._number = folder, kept, itertools.count()
        for owner, name in ((os, "replace"), (os, "rename"), (os, "unlink"), (os, "link"), (shutil, "rmtree")):
            self._watch(owner, name, monkeypatch)

    def _watch(self, owner: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(owner, name)

        def call(*arguments: Any, **more: Any) -> Any:
            if name != "rmtree" or str(arguments[0]).startswith(str(self.folder)):
                self.snapshot()
            return original(*arguments, **more)

        monkeypatch.setattr(owner, name, call)

    def snapshot(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                copy = self.kept / hashlib.sha256(content).hexdigest()
                self.kept.mkdir(exist_ok=True)
                copy.write_bytes(content)

    def contents(self) -> Iterator[bytes]:
        """Every text that can be got out of every file: as it lies there, and unpacked."""
        self.snapshot()
        for path in self.kept.iterdir():
            content = path.read_bytes()
            yield content
            if content.startswith(b"PAR1") and content.endswith(b"PAR1"):
                file = pq.ParquetFile(pa.BufferReader(content))
                yield repr(file.metadata.to_dict()).encode() + str(file.schema_arrow.metadata).encode()
                for column in file.read().columns:
                    for value in column.to_pylist():
                        yield value if isinstance(value, bytes) else str(value).encode()


def found_in(contents: list[bytes], needles: list[str]) -> set[str]:
    """The needles that stand in any of the contents, in any encoding."""
    text = b"\0\0".join(contents)
    # UTF-16 without its NULs is ASCII here, and so are digits that were escaped one by one.
    texts = (text, text.replace(b"\0", b""))
    return {needle for needle in needles if any(needle.encode() in one for one in texts)}


def kept_in(inbox: Path) -> set[str]:
    """What is to be kept of lines that are JSON, outside cn and of files that are not refused."""
    found: set[str] = set()
    for path in inbox.rglob("*"):
        if path.is_file() and path.name in ("lines", "packed.json", "part-0", "part-1") and "cn" not in path.parts:
            for line in lines_of(unpacked(path)):
                try:
                    json.loads(line)
                except (ValueError, RecursionError):
                    continue
                found.update(one for one in KEPT if one.encode() in line)
    assert len(found) > 100
    return found


@pytest.mark.parametrize("contract", ["shipped", "hashing"])
def test_no_dropped_or_hashed_value_is_ever_written(
    contract: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    HIDDEN.clear()
    KEPT.clear()
    datasets = hashing()
    if contract == "shipped":
        datasets = DATASETS | {"voicefeedback": with_class(DATASETS["voicefeedback"], "utterance", "drop")}
    place = Place(tmp_path / "place")
    fill(place)
    monkeypatch.setattr(contracts, "read", lambda: datasets)
    monkeypatch.setenv("EARSHOT_HASH_KEY", KEY)
    monkeypatch.setenv("EARSHOT_INBOX", str(place.inbox))
    monkeypatch.setenv("EARSHOT_LAKE", str(place.lake))
    caplog.set_level(0)
    watched = Watched(place.lake, tmp_path / "kept", monkeypatch)
    said = [CliRunner().invoke(app, ["land", "--json"])]
    report = json.loads(said[0].stdout)
    assert {one["dataset"]: one["records_quarantined"] > 20 for one in report["datasets"]} == {
        "users": True,
        "voicefeedback": True,
    }
    said += [CliRunner().invoke(app, ["quarantine", *words]) for words in (["list"], ["show", "--limit", "999"])]
    monkeypatch.setattr(contracts, "read", lambda: mended(datasets))
    said.append(CliRunner().invoke(app, ["quarantine", "replay", "--json"]))
    assert all(counts["landed"] > 0 for counts in json.loads(said[-1].stdout).values()), said[-1].output
    said += [CliRunner().invoke(app, ["quarantine", "show", "--limit", "999", "--json"])]
    said += [CliRunner().invoke(app, ["land"])]
    contents = [*watched.contents(), caplog.text.encode(), *map(str.encode, capfd.readouterr())]
    contents += [one.output.encode() + repr(one.exception).encode() for one in said]
    assert found_in(contents, HIDDEN) == set()
    assert found_in(contents, KEPT) >= kept_in(place.inbox)
    assert found_in(contents, [KEY, hashlib.blake2b(KEY.encode()).hexdigest()]) == set()
    assert len(HIDDEN) > 500


def test_what_is_hidden_here_is_found_when_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search itself: where every class is `keep`, all but the records without text are found."""
    HIDDEN.clear()
    kept_all = with_class(
        with_class(with_class(DATASETS["users"], "email", "keep"), "birthYear", "keep"), "displayName", "keep"
    )
    place = Place(tmp_path / "place")
    folder = f"events/eu/voicefeedback/{HOUR}"
    place.put(f"{folder}/lines", b"\n".join([dumped(voice()), *bad_lines()]))
    place.put(f"{folder}/wide", dumped(voice()).decode().encode("utf-16"))
    place.put("dynamodb/users/2026-03-01-01-00-00/part", b"\n".join(dumped(item) for item in items()))
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"users": kept_all})
    watched = Watched(place.lake, tmp_path / "kept", monkeypatch)
    place.land()
    there = [path.read_bytes() for path in place.inbox.rglob("*") if path.is_file()]
    assert found_in(list(watched.contents()), HIDDEN) == found_in(there, HIDDEN) != set()
