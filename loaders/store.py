"""Where the inbox and the lake are: a folder on this machine, or a bucket (with a prefix) of S3 or what speaks like it.

Everything that reads or changes files there goes through a `Store`; paths are relative to its root, with `/`. What goes
wrong with a place as a whole (a full disk, no permission, no answer) is an EarshotError, a sentence.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from loaders.errors import EarshotError


class Entry(NamedTuple):
    """A file: its path below the root of its store, its bytes, and when it changed last (ns since 1970)."""

    path: str
    size: int
    mtime_ns: int


class Store(Protocol):
    """A place with files. Every method but `open` raises EarshotError when the place can't be used."""

    @property
    def address(self) -> str:
        """What a person calls it."""

    def exists(self) -> bool:
        """Whether the folder, or the bucket, is there."""

    def files(self, below: str = "") -> list[Entry]:
        """Every file below a folder, by path; none when there is no such folder."""

    def folders(self, below: str = "") -> list[str]:
        """The names of the folders right below a folder, sorted."""

    def info(self, path: str) -> Entry | None:
        """The file at a path, None where there is none."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading at any position; raises FileNotFoundError and PermissionError as the file does."""

    def stream(self, path: str) -> BinaryIO:
        """As `open`, for reading from the beginning to the end."""

    def read(self, path: str) -> bytes:
        """All of a small file; raises FileNotFoundError when there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Write a small file: afterwards it is there whole, or, after a crash, as it was before."""

    def create(self, path: str, content: bytes) -> bool:
        """Write a small file where there is none; False, and nothing done, where there is one with other content.

        In a bucket of two processes that do so one is told True, in a folder who has the writer lock may do it.
        """

    def put(self, local: Path, path: str) -> None:
        """Let a finished file of `scratch` take its place, whole or not at all; it is gone from there then."""

    def settle(self, paths: Iterable[str]) -> None:
        """Make files that were put there outlive a power cut."""

    def give_up(self, paths: Iterable[str]) -> None:
        """Forget what of files was put there by halves, by processes that are no more."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, and the folders that are empty then; what is not there is fine."""

    def scratch(self) -> Path:
        """A folder of this machine for what is being written. Who holds the writer lock has it for himself."""


def open_store(address: str, variable: str) -> Store:
    """The store at an address that an environment variable gives; raises EarshotError where it can't be one."""
    if "://" not in address:
        return Folder(Path(address))
    match = re.fullmatch(r"s3://([^/]+)/*(.*?)/*", address)
    if match is None:
        raise EarshotError(f"{variable} is {address}; it can be a folder or s3://bucket/prefix.")
    from loaders.bucket import Bucket  # here, because it is made of what stands here

    return Bucket(match[1], match[2])


@contextmanager
def said(where: object) -> Iterator[None]:
    """Turn what the operating system or the store says of a place into a sentence."""
    try:
        yield
    except OSError as error:
        raise EarshotError(_sentence(str(where), error)) from error


def _sentence(where: str, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {where} is full; make room and run this again: what was not finished is not there."
    words = error.strerror or " ".join(str(error).split())
    if error.errno:  # Arrow's words of a file leave out what is wrong
        words = os.strerror(error.errno)
    if isinstance(error, PermissionError):
        return f"{where} may not be used with the permissions this process has ({words}); grant them and run it again."
    return f"{where} can't be used ({words}); check that it is there and may be written, and run this again."


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    root: Path

    @property
    def address(self) -> str:
        return str(self.root)

    def exists(self) -> bool:
        with said(self.root):
            return self.root.is_dir()

    def files(self, below: str = "") -> list[Entry]:
        with said(self.root / below):
            return sorted(self._walk(self.root / below, f"{below}/" if below else ""))

    def _walk(self, folder: Path, prefix: str) -> Iterator[Entry]:
        try:
            found = os.scandir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise EarshotError(_sentence(str(folder), error)) from error
        with found as entries:
            for entry in entries:
                try:
                    if entry.is_dir():
                        yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/")
                    elif entry.is_file():
                        stat = entry.stat()
                        yield Entry(prefix + entry.name, stat.st_size, stat.st_mtime_ns)
                except FileNotFoundError:  # gone since it was listed
                    continue

    def folders(self, below: str = "") -> list[str]:
        with said(self.root / below):
            try:
                with os.scandir(self.root / below) as entries:
                    return sorted(entry.name for entry in entries if entry.is_dir())
            except (FileNotFoundError, NotADirectoryError):
                return []

    def info(self, path: str) -> Entry | None:
        with said(self.root / path):
            try:
                stat = (self.root / path).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return Entry(path, stat.st_size, stat.st_mtime_ns)

    def open(self, path: str) -> BinaryIO:
        return (self.root / path).open("rb")

    stream = open

    def read(self, path: str) -> bytes:
        with said(self.root / path):
            try:
                return (self.root / path).read_bytes()
            except FileNotFoundError as error:
                missing = error
        raise missing

    def write(self, path: str, content: bytes) -> None:
        place = self.root / path
        temporary = place.with_name(f".{place.name}.tmp")
        with said(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(place)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            self._settle({place.parent})

    def create(self, path: str, content: bytes) -> bool:
        if self.info(path) is not None:
            return self.read(path) == content
        self.write(path, content)
        return True

    def put(self, local: Path, path: str) -> None:
        with said(self.root / path):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            local.replace(self.root / path)

    def settle(self, paths: Iterable[str]) -> None:
        with said(self.root):
            self._settle({(self.root / path).parent for path in paths})

    def _settle(self, folders: set[Path]) -> None:
        # A folder may be new in the one above.
        above = {folder for below in folders for folder in below.parents if folder.is_relative_to(self.root)}
        for folder in sorted(folders | above, reverse=True):
            _sync(folder)

    def give_up(self, paths: Iterable[str]) -> None:
        """Nothing: a file is renamed to its place."""

    def remove(self, paths: Iterable[str]) -> None:
        with said(self.root):
            folders = set()
            for path in paths:
                (self.root / path).unlink(missing_ok=True)
                folders.add((self.root / path).parent)
            for folder in folders:
                for above in (folder, *folder.parents):
                    if above == self.root or (above.is_dir() and any(above.iterdir())):
                        break
                    with suppress(FileNotFoundError):  # one that was not made
                        above.rmdir()

    def scratch(self) -> Path:
        return self.root / "tmp"


def clear(folder: Path) -> None:
    """Remove a scratch folder and all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
