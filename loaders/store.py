"""Where the inbox and the lake are: a folder on this machine, or a bucket (with a prefix) of S3 or what speaks like it.

Everything that reads or changes files there goes through a `Store`; paths are relative to its root, with `/`. What goes
wrong with a place as a whole (a full disk, no permission, no answer) is an EarshotError, a sentence.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, cast

from loaders.errors import EarshotError

if TYPE_CHECKING:
    from pyarrow import fs

ENDPOINT_VARIABLE = "EARSHOT_S3_ENDPOINT"
# The SDK tries again after timeouts, cut connections, throttling and answers 5xx, and waits longer each time.
ATTEMPTS = 6
CONNECT_SECONDS, REQUEST_SECONDS = 5, 30
# Every read of a stream is a request to the store.
STREAM_BUFFER = 8 << 20


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

    def put(self, local: Path, path: str) -> None:
        """Let a finished file of `scratch` take its place, whole or not at all; it is gone from there then."""

    def settle(self, paths: Iterable[str]) -> None:
        """Make files that were put there outlive a power cut."""

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
    # Arrow's words of a bucket end with a list of what the SDK knows, and those of a file leave out what is wrong.
    short = re.sub(r"^(When .*?): ", "", words.split(" Detail: ")[0])
    if "://" not in where and error.errno:
        short = os.strerror(error.errno)
    if isinstance(error, PermissionError) or "ACCESS_DENIED" in words or "HTTP status 403" in words:
        return f"{where} may not be used with the permissions this process has ({short}); grant them and run it again."
    if "://" in where:
        return f"{where} can't be used ({short}); check the address, AWS_* and {ENDPOINT_VARIABLE}, and run it again."
    return f"{where} can't be used ({short}); check that it is there and may be written, and run this again."


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


@dataclass(frozen=True)
class Bucket:
    """A bucket, or what is below a prefix of it. An object appears there whole, when its writing ends."""

    bucket: str
    prefix: str = ""

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def _full(self, path: str) -> str:
        return "/".join(part for part in (self.bucket, self.prefix, path) if part)

    def _one(self, full: str) -> Any:
        with said(self.address):
            return s3(self.bucket).get_file_info(full)

    def _below(self, folder: str, recursive: bool) -> list[Any]:
        from pyarrow import fs  # here, because a lake in a folder must not cost the import of Arrow

        with said(self.address):
            selector = fs.FileSelector(self._full(folder), allow_not_found=True, recursive=recursive)
            return list(s3(self.bucket).get_file_info(selector))

    def _entry(self, info: Any) -> Entry:
        return Entry(info.path[len(self._full("")) + 1 :], info.size, info.mtime_ns)

    def exists(self) -> bool:
        return bool(self._one(self.bucket).type.name != "NotFound")

    def files(self, below: str = "") -> list[Entry]:
        return sorted(self._entry(info) for info in self._below(below, True) if info.is_file)

    def folders(self, below: str = "") -> list[str]:
        return sorted(info.base_name for info in self._below(below, False) if not info.is_file)

    def info(self, path: str) -> Entry | None:
        info = self._one(self._full(path))
        return self._entry(info) if info.is_file else None

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, s3(self.bucket).open_input_file(self._full(path)))

    def stream(self, path: str) -> BinaryIO:
        found = s3(self.bucket).open_input_stream(self._full(path), compression=None, buffer_size=STREAM_BUFFER)
        return cast(BinaryIO, found)

    def read(self, path: str) -> bytes:
        if self.info(path) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{self.address}/{path}")
        with said(self.address), self.open(path) as file:
            return file.read()

    def write(self, path: str, content: bytes) -> None:
        with said(self.address), s3(self.bucket).open_output_stream(self._full(path), compression=None) as file:
            file.write(content)

    def put(self, local: Path, path: str) -> None:
        from pyarrow import fs

        with said(self.address):
            fs.copy_files(str(local), self._full(path), fs.LocalFileSystem(), s3(self.bucket))
        there = self.info(path)
        if there is None or there.size != local.stat().st_size:
            raise EarshotError(f"{self.address}/{path} did not arrive whole; run this again.")
        local.unlink()

    def settle(self, paths: Iterable[str]) -> None:
        """Nothing: what an S3 store has taken is there."""

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            if self.info(path) is not None:
                with said(self.address):
                    s3(self.bucket).delete_file(self._full(path))

    def scratch(self) -> Path:
        name = hashlib.sha256(self.address.encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"earshot-{os.getuid()}-{name}"


@cache
def s3(bucket: str) -> fs.S3FileSystem:
    """The connection of this process to a bucket, with the credentials that the environment gives."""
    from pyarrow import fs

    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    with said(f"s3://{bucket}"):
        if region is None:
            region = "us-east-1" if endpoint else fs.resolve_s3_region(bucket)
        return fs.S3FileSystem(
            endpoint_override=endpoint,
            region=region,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        )


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
