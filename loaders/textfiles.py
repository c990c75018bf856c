"""Source files as streams of bytes: plain or gzip, told by their content, checked whole before anything is believed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from loaders.store import Entry, Store

BLOCK = 512 << 10
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


def checksum(store: Store, path: str) -> str:
    """SHA-256 of a file; raises Refused when it can't be read."""
    digest = hashlib.sha256()
    with reading(), store.stream(path) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Source:
    """One source file: iterate for its unpacked bytes in blocks, then ask for its `fingerprint` (and `md5`).

    Memory is bounded whatever the file's size. Raises Refused when the file can't be read, changes meanwhile, or is a
    gzip file that is broken anywhere; of a broken one no block is given.
    """

    def __init__(self, store: Store, path: str, with_md5: bool = False) -> None:
        self.store, self.path = store, path
        self._sha = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None
        self._before: Entry | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """Size, time and checksum of the file, once it was read to its end."""
        assert self._before is not None, "read the file first"
        return Fingerprint(self._before.size, self._before.mtime_ns, self._sha.hexdigest())

    @property
    def md5(self) -> bytes:
        """MD5 of the file as it lies there, once it was read to its end."""
        assert self._md5 is not None, "ask for it when the source is made"
        return self._md5.digest()

    def __iter__(self) -> Iterator[bytes]:
        with reading():
            self._before = self.store.info(self.path)
            if self._before is None:
                raise FileNotFoundError
            with self.store.stream(self.path) as file:
                blocks = self._raw(file)
                first = next(blocks, b"")
                blocks = chain([first], blocks)
                if not first.startswith(GZIP):
                    yield from blocks
                    return
                kept: list[bytes] | None = []
                size = 0
                for block in _unpack(blocks):
                    size += len(block)
                    if kept is not None:
                        kept.append(block)
                    if size > KEPT:
                        kept = None
            if kept is not None:
                yield from kept
                return
            with self.store.stream(self.path) as file:
                yield from _unpack(_blocks(file, self._before.size))
                self._unchanged()

    def _raw(self, file: BinaryIO) -> Iterator[bytes]:
        """The bytes as they lie there, summed on the way."""
        assert self._before is not None, "set when the file is opened"
        for block in _blocks(file, self._before.size):
            self._sha.update(block)
            if self._md5 is not None:
                self._md5.update(block)
            yield block
        self._unchanged()

    def _unchanged(self) -> None:
        now = self.store.info(self.path)
        if now is None:
            raise Refused("it vanished while it was read")
        if now != self._before:
            raise Refused("it changed while it was read")


@contextmanager
def reading() -> Iterator[None]:
    """What is wrong with one file refuses it. A store that gives no answer ends the run: that is no OSError."""
    try:
        yield
    except FileNotFoundError:
        raise Refused("it vanished before it was read") from None
    except OSError as error:
        raise Refused(f"it can't be read ({error.strerror})") from error


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
                unpacked = member.decompress(rest, BLOCK)
                if unpacked:
                    yield unpacked
                while member.unconsumed_tail and not member.eof:
                    yield member.decompress(member.unconsumed_tail, BLOCK)
            except zlib.error as error:
                raise Refused(f"its gzip data is broken ({error})") from error
            rest = b""
            if member.eof:
                rest = member.unused_data
                member = zlib.decompressobj(wbits=31)
                fresh = True
    if not fresh:
        raise Refused("its gzip data ends too early")
