"""Every input has one fate, from the file in the inbox to the lake or the quarantine.

A record that is lost, changed or let through here is a wrong number in a mart.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loaders import contracts, loads, quarantine, records, textfiles
from tests.loaders.nasty import ASIDE, BOM, CONTRACTS, LANDED, VOICE
from tests.loaders.support import HOUR, Place, line, play


class Fate(NamedTuple):
    """What became of one file: rows (id, line, offset), put aside (line, offset, reason, field, bytes), blank lines."""

    landed: list[tuple[str, int, int]]
    aside: list[tuple[int, int, str, str | None, bytes | None]]
    blank_lines: int


class Landed:
    """One landing of many files, each at its own path."""

    def __init__(self, folder: Path, files: dict[str, bytes]) -> None:
        self.place = Place(folder)
        self.paths = {name: f"events/eu/{stream_of(content)}/{HOUR}/{at:04}" for at, (name, content) in named(files)}
        for name, content in files.items():
            self.place.put(self.paths[name], content)
        self.report = self.place.land(workers=1)
        self.refused = dict(self.report.refused)
        self.rows: dict[str, list[tuple[str, int, int]]] = {}
        for stream in ("play", "voicefeedback"):
            for path, *row in self.place.rows(stream, "_source_file, eventid, _source_line, _source_offset"):
                self.rows.setdefault(path, []).append((row[0], row[1], row[2]))
        self.aside: dict[str, list[tuple[Any, ...]]] = {}
        for one in quarantine.show(self.place.store):
            found = (one["source_line"], one["source_offset"], one["reason"], one["field"], one["record"])
            self.aside.setdefault(str(one["source_file"]), []).append(found)
        self.sources = {s.source_path: s for load in loads.read_all(self.place.store) for s in load.sources}

    def fate(self, name: str) -> Fate:
        """What became of a file; read = landed + quarantined holds for it."""
        path = self.paths[name]
        found = Fate(self.rows.get(path, []), self.aside.get(path, []), self.sources[path].blank_lines)
        source = self.sources[path]
        counts = (source.records_read, source.records_landed, source.records_quarantined)
        assert counts == (len(found.landed) + len(found.aside), len(found.landed), len(found.aside))
        return found

    def values(self, name: str, row: int, columns: list[str]) -> dict[str, str | None]:
        """Some values of a row, as text."""
        wanted = ", ".join(f"cast({column} as varchar)" for column in columns)
        path = self.paths[name]
        files = [str(f) for f in (self.place.lake / "raw" / "events" / path.split("/")[2]).rglob("*.parquet")]
        sql = f"select {wanted} from lake where _source_file = '{path}' order by _source_offset limit 1 offset {row}"
        return dict(zip(columns, self.place.query(sql, files)[0], strict=True))


def named(files: dict[str, bytes]) -> list[tuple[int, tuple[str, bytes]]]:
    return list(enumerate(files.items()))


def stream_of(content: bytes) -> str:
    return "voicefeedback" if b'"utterance"' in content[:1000] else "play"


def between(nasty: bytes) -> tuple[bytes, bytes, bytes]:
    """A good line, the nasty one and another good one, of the nasty one's stream."""
    if b'"utterance"' in nasty:
        first, last = (json.dumps(VOICE | {"eventid": name}).encode() for name in ("first", "last"))
    else:
        first, last = line(eventid="first"), line(eventid="last")
    return first, nasty, last


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """Every kind of line as a file of its own, landed together."""
    every = {name: case[0] for name, case in ASIDE.items()} | {name: case[0] for name, case in LANDED.items()}
    assert len(every) == len(ASIDE) + len(LANDED)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contracts, "read", lambda: CONTRACTS)
        files = {name: b"\n".join(between(nasty)) + b"\n" for name, nasty in every.items()}
        return Landed(tmp_path_factory.mktemp("kinds"), files)


@pytest.mark.parametrize("name", ASIDE)
def test_a_bad_line_is_put_aside_alone_with_its_reason_and_its_bytes(name: str, kinds: Landed) -> None:
    nasty, reason, field = ASIDE[name]
    first = between(nasty)[0]
    here = len(first) + 1
    found = kinds.fate(name)
    assert found.aside == [(2, here, reason, field, nasty)]
    assert found.landed == [("first", 1, 0), ("last", 3, here + len(nasty) + 1)]
    assert found.blank_lines == 0


