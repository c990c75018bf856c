"""Makes deliveries as messy as the world: breaks, glues, repeats and drifts records, and keeps the account of it."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from loaders.simulate.breakage import CHANGE, EVENT, ITEM, UNREADABLE

DRIFT = (
    '"experiment":{"name":"exp4","arm":"B"}',
    '"buildnumber":123456789012345678901234567890',
    '"ratio":0.10000000000000000001',
    '"flag":null',
    '"labels":["a",{"b":[]}]',
    '"context":{"E-Mail":"ada@example.com","os":"14.2"}',
    '"utm source":"é \\u00e9 \\ud83c\\udf19"',
)
ITEM_DRIFT = ('"loyaltyPoints":{"N":"12345678901234567890123456789012345678"}', '"tier":{"S":"gold"}')

UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Account:
    """What stands in a file: `records` = `valid` + `broken`. Lines are counted from 1.

    `duplicates` are valid records whose `eventid` stood in a valid record earlier in the file, `drifted` valid
    ones with undeclared fields, `glued` records that follow another on their line.
    """

    records: int = 0
    valid: int = 0
    broken: list[dict[str, Any]] = field(default_factory=list)
    blank_lines: int = 0
    duplicates: int = 0
    drifted: int = 0
    glued: int = 0
    oddities: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The account's members, those that are empty left out but for the counts everybody asks for."""
        return {
            "records": self.records,
            "valid": self.valid,
            "broken": self.broken,
            "blank_lines": self.blank_lines,
            "duplicates": self.duplicates,
            "drifted": self.drifted,
            "glued": self.glued,
            "oddities": self.oddities,
        }


class _File:
    """A file's text while it is written, record by record."""

    def __init__(self, newline: bytes) -> None:
        self.account = Account()
        self._newline = newline
        self._pieces: list[bytes] = []
        self._line = 1
        self._seen: set[str] = set()

    def put(self, record: bytes, event_id: str, *, last_on_line: bool = True) -> None:
        """Write a valid record; `event_id` is empty where nothing identifies one."""
        self.account.valid += 1
        if event_id:
            self.account.duplicates += event_id in self._seen
            self._seen.add(event_id)
        self._end(record, last_on_line)

    def put_broken(self, record: bytes, kind: str, *, last_on_line: bool = True) -> None:
        """Write what is not a valid record."""
        self.account.broken.append({"line": self._line, "kind": kind})
        self._end(record, last_on_line)

    def put_blank(self, text: bytes) -> None:
        """Write a line on which nothing stands."""
        self.account.blank_lines += 1
        self._line += 1
        self._pieces += (text, self._newline)

    def _end(self, record: bytes, last_on_line: bool) -> None:
        self.account.records += 1
        self._pieces.append(record)
        if last_on_line:
            self._pieces.append(self._newline)
            self._line += 1

    def content(self) -> bytes:
        """Everything written so far."""
        return b"".join(self._pieces)


def oddity(rng: Random, rate: float) -> bool:
    """Decide whether a file is odd in one way; more often than a record is broken, but never surely."""
    return rng.random() < rate / (0.3 + rate) / 2


def spoil(lines: list[str], rng: Random, rate: float, source: str) -> tuple[bytes, Account]:
    """Write records to a file's content, spoiling the given share of them; `source` is the dataset's source.

    Only JSON lines are glued or repeated; an item of a dump is broken or drifts at most.
    """
    crlf = oddity(rng, rate)
    file = _File(b"\r\n" if crlf else b"\n")
    if crlf:
        file.account.oddities.append("crlf")
    kinds = {"events": EVENT, "catalog": CHANGE, "dynamodb": ITEM}[source]
    position = 0
    while position < len(lines):
        line = lines[position]
        event_id = line[12:48] if source == "events" else ""
        position += 1
        if rng.random() >= rate:
            file.put(line.encode(), event_id)
            continue
        draw = rng.random()
        if draw < 0.45:
            _break(file, line, event_id, rng, kinds)
        elif draw < 0.6 or source == "dynamodb":
            _drift(file, line, event_id, rng, source)
        elif draw < 0.75:
            for _ in range(rng.choice((2, 2, 3))):
                file.put(line.encode(), event_id)
        elif draw < 0.95 and position < len(lines):
            position = _glue(file, lines, position - 1, rng, source)
        else:
            file.put_blank(rng.choice((b"", b"", b"  ", b"\t")))
            file.put(line.encode(), event_id)
    content = file.content()
    if content.startswith(b"{") and oddity(rng, rate):
        content = UTF8_BOM + content
        file.account.oddities.append("bom")
    if content and oddity(rng, rate):
        content = content.removesuffix(b"\n").removesuffix(b"\r")
        file.account.oddities.append("no_final_newline")
    return content, file.account


def _break(file: _File, line: str, event_id: str, rng: Random, kinds: dict[str, Any]) -> None:
    """Break a record in one of the ways that there are for it."""
    pool = {**kinds, **UNREADABLE}
    for kind in rng.sample(sorted(pool), len(pool)):
        broken = pool[kind](line, rng)
        if broken is not None:
            file.put_broken(broken, kind)
            return
    file.put(line.encode(), event_id)


def _drift(file: _File, line: str, event_id: str, rng: Random, source: str) -> None:
    """Add a field that no contract declares."""
    file.account.drifted += 1
    if source == "dynamodb":
        ending = 2 if line.startswith('{"Item"') else 1
        file.put(f"{line[:-ending]},{rng.choice(ITEM_DRIFT)}{'}' * ending}".encode(), event_id)
    else:
        file.put(f"{line[:-1]},{rng.choice(DRIFT)}}}".encode(), event_id)


def _glue(file: _File, lines: list[str], start: int, rng: Random, source: str) -> int:
    """Write two or three records on one line, one of them maybe broken; give back the position of the next one."""
    end = min(len(lines), start + rng.choice((2, 2, 3)))
    bad = rng.randrange(start, end) if rng.random() < 0.2 else -1
    for position in range(start, end):
        line, last = lines[position], position == end - 1
        file.account.glued += position > start
        broken = EVENT["null_required"](line, rng) if position == bad and source == "events" else None
        if broken is not None:
            file.put_broken(broken, "null_required", last_on_line=last)
        else:
            file.put(line.encode(), line[12:48] if source == "events" else "", last_on_line=last)
    return end
