"""Reads an inbox in plain Python, by the contracts' YAML and the rules of the format alone.

Slow and obvious on purpose: what the simulator and the loaders claim about a file is compared with this.
"""

import gzip
import json
import re
from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal
from math import isinf
from pathlib import Path
from typing import Any, NamedTuple

import yaml

BLANKS = b" \t\r"
STAGING = Path(__file__).resolve().parents[2] / "models" / "staging"
TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))", re.ASCII
)
TYPE_KEYS = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

LAST_MILLISECOND = 4_133_980_800_000  # 2101-01-01

Rules = dict[str, dict[str, Any]]


class Invalid(Exception):
    """A record that has to be quarantined; the text says why."""


class Reading(NamedTuple):
    """What stands in a file: valid records, the lines of the broken ones, lines on which nothing stands."""

    valid: list[dict[str, Any]]
    broken_lines: list[int]
    blank_lines: int
    glued: int

    @property
    def duplicates(self) -> int:
        """Valid records whose event id stood in a valid record before."""
        ids = Counter(record["eventid"] for record in self.valid if "eventid" in record)
        return sum(count - 1 for count in ids.values())


class Verdict(NamedTuple):
    """Where a record begins on its line (or the line's first byte that isn't blank), and its values if it is valid."""

    offset: int
    values: dict[str, Any] | None


def contracts() -> dict[str, Rules]:
    """Each dataset's declared fields: raw name to its rules."""
    found: dict[str, Rules] = {}
    for path in STAGING.glob("*/_*__sources.yml"):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                columns = {column["name"]: column["config"]["meta"] for column in table["columns"]}
                found[table["name"]] = {name: rule for name, rule in columns.items() if not rule.get("lineage")}
    return found


def unpacked(path: Path) -> bytes:
    """A file's text, whatever its name says about compression; without a BOM."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content.removeprefix(b"\xef\xbb\xbf")


def dataset_of(relative: str) -> str:
    """The dataset that a path below the inbox belongs to."""
    parts = relative.split("/")
    return parts[2] if parts[0] == "events" else parts[1]


def read(path: Path, relative: str, rules: Rules) -> Reading:
    """Judge every record of a file."""
    valid: list[dict[str, Any]] = []
    broken: list[int] = []
    blank = glued = 0
    for number, line in enumerate(lines_of(unpacked(path)), 1):
        if not line.strip(BLANKS):
            blank += 1
            continue
        verdicts = judge(line, relative, rules)
        broken += [number for verdict in verdicts if verdict.values is None]
        valid += [verdict.values for verdict in verdicts if verdict.values is not None]
        glued += len(verdicts) - 1
    return Reading(valid, broken, blank, glued)


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a text; nothing stands after its last newline."""
    lines = content.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def judge(line: bytes, relative: str, rules: Rules) -> list[Verdict]:
    """What becomes of the records on a line that isn't blank, each by itself, or of the line as a whole."""
    start = len(line) - len(line.lstrip(BLANKS))
    try:
        records = parse(line)
    except (Invalid, ValueError, RecursionError):
        return [Verdict(start, None)]
    found = []
    for at, text, value in records:
        try:
            found.append(Verdict(at, _judged(text, value, relative, rules)))
        except (Invalid, ValueError, ArithmeticError):
            found.append(Verdict(at, None))
    return found


def parse(line: bytes) -> list[tuple[int, str, Any]]:
    """The JSON values on a line, as (byte offset, text, value with objects as pairs).

    Raises when there is anything else on it, or several values that are not all objects.
    """
    # Bytes that are no UTF-8 become lone surrogates: JSON takes them in a string, `_judged` doesn't.
    text = line.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: ("object", pairs),
        parse_constant=_no_constant,
        parse_int=lambda digits: int(digits) if len(digits) < 4000 else 10**4000,
        parse_float=Decimal,
    )
    found = []
    position = _next(text, 0)
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        found.append((len(text[:position].encode("utf-8", "surrogateescape")), text[position:end], value))
        position = _next(text, end)
    if len(found) > 1 and not all(isinstance(value, tuple) for _, _, value in found):
        raise Invalid("a value that is no record")
    return found


def _next(text: str, position: int) -> int:
    return len(text) - len(text[position:].lstrip(" \t\r"))


def _no_constant(name: str) -> None:
    raise Invalid(f"{name} is not JSON")


