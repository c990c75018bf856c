"""Files that are not UTF-8: told by how they begin, and cut into their lines byte by byte."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

# UTF-32's mark begins like UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32LE"),
    (codecs.BOM_UTF32_BE, "UTF-32BE"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)
# So many bytes of a file tell what it is.
ENOUGH = 8
BLANKS = " \t\r\n"


def detect(start: bytes) -> tuple[str, int] | None:
    """Name of the encoding of a file that begins so, and the length of its byte-order mark; None for UTF-8.

    JSON begins with two ASCII characters, so where a file has no mark the place of its NULs tells.
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    nuls = tuple(byte == 0 for byte in start[:ENOUGH])
    for width, name in ((4, "UTF-32LE"), (4, "UTF-32BE"), (2, "UTF-16LE"), (2, "UTF-16BE")):
        unit = (False,) + (True,) * (width - 1)
        unit = unit if name.endswith("LE") else unit[::-1]
        if nuls[: 2 * width] == unit * 2:
            return name, 0
    return None


def width(encoding: str) -> int:
    """Bytes of the smallest unit of an encoding that `detect` names."""
    return 4 if encoding.startswith("UTF-32") else 2


def lines(text: bytes, encoding: str) -> Iterator[tuple[int, int]]:
    """Where each line of a text stands: its start, and where the next begins; the last may lack its newline."""
    newline = "\n".encode(encoding)
    start = at = 0
    while (at := text.find(newline, at)) >= 0:
        if at % len(newline):
            at += 1
            continue
        at += len(newline)
        yield start, at
        start = at
    if start < len(text):
        yield start, len(text)


def without_end(line: bytes, encoding: str) -> bytes:
    """A line without its newline and a carriage return before it."""
    return line.removesuffix("\n".encode(encoding)).removesuffix("\r".encode(encoding))


def is_blank(line: bytes, encoding: str) -> bool:
    """Whether nothing but blanks stands on a line."""
    return not line.decode(encoding, "replace").strip(BLANKS)
