"""The text of a record that is put aside, without what the contracts hash or drop of it.

Where the record is JSON, the values of its personal fields are cut out and everything else stays byte by byte. Where it
isn't, nothing can be cut out safely: a text that names such a field is not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from loaders import jsontext
from loaders.judge import Invalid
from loaders.personal import UNDECLARED, plain
from loaders.shapes import Shape

# Strings with the colon that makes one a key, and what opens and closes objects and arrays.
_TOKEN = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")([ \t\r\n]*+:)?|[{}\[\]]', re.DOTALL)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# A value that broke its rule, or that could not be read: it is cut out, and the record can't be judged without it.
LOST = "lost"


class Cleaned(NamedTuple):
    """What is kept of a text. `fields` says what became of the personal fields that stood in it (see `quarantine`)."""

    text: bytes | None
    fields: dict[str, str]


class _Member(NamedTuple):
    name: str  # as in `quarantine.SCHEMA`, cleaned
    kind: str  # drop, hash or LOST
    start: int
    end: int
    written: bytes


def clean(text: bytes, shape: Shape, readable: str | None = None) -> Cleaned:
    """What may be kept of a record's text; `readable` is the text in UTF-8 where it is of another encoding.

    Text without personal data comes back as it is, with no fields.
    """
    named = _named(text.decode("utf-8", "ignore") if readable is None else readable, shape)
    if not named:
        return Cleaned(text, {})
    try:
        parsed = jsontext.scan(text)
        whole = readable is None and not text[parsed.end :].strip(b" \t\r\n")
    except jsontext.NotJson:
        whole = False
    if not whole:
        named = _named(_without_own(text, shape) if readable is None else readable, shape)
        return Cleaned(None, dict.fromkeys(named, LOST)) if named else Cleaned(text, {})
    parts: list[bytes] = []
    fields: dict[str, str] = {}
    end = 0
    for member in _members(text, parsed, shape):
        parts += [text[end : member.start], member.written]
        end = member.end
        fields[member.name] = LOST if LOST in (member.kind, fields.get(member.name)) else member.kind
    return Cleaned(b"".join([*parts, text[end:]]), fields)


def _named(text: str, shape: Shape) -> list[str]:
    """The plain names of personal fields that stand anywhere in a text, however they are spelled or escaped."""
    if "\\" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text).replace("\\", "")
    text = plain(text)
    return [name for name in shape.treatment.names if name in text]


def _without_own(text: bytes, shape: Shape) -> str:
    """A broken record's text without the dataset's own fields that are not personal, but are named as others' are.

    Each is left out once, where it stands right in the record: any other place may be that of a look-alike.
    """
    found = text.decode("utf-8", "ignore")
    for column in shape.dataset.declared:
        if plain(column.name) in shape.treatment.names and shape.treatment.columns.get(column.name, "keep") == "keep":
            before, _, after = found.partition(f'"{column.name}"')
            if before.count("{") - before.count("}") == shape.level:
                found = before + after
    return found


def _members(text: bytes, parsed: jsontext.Parsed, shape: Shape) -> Iterator[_Member]:
    """The members with a personal value, outermost first, in the order they stand."""
    columns = {column.name: column for column in shape.dataset.declared}
    depth = end = 0
    for token in _TOKEN.finditer(text, parsed.start, parsed.end):
        if token.start() < end:
            continue
        if token.group(1) is None:
            depth += 1 if token.group() in b"{[" else -1
            continue
        if token.group(2) is None:
            continue
        key = json.loads(token.group(1).decode("utf-8", "replace"))
        column = columns.get(key) if depth == shape.level else None
        treatment = shape.treatment
        kind = treatment.names.get(plain(key), "keep") if column is None else treatment.columns.get(key, "keep")
        if kind == "keep":
            continue
        found = jsontext.scan(text, token.end())
        end = found.end
        written = None
        try:
            if parsed.faults:
                raise Invalid(*parsed.faults[0], "not judged")
            told = shape.told(column, key, found.value)
            if told is None:
                continue
            written = treatment.hash(told) if kind == "hash" else None
        except Invalid:
            if found.value is None:
                continue
            kind = LOST
        name = UNDECLARED + plain(key) if column is None else key
        yield _Member(name, kind, found.start, found.end, shape.written(written))
