"""Exact JSON: RFC 8259 to the letter, numbers digit by digit, any depth, without recursion.

The fast decoders forgive what a loader must not: a key that stands twice, for one. This module is slower and forgives
nothing. It also finds where a record ends, so that records glued to each other can be told apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Levels of objects and arrays, the record itself included.
MAX_DEPTH = 512

_LAST_BLANK = 0x20  # all bytes up to it that JSON allows between tokens are blanks
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+)*+"')
# What a string, a number or a literal may look like where the text was cut.
_CUT_STRING = re.compile(
    rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+)*+(?:\\(?:u[0-9A-Fa-f]{0,3})?+)?+'
)
_CUT_SCALAR = re.compile(rb"-|\.|[eE][+-]?|t(?:r(?:u)?)?|f(?:a(?:l(?:s)?)?)?|n(?:u(?:l)?)?")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+")
_INTEGER = re.compile(r"-?[0-9]+")
# A key without escapes and its colon, and one value in objects and arrays that hold nothing else.
_KEY = re.compile(rb'"([^"\\\x00-\x1f]*+)"[ \t\r\n]*+:[ \t\r\n]*+')
_NEST = re.compile(
    rb'((?:\[|\{"[^"\\\x00-\x1f\[\]{}]*+":)++)(?:"[^"\\\x00-\x1f]*+"|-?(?:0|[1-9][0-9]*+)|true|false|null|(?<=\[))([\]}]++)'
)
_CLOSING = bytes.maketrans(b"[{", b"]}")
_LITERALS = ((b"true", True), (b"false", False), (b"null", None))
_QUOTE, _OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY, _COLON, _COMMA = b'"{}[]:,'


class Number(str):
    """A JSON number, as the text it was written as."""

    __slots__ = ()


_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}


class NotJson(Exception):
    """The text at `position` is no JSON; `incomplete` when it merely ended too early, between two tokens."""

    def __init__(self, position: int, words: str, incomplete: bool = False) -> None:
        super().__init__(words)
        self.position, self.words, self.incomplete = position, words, incomplete


@dataclass
class Parsed:
    """One JSON value that follows the grammar.

    `value` holds dict, list, str, Number, bool and None. `start` and `end` are its span. `members` are the spans
    (key, start and end of the value) of the members of a top-level object. `faults` are (reason code, key)
    of what the grammar allows but a record must not have; then `value` is not to be used.
    """

    start: int
    value: Any = None
    end: int = 0
    members: list[tuple[str, int, int]] = field(default_factory=list)
    faults: list[tuple[str, str | None]] = field(default_factory=list)


def scan(text: bytes, start: int = 0) -> Parsed:
    """Parse the one JSON value that begins at `start`, after optional blanks; what follows it is not looked at.

    Raises NotJson where the grammar is broken.
    """
    position = skip_blanks(text, start)
    found = Parsed(position)
    open_containers: list[dict[str, Any] | list[Any]] = []
    keys: list[str] = []
    value_start = 0  # of the member of the outermost object that is being read
    deep = 0  # end of a value that is passed over, since it is too deep anyway
    while True:
        # A value, which may open a container.
        byte = text[position] if position < len(text) else -1
        value: Any
        if byte == _QUOTE:
            value, position = _string(text, position, found)
        elif byte in (_OPEN_OBJECT, _OPEN_ARRAY):
            value = {} if byte == _OPEN_OBJECT else []
            open_containers.append(value)
            # A nest is looked through where it begins in a record; what is too deep in any other way, when it is.
            if len(open_containers) in (2, MAX_DEPTH + 1):
                levels, end = _nest(text, position)
                if len(open_containers) + levels > MAX_DEPTH + 1:
                    found.faults.append(("too_deep", None))
                    deep = end
            position = skip_blanks(text, position + 1)
            closing = _CLOSE_OBJECT if byte == _OPEN_OBJECT else _CLOSE_ARRAY
            if deep:
                position, deep = deep, 0
                open_containers.pop()
            elif position < len(text) and text[position] == closing:
                position += 1
                open_containers.pop()
            elif byte == _OPEN_OBJECT:
                position = _key(text, position, open_containers[-1], keys, found)
                value_start = position if len(open_containers) == 1 else value_start
                continue
            else:
                continue
        else:
            value, position = _scalar(text, position, byte)
        # The value is whole: put it where it belongs, and close what ends with it.
        while True:
            if not open_containers:
                found.value, found.end = value, position
                return found
            container = open_containers[-1]
            if isinstance(container, dict):
                key = keys.pop()
                container[key] = value
                if len(open_containers) == 1:
                    found.members.append((key, value_start, position))
            else:
                container.append(value)
            position = skip_blanks(text, position)
            byte = text[position] if position < len(text) else -1
            if byte == _COMMA:
                position = skip_blanks(text, position + 1)
                if isinstance(container, dict):
                    position = _key(text, position, container, keys, found)
                    value_start = position if len(open_containers) == 1 else value_start
                break
            if byte != (_CLOSE_OBJECT if isinstance(container, dict) else _CLOSE_ARRAY):
                raise NotJson(position, "a comma or the end of the object or array is missing", byte == -1)
            position += 1
            value = open_containers.pop()


def dump(value: Any, replace: Callable[[str, Any], Any] | None = None) -> str:
    """Compact JSON text of a parsed value; numbers keep their digits.

    `replace(key, value)` may give another value for a member, at any depth.
    """
    parts: list[str] = []
    _dump(value, parts, replace)
    return "".join(parts)


def _dump(value: Any, parts: list[str], replace: Callable[[str, Any], Any] | None) -> None:
    # One frame a level and no comprehensions: 512 levels must fit under Python's recursion limit.
    if isinstance(value, dict):
        mark = "{"
        for key, member in value.items():
            parts.append(mark + json.dumps(key, ensure_ascii=False) + ":")
            _dump(replace(key, member) if replace else member, parts, replace)
            mark = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        mark = "["
        for member in value:
            parts.append(mark)
            _dump(member, parts, replace)
            mark = ","
        parts.append("]" if value else "[]")
    elif isinstance(value, Number):
        parts.append(value)
    else:
        parts.append(json.dumps(value, ensure_ascii=False))


def kind(value: Any) -> str:
    """The JSON type of a parsed value; a number without fraction and exponent is an `integer`."""
    if isinstance(value, Number):
        return "integer" if _INTEGER.fullmatch(value) else "number"
    return _KINDS[type(value)]


def keys_of(value: Any) -> list[str]:
    """Every key of every object in a parsed value, however deep."""
    found: list[str] = []
    rest = [value]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            found.extend(node)
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)
    return found


def is_cut(text: bytes, error: NotJson) -> bool:
    """Whether the text merely ended too early, between two tokens or within one."""
    if error.incomplete or _CUT_STRING.fullmatch(text, error.position):
        return True
    rest = text[error.position : error.position + 8]
    return error.position + len(rest) == len(text) and _CUT_SCALAR.fullmatch(rest) is not None


def skip_blanks(text: bytes, position: int) -> int:
    """Position of the first byte that is no JSON blank."""
    if position < len(text) and text[position] > _LAST_BLANK:
        return position
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _nest(text: bytes, position: int) -> tuple[int, int]:
    """How many levels a nest of brackets around one simple value has, and its end; (1, 0) of any other value."""
    match = _NEST.match(text, position)
    if match is None or not match.group().isascii():
        return 1, 0
    closing = re.sub(rb"[^\[{]+", b"", match.group(1))[::-1].translate(_CLOSING)
    levels = len(closing)
    return (levels, match.start(2) + levels) if match.group(2).startswith(closing) else (1, 0)


def _key(text: bytes, position: int, container: Any, keys: list[str], found: Parsed) -> int:
    """Read `"key":`, remember the key, return where its value begins."""
    if position >= len(text):
        raise NotJson(position, "the object does not end", incomplete=True)
    match = _KEY.match(text, position)
    if match is not None and match.group(1).isascii():
        key = match.group(1).decode()
        position = match.end()
    else:
        if text[position] != _QUOTE:
            raise NotJson(position, "a key in double quotes is missing")
        key, position = _string(text, position, found)
        position = skip_blanks(text, position)
        if position >= len(text) or text[position] != _COLON:
            raise NotJson(position, "a colon is missing", position >= len(text))
        position = skip_blanks(text, position + 1)
    if key in container:
        found.faults.append(("duplicate_key", key))
    keys.append(key)
    return position


def _string(text: bytes, position: int, found: Parsed) -> tuple[str, int]:
    """The string that begins at `position`, and where it ends."""
    match = _STRING.match(text, position)
    if match is None:
        raise NotJson(position, "a string does not end or holds a raw control character or an unknown escape")
    raw = match.group()
    try:
        content = raw.decode("utf-8")
    except UnicodeDecodeError:
        found.faults.append(("not_utf8", None))
        content = raw.decode("utf-8", "replace")
    if "\\" not in content:
        return content[1:-1], match.end()
    unescaped: str = json.loads(content)
    try:
        unescaped.encode("utf-8")
    except UnicodeEncodeError:
        found.faults.append(("lone_surrogate", None))
    return unescaped, match.end()


def _scalar(text: bytes, position: int, byte: int) -> tuple[Any, int]:
    """A number, true, false or null, and where it ends."""
    if byte == -1:
        raise NotJson(position, "a value is missing", incomplete=True)
    for word, value in _LITERALS:
        if text.startswith(word, position):
            return value, position + len(word)
    match = _NUMBER.match(text, position)
    if match is None:
        raise NotJson(position, "a value is missing or is none that JSON knows")
    return Number(match.group().decode("ascii")), match.end()
