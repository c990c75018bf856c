"""Bytes of an inbox file to JSON objects: what stands on each line by the letter of RFC 8259."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_LEVELS = 512
BLANK = " \t\r\n"


@dataclass(frozen=True)
class Found:
    """One record as it stands in a file; `value` is None where no usable JSON object stands."""

    line: int
    offset: int
    value: dict[str, Any] | None


def content(data: bytes) -> bytes | None:
    """The text of a file, whether gzipped or not (judged by its first bytes); None when the gzip is damaged."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def read_lines(text: bytes) -> Iterator[Found]:
    """Every record of a JSON-lines text, invalid ones too; blank lines are none. A byte-order mark is skipped."""
    offset = 0
    for number, raw in enumerate(text.split(b"\n"), start=1):
        start, offset = offset, offset + len(raw) + 1
        if number == 1 and raw.startswith(b"\xef\xbb\xbf"):
            raw, start = raw[3:], start + 3
        if raw.strip(BLANK.encode()):
            yield from _read_line(raw, number, start)


def _read_line(raw: bytes, number: int, start: int) -> Iterator[Found]:
    """The records of one line: glued ones one by one, or the line as one invalid record if something else is on it."""
    whole_line_invalid = Found(number, start, None)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        yield whole_line_invalid
        return
    found = []
    position = 0
    while rest := text[position:].lstrip(BLANK):
        position = len(text) - len(rest)
        try:
            value, end, sound = _decode(text, position)
        except (ValueError, RecursionError):
            yield whole_line_invalid
            return
        if not isinstance(value, dict):
            yield whole_line_invalid
            return
        found.append(Found(number, start + len(text[:position].encode()), value if sound else None))
        position = end
    yield from found


def _decode(text: str, position: int) -> tuple[Any, int, bool]:
    """The JSON value at `position`, where it ends, and whether no key stands twice in one of its objects."""
    twice = False

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice = twice or len({key for key, _ in members}) < len(members)
        return dict(members)

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=no_constant, parse_int=_integer)
    value, end = decoder.raw_decode(text, position)
    told = text[position:end]
    return value, end, not twice and _levels(told) <= MAX_LEVELS and ("\\u" not in told or _is_text(value))


def _is_text(value: Any) -> bool:
    """Whether all strings are; an escape that is half of a surrogate pair stands for no character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _integer(digits: str) -> int:
    """Python refuses integers of thousands of digits; one that long is never a declared field's valid value."""
    return int(digits) if len(digits) <= 40 else 10**40


def _levels(text: str) -> int:
    """How deep arrays and objects are nested in a JSON text that is known to be valid."""
    if text.count("{") + text.count("[") <= MAX_LEVELS:
        return 0
    deepest = level = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            level += 1
            deepest = max(deepest, level)
        elif character in "}]":
            level -= 1
    return deepest