def _judged(text: str, value: Any, relative: str, rules: Rules) -> dict[str, Any]:
    if _depth(text) > 512:
        raise Invalid("too deep")
    text.encode("utf-8")  # raises where bytes were no UTF-8
    if not isinstance(value, tuple):
        raise Invalid("not an object")
    record: dict[str, Any] = _plain(value)
    if relative.startswith("dynamodb/"):
        image = record.get("Item", record)
        if "Keys" in record:  # a change: without a new image the item was deleted
            image = record.get("NewImage")
            if image is None:
                return {"id": _untyped(record["Keys"]["id"])}
        record = {name: _untyped(value) for name, value in image.items()}
    deleting = record.get("op") == "delete"
    for name, rule in rules.items():
        present = record.get(name) is not None
        required = rule.get("required") is True or (rule.get("required") == "upsert" and not deleting)
        if required and not present:
            raise Invalid(f"{name} is missing")
        if present:
            _check(name, record[name], rule, typed=relative.startswith("dynamodb/"))
    return record


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        names = [name for name, _ in value[1]]
        if len(set(names)) < len(names):
            raise Invalid("a key stands twice")
        for name in names:
            name.encode("utf-8")
        return {name: _plain(inner) for name, inner in value[1]}
    if isinstance(value, str):
        value.encode("utf-8")  # raises for half of a surrogate pair
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _depth(text: str) -> int:
    deepest = depth = 0
    for mark in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _untyped(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) != 1:
        raise Invalid("not a typed value")
    (key, inner), kind = next(iter(value.items())), next(iter(value)).upper()
    kind = {"NULLVALUE": "NULL"}.get(kind, kind)
    if kind not in TYPE_KEYS:
        raise Invalid(f"{key} is no type")
    if kind == "N":
        return Decimal(inner)
    if kind == "M":
        return {name: _untyped(member) for name, member in inner.items()}
    if kind == "L":
        return [_untyped(member) for member in inner]
    return None if kind == "NULL" else inner


def _check(name: str, value: Any, rule: dict[str, Any], *, typed: bool) -> None:
    kind = rule["type"]
    allowed: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, Decimal),
        "decimal": (Decimal,),
        "boolean": (bool,),
        "timestamp": (str,) if typed else (str, int),
        "string_set": (list,),
        "string_list": (list,),
        "map": (dict,),
    }
    fits = isinstance(value, allowed[kind])
    if not fits or (isinstance(value, bool) and kind != "boolean"):
        raise Invalid(f"{name} is no {kind}")
    if kind == "integer" and not -(2**63) <= value < 2**63:
        raise Invalid(f"{name} has no 64 bits")
    if kind == "number" and isinf(float(value)):
        raise Invalid(f"{name} is too large")
    if kind == "timestamp":
        _check_timestamp(name, value)
    if "enum" in rule and value not in rule["enum"]:
        raise Invalid(f"{name} is not one of {rule['enum']}")
    if kind in ("string_set", "string_list") and not all(isinstance(member, str) for member in value):
        raise Invalid(f"{name} holds something else than text")
    if ("min_length" in rule and len(value) < rule["min_length"]) or (
        "max_length" in rule and len(value) > rule["max_length"]
    ):
        raise Invalid(f"{name} has a wrong length")
    if ("min" in rule and value < rule["min"]) or ("max" in rule and value > rule["max"]):
        raise Invalid(f"{name} is out of range")
    if "above" in rule and value <= rule["above"]:
        raise Invalid(f"{name} is out of range")


def _check_timestamp(name: str, value: str | int) -> None:
    if moment(value) is None:
        raise Invalid(f"{name} is no timestamp")


def moment(value: str | int) -> datetime | None:
    """The time (naive UTC, microseconds) that a timestamp means; None where it means none."""
    if isinstance(value, int):
        return datetime(1970, 1, 1) + timedelta(milliseconds=value) if 0 <= value < LAST_MILLISECOND else None
    match = TIMESTAMP.fullmatch(value)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    try:
        found = datetime(year, month, day, hour, minute, second, int(f"{fraction or '':0<9}"[:6]))
        offset = time(int(offset_hours or 0), int(offset_minutes or 0))
        shift = timedelta(hours=offset.hour, minutes=offset.minute)
        found = found + shift if sign == "-" else found - shift
    except (ValueError, OverflowError):
        return None
    return found if 1970 <= found.year <= 2100 else None