@pytest.mark.parametrize("name", LANDED)
def test_a_valid_line_lands_as_it_was_meant(name: str, kinds: Landed) -> None:
    nasty, expected = LANDED[name]
    first = between(nasty)[0]
    here = len(first) + 1
    found = kinds.fate(name)
    assert found.aside == []
    blanks = len(nasty) - len(nasty.lstrip(b" \t\r"))
    assert [row[1:] for row in found.landed] == [(1, 0), (2, here + blanks), (3, here + len(nasty) + 1)]
    texts = {column: None if value is None else str(value) for column, value in expected.items()}
    assert kinds.values(name, 1, list(expected)) == texts
    assert found.blank_lines == 0


A, B, C = (line(eventid=name) for name in "abc")
BAD = line(eventid="bad", action="x")
a, b, c = len(A), len(B), len(C)
PRETTY = json.dumps(play(eventid="p") | {"x": {"y": [1, {}]}}, indent=2).encode()
# So many glued records that the reader's blocks (1 MiB) end within them.
MANY = [line(eventid=f"{number:06}") for number in range(9000)]
LONG = line(eventid="long", title="x" * (3 << 20))


def glued(lines: list[bytes], border: bytes = b"") -> list[tuple[str, int, int]]:
    """Where records stand that follow each other with a border between."""
    found = []
    offset = 0
    number = 1
    for one in lines:
        found.append((json.loads(one)["eventid"], number, offset))
        offset += len(one) + len(border)
        number += border.count(b"\n")
    return found


def wrong(text: str, encoding: str, mark: bool = False) -> Fate:
    """The fate of a file in another encoding: each of its lines is put aside."""
    aside: list[tuple[int, int, str, str | None, bytes | None]] = []
    offset = len("\ufeff".encode(encoding)) if mark else 0
    blank = 0
    for number, one in enumerate(text.split("\n"), 1):
        written = one.encode(encoding)
        if one.strip(" \t\r"):
            aside.append((number, offset, "wrong_encoding", None, one.removesuffix("\r").encode(encoding)))
        elif offset + len(written) < len(text.encode(encoding)) or one:
            blank += 1
        offset += len(written) + len("\n".encode(encoding))
    return Fate([], aside, blank)


TEXT = f"{A.decode()}\r\n\n \n{line(title='਀ਊഊ').decode()}\n"  # letters whose bytes hold a newline's

