"""Source files as streams of bytes: plain or gzip, told by their content, checked whole before anything is believed."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
# A gzip file that unpacks to no more is kept in memory between its check and its use; a larger one is unpacked twice.
KEPT = 64 << 20
GZIP = b"\x1f\x8b"


class Refused(Exception):
    """A source that can't be taken as it is; the words say why, without naming it."""


@dataclass(frozen=True)
class Fingerprint:
    """What a source file is recognised by, beside its path. `checksum` is SHA-256 of the file as it lies there."""

    size: int
    mtime_ns: int
    checksum: str


def checksum(path: Path) -> str:
    """SHA-256 of a file; raises Refused when it can't be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise Refused(f"it can't be read ({error.strerror})") from error
    return digest.hexdigest()


class Source:
    """One source file: iterate for its unpacked bytes in blocks, then ask for its `fingerprint` (and `md5`).

    Memory is bounded whatever the file's size. Raises Refused when the file can't be read, changes meanwhile, or is a
    gzip file that is broken anywhere; of a broken one no block is given.
    """

    def __init__(self, path: Path, with_md5: bool = False) -> None:
        self.path = path
        self._sha = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None
        self._before: os.stat_result | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """Size, time and checksum of the file, once it was read to its end."""
        assert self._before is not None, "read the file first"
        return Fingerprint(self._before.st_size, self._before.st_mtime_ns, self._sha.hexdigest())

    @property
    def md5(self) -> bytes:
        """MD5 of the file as it lies there, once it was read to its end."""
        assert self._md5 is not None, "ask for it when the source is made"
        return self._md5.digest()

    def __iter__(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                self._before = os.fstat(file.fileno())
                start = file.read(len(GZIP))
                file.seek(0)
                if start != GZIP:
                    yield from self._raw(file)
                    return
                kept: list[bytes] | None = []
                size = 0
                for block in _unpack(self._raw(file)):
                    size += len(block)
                    if kept is not None:
                        kept.append(block)
                    if size > KEPT:
                        kept = None
                if kept is not None:
                    yield from kept
                    return
                file.seek(0)
                yield from _unpack(_blocks(file, self._before.st_size))
                self._unchanged(file)
        except OSError as error:
            raise Refused(f"it can't be read ({error.strerror})") from error

    def _raw(self, file: BinaryIO) -> Iterator[bytes]:
        """The bytes as they lie there, summed on the way."""
        assert self._before is not None, "set when the file is opened"
        for block in _blocks(file, self._before.st_size):
            self._sha.update(block)
            if self._md5 is not None:
                self._md5.update(block)
            yield block
        self._unchanged(file)

    def _unchanged(self, file: BinaryIO) -> None:
        now = os.fstat(file.fileno())
        before = self._before
        if before is None or (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise Refused("it changed while it was read")


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The first `size` bytes: one that grows all the time must not be read forever."""
    while size > 0 and (block := file.read(min(BLOCK, size))):
        size -= len(block)
        yield block


def _unpack(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpacked bytes of gzip members one after the other; zeros after the last are padding, else it is refused."""
    member = zlib.decompressobj(wbits=31)
    fresh = True  # nothing of this member was seen
    padding = False
    for block in blocks:
        rest = block
        while rest:
            if padding or (fresh and rest[0] != GZIP[0]):
                padding = True
                if rest.strip(b"\0"):
                    raise Refused("something that is no gzip follows the gzip data")
                break
            fresh = False
            try:
                unpacked = member.decompress(rest, 4 * BLOCK)
                if unpacked:
                    yield unpacked
                while member.unconsumed_tail and not member.eof:
                    yield member.decompress(member.unconsumed_tail, 4 * BLOCK)
            except zlib.error as error:
                raise Refused(f"its gzip data is broken ({error})") from error
            rest = b""
            if member.eof:
                rest = member.unused_data
                member = zlib.decompressobj(wbits=31)
                fresh = True
    if not fresh:
        raise Refused("its gzip data ends too early")