# name: (the file, its fate)
FILES: dict[str, tuple[bytes, Fate]] = {
    "empty": (b"", Fate([], [], 0)),
    "one newline": (b"\n", Fate([], [], 1)),
    "only blanks": (b"\n\n \t\r\n  ", Fate([], [], 4)),
    "only a byte-order mark": (BOM, Fate([], [], 0)),
    "byte-order mark and a blank line": (BOM + b"\r\n" + A, Fate([("a", 2, 5)], [], 1)),
    "blank lines between and around": (
        b"\n" + A + b"\n\r\n\t\n" + BAD + b"\n\n" + B + b"\n\n",
        Fate(
            [("a", 2, 1), ("b", 7, a + len(BAD) + 8)],
            [(5, a + 6, "not_in_enum", "action", BAD)],
            5,
        ),
    ),
    "no newline at the end": (A + b"\n" + B, Fate([("a", 1, 0), ("b", 2, a + 1)], [], 0)),
    "CRLF": (A + b"\r\n" + B + b"\r\n", Fate([("a", 1, 0), ("b", 2, a + 2)], [], 0)),
    "CRLF around a bad record": (
        A + b"\r\n" + BAD + b"\r\n" + b"oops\r\n" + B,
        Fate(
            [("a", 1, 0), ("b", 4, a + len(BAD) + 10)],
            [(2, a + 2, "not_in_enum", "action", BAD), (3, a + len(BAD) + 4, "not_json", None, b"oops")],
            0,
        ),
    ),
    "only carriage returns between records": (A + b"\r" + B + b"\r", Fate([("a", 1, 0), ("b", 1, a + 1)], [], 0)),
    "byte-order mark": (BOM + A + b"\n" + B, Fate([("a", 1, 3), ("b", 2, a + 4)], [], 0)),
    "two byte-order marks": (
        BOM + BOM + A + b"\n" + B,
        Fate([("b", 2, a + 7)], [(1, 3, "not_json", None, BOM + A)], 0),
    ),
    "glued": (A + B + b"\n" + C, Fate([("a", 1, 0), ("b", 1, a), ("c", 2, a + b + 1)], [], 0)),
    "glued with blanks": (A + b" \t" + B + b"\r" + C, Fate([("a", 1, 0), ("b", 1, a + 2), ("c", 1, a + b + 3)], [], 0)),
    "glued, one of them bad": (
        A + BAD + B,
        Fate([("a", 1, 0), ("b", 1, a + len(BAD))], [(1, a, "not_in_enum", "action", BAD)], 0),
    ),
    "glued, the last not whole": (
        A + B + C[:-1] + b"\n" + C,
        Fate([("c", 2, a + b + c)], [(1, 0, "trailing_text", None, A + B + C[:-1])], 0),
    ),
    "a whole file of glued records": (b"".join(MANY), Fate(glued(MANY), [], 0)),
    "a whole file of glued records with a newline": (b"".join(MANY) + b"\n", Fate(glued(MANY), [], 0)),
    "glued records, one of them longer than a block": (
        b"".join([*MANY[:5], LONG, *MANY[5:10]]),
        Fate(glued([*MANY[:5], LONG, *MANY[5:10]]), [], 0),
    ),
    "glued records over blocks, then text": (
        b"".join(MANY) + b"oops\n" + A,
        Fate(
            [("a", 2, sum(map(len, MANY)) + 5)],
            [(1, 0, "trailing_text", None, b"".join(MANY) + b"oops")],
            0,
        ),
    ),
    "lines over blocks": (b"\n".join(MANY), Fate(glued(MANY, b"\n"), [], 0)),
    "CRLF lines over blocks": (b"\r\n".join(MANY) + b"\r\n", Fate(glued(MANY, b"\r\n"), [], 0)),
    "a blank line after each, over blocks": (
        b"\n\n".join(MANY) + b"\n",
        Fate(glued(MANY, b"\n\n"), [], len(MANY) - 1),
    ),
    "pretty-printed": (
        PRETTY + b"\n" + PRETTY + b"\n\n" + A,
        Fate(
            [
                ("p", 1, 0),
                ("p", 2 + PRETTY.count(b"\n"), len(PRETTY) + 1),
                ("a", 4 + 2 * PRETTY.count(b"\n"), 2 * len(PRETTY) + 3),
            ],
            [],
            1,
        ),
    ),
    "pretty-printed and glued": (
        PRETTY + PRETTY,
        Fate([("p", 1, 0), ("p", 1 + PRETTY.count(b"\n"), len(PRETTY))], [], 0),
    ),
    "one array": (b"[" + A + b"," + B + b"]", Fate([("a", 1, 1), ("b", 1, a + 2)], [], 0)),
    "one array over lines": (
        b"\n[\n" + A + b",\n\n" + BAD + b",\n" + B + b"\n]\n\n",
        Fate(
            [("a", 3, 3), ("b", 6, a + len(BAD) + 8)],
            [(5, a + 6, "not_in_enum", "action", BAD)],
            3,
        ),
    ),
    "one array of many": (
        b"[" + b",\n".join(MANY) + b"]",
        Fate([(name, at, offset + 1) for name, at, offset in glued(MANY, b",\n")], [], 0),
    ),
    "empty array": (b" [ ]\n", Fate([], [], 0)),
    "array that doesn't end": (
        b"[" + A + b",\n" + B,
        Fate([("b", 2, a + 3)], [(1, 0, "not_json", None, b"[" + A + b",")], 0),
    ),
    "nuls": (bytes(5000), Fate([], [(1, 0, "not_json", None, bytes(5000))], 0)),
    "nuls at the end": (
        A + b"\n" + bytes(9),
        Fate([("a", 1, 0)], [(2, a + 1, "not_json", None, bytes(9))], 0),
    ),
    "Latin-1": (
        line(eventid="a", title="plain") + b"\n" + line(title="é").decode().encode("latin-1"),
        Fate(
            [("a", 1, 0)],
            [
                (
                    2,
                    len(line(eventid="a", title="plain")) + 1,
                    "not_utf8",
                    None,
                    line(title="é").decode().encode("latin-1"),
                )
            ],
            0,
        ),
    ),
    "UTF-8 that only begins like UTF-16": (b"{\0" + A, Fate([], [(1, 0, "not_json", None, b"{\0" + A)], 0)),
    "gzip": (gzip.compress(A + b"\n" + B), Fate([("a", 1, 0), ("b", 2, a + 1)], [], 0)),
    "gzip of several members": (
        gzip.compress(A[:40]) + gzip.compress(b"") + gzip.compress(A[40:] + b"\n") + gzip.compress(B),
        Fate([("a", 1, 0), ("b", 2, a + 1)], [], 0),
    ),
    "gzip of nothing": (gzip.compress(b""), Fate([], [], 0)),
    "gzip with zero padding": (gzip.compress(A) + bytes(512), Fate([("a", 1, 0)], [], 0)),
    "gzip of gzip": (
        gzip.compress(gzip.compress(b"")),
        Fate([], [(1, 0, "not_json", None, gzip.compress(b""))], 0),
    ),
    "gzip of UTF-16": (gzip.compress(TEXT.encode("utf-16-le")), wrong(TEXT, "utf-16-le")),
} | {
    f"{encoding}{', marked' * mark}": (
        "\ufeff".encode(encoding) * mark + TEXT.encode(encoding),
        wrong(TEXT, encoding, mark),
    )
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
    for mark in (True, False)
}
# What a gzip file may suffer: nothing of it is landed.
PACKED = gzip.compress(b"\n".join(MANY))
REFUSED = {
    "gzip cut in its data": (PACKED[: len(PACKED) // 2], "ends too early"),
    "gzip cut in its trailer": (PACKED[:-1], "ends too early"),
    "gzip with a wrong CRC": (PACKED[:-8] + bytes(4) + PACKED[-4:], "broken"),
    "gzip with a wrong length": (PACKED[:-4] + bytes(4), "broken"),
    "gzip with text after it": (PACKED + A, "no gzip follows"),
    "gzip with a broken member after it": (PACKED + gzip.compress(A)[:-3], "ends too early"),
    "gzip that is damaged": (PACKED[:900] + b"damage" + PACKED[906:], "broken"),
    "only gzip's first bytes": (b"\x1f\x8b", "ends too early"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    every = {name: case[0] for name, case in FILES.items()} | {name: case[0] for name, case in REFUSED.items()}
    return Landed(tmp_path_factory.mktemp("files"), every)


@pytest.mark.parametrize("name", FILES)
def test_an_odd_file_is_read_to_its_last_byte(name: str, files: Landed) -> None:
    assert files.fate(name) == FILES[name][1]


@pytest.mark.parametrize("name", REFUSED)
def test_of_a_broken_gzip_file_nothing_is_landed(name: str, files: Landed) -> None:
    path = files.paths[name]
    assert REFUSED[name][1] in files.refused[path]
    assert path not in files.sources
    assert path not in files.rows
    assert path not in files.aside


def test_no_other_file_is_refused(files: Landed) -> None:
    assert sorted(files.refused) == sorted(files.paths[name] for name in REFUSED)


def test_the_suffix_of_a_file_says_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.put(f"events/eu/play/{HOUR}/a.json", gzip.compress(A))
    place.put(f"events/eu/play/{HOUR}/b.json.gz", B)
    assert place.land().refused == []
    assert place.rows("play", "eventid") == [("a",), ("b",)]


def test_blank_lines_are_told_of_each_file(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.put(f"events/eu/play/{HOUR}/a", b"\n" + A + b"\n\n")
    place.put(f"events/eu/play/{HOUR}/b", A)
    place.land()
    found = [str(path) for path in place.lake.rglob("raw/lake/loads/**/*.parquet")]
    assert place.query("select source_path[-1:], blank_lines from lake order by 1", found) == [("a", 2), ("b", 0)]


@pytest.mark.parametrize("border", [b"", b","])
def test_endless_lines_and_arrays_are_given_out_piece_by_piece(
    border: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "PATIENCE", 300_000)
    monkeypatch.setattr(records, "MAX_RECORD", 2_000_000)
    monkeypatch.setattr(textfiles, "BLOCK", 1 << 20)
    lines = [*MANY[:1000], line(eventid="long", title="x" * 900_000), *MANY[1000:4000]]
    text = b"[" * len(border) + border.join(lines)
    landed = [(name, 1, offset + len(border)) for name, _, offset in glued(lines, border)]
    tail = b"oops"
    found = Landed(
        tmp_path,
        {
            "whole": text + b"]" * len(border) + b"\n\n",
            "broken": text + border + tail + b"\n" + A,
            "too long": b"\n" + line(title="x" * 3_000_000),
        },
    )
    assert found.fate("whole") == Fate(landed, [], 1)
    # What was given out stays; from there on the line is no record.
    broken = found.fate("broken")
    given = len(broken.landed) - 1
    assert 1001 < given < len(lines)
    assert broken.landed == [*landed[:given], ("a", 2, len(text) + len(border + tail) + 1)]
    [(number, offset, _, _, rest)] = broken.aside
    assert (number, offset, rest) == (1, landed[given][2], text[landed[given][2] :] + border + tail)
    assert list(found.refused) == [found.paths["too long"]]
    assert "more than 1 MiB at byte 1" in found.refused[found.paths["too long"]]


def test_every_reason_is_reached_and_documented() -> None:
    dumps = {"not_typed", "bad_number", "bad_base64", "key_differs"}  # see test_dynamodb and test_changes
    reached = {reason for _, reason, _ in ASIDE.values()} | dumps
    reached |= {one[2] for _, fate in FILES.values() for one in fate.aside}
    assert reached == set(quarantine.REASONS)
    text = (contracts.ROOT / "docs" / "landing.md").read_text()
    assert all(f"| `{reason}`" in text or f", `{reason}` |" in text for reason in quarantine.REASONS)
