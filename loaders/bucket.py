"""A bucket of S3, or of what speaks like it, as a store.

Through boto3 and not through Arrow's file system: that one can't write on a condition, which the lock and the commit of
a load need, it leaves objects `folder/` behind when it deletes, and it keeps quiet about a copy that failed.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from loaders.errors import EarshotError
from loaders.store import Entry, said

ENDPOINT_VARIABLE = "EARSHOT_S3_ENDPOINT"
# The SDK asks again after timeouts, cut connections, throttling and answers 5xx, and waits longer each time.
ATTEMPTS, CONNECT_SECONDS, READ_SECONDS = 5, 3, 30
# Who wants to know soon whether there is an answer at all: the first contact, and the heart of a lock.
BRISK_ATTEMPTS, BRISK_SECONDS = 3, 6
# Every read of a stream is a request to the store.
STREAM_BUFFER = 8 << 20
# A file of more than two parts goes in parts.
PART = 16 << 20
_CONNECTIONS = 32
_making = threading.Lock()


class Tagged(NamedTuple):
    """A small file, what the store calls this version of it, and how long ago it was written, by the store's clock."""

    content: bytes
    tag: str
    seconds: float


@dataclass(frozen=True)
class Bucket:
    """A bucket, or what is below a prefix of it. An object appears there whole, when its writing ends."""

    bucket: str
    prefix: str = ""

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def _at(self, path: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self._key(path)}

    def _pages(self, below: str, **more: str) -> Iterator[dict[str, Any]]:
        prefix = self._key(f"{below}/" if below else "")
        with self._asked():
            yield from _client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, **more)

    def _entries(self, page: dict[str, Any]) -> Iterator[Entry]:
        skipped = len(self._key(""))
        for found in page.get("Contents", ()):
            # Consoles show a folder that is empty by an empty object `folder/`.
            if not (found["Key"].endswith("/") and found["Size"] == 0):
                yield Entry(found["Key"][skipped:], found["Size"], _time(found["LastModified"], found["ETag"]))

    def exists(self) -> bool:
        try:
            with self._asked():
                _client(brisk=True).head_bucket(Bucket=self.bucket)
        except FileNotFoundError:
            return False
        return True

    def files(self, below: str = "", after: str = "") -> list[Entry]:
        """Every file below a folder, by path, of those whose path is greater than `after`."""
        more = {"StartAfter": self._key(after)} if after else {}
        return sorted(entry for page in self._pages(below, **more) for entry in self._entries(page))

    def level(self, below: str = "") -> tuple[list[Entry], list[str]]:
        """The files and the names of the folders right below a folder."""
        files: list[Entry] = []
        folders: list[str] = []
        for page in self._pages(below, Delimiter="/"):
            files.extend(self._entries(page))
            folders.extend(found["Prefix"].removesuffix("/") for found in page.get("CommonPrefixes", ()))
        skipped = len(self._key(f"{below}/" if below else ""))
        return sorted(files), sorted(name[skipped:] for name in folders)

    def folders(self, below: str = "") -> list[str]:
        return self.level(below)[1]

    def info(self, path: str) -> Entry | None:
        try:
            with self._asked():
                found = _client().head_object(**self._at(path))
        except FileNotFoundError:
            return None
        return Entry(path, found["ContentLength"], _time(found["LastModified"], found["ETag"]))

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, _Object(self, path))

    def stream(self, path: str) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Object(self, path, refused=True), STREAM_BUFFER))

    def read(self, path: str) -> bytes:
        with self._asked():
            content, _ = self._get(path)
            return content

    def tagged(self, path: str) -> Tagged | None:
        """A small file with its version, None where there is none."""
        try:
            with self._asked():
                content, answer = self._get(path)
        except FileNotFoundError:
            return None
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Tagged(content, answer["ETag"], (now - answer["LastModified"]).total_seconds())

    def _get(self, path: str, **more: str) -> tuple[bytes, dict[str, Any]]:
        """An object's bytes and what was answered. The SDK does not ask again where an answer ends in its middle."""
        from botocore import exceptions

        for attempt in range(1, ATTEMPTS + 1):
            answer = _client().get_object(**self._at(path), **more)
            try:
                return answer["Body"].read(), answer
            except (exceptions.HTTPClientError, exceptions.IncompleteReadError):
                if attempt == ATTEMPTS:
                    raise
                time.sleep(random.uniform(0, pause(attempt)))
        raise AssertionError("the last attempt returns or raises")

    def write(self, path: str, content: bytes) -> None:
        with self._asked():
            _client().put_object(**self._at(path), Body=content)

    def create(self, path: str, content: bytes) -> bool:
        return self.swap(path, content, None) is not None

    def swap(self, path: str, content: bytes, tag: str | None, brisk: bool = False) -> str | None:
        """Write a small file where `tag` is still its version (None: there is none); its new version, else None."""
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            with self._asked():
                return str(_client(brisk).put_object(**self._at(path), Body=content, **condition)["ETag"])
        except (FileExistsError, FileNotFoundError):
            # It may be ours: the answer to a write can be lost on its way, and then the SDK writes again.
            found = self.tagged(path)
            return found.tag if found is not None and found.content == content else None

    def put(self, local: Path, path: str) -> None:
        from boto3.s3.transfer import TransferConfig

        size = local.stat().st_size
        parts = TransferConfig(multipart_threshold=2 * PART, multipart_chunksize=PART, max_concurrency=4)
        try:
            with self._asked():
                _client().upload_file(str(local), self.bucket, self._key(path), Config=parts)
        except (EarshotError, FileNotFoundError):
            # An upload in parts whose last answer was lost can't be ended twice.
            if not self._is_there(path, size):
                raise
        else:
            if not self._is_there(path, size):
                raise EarshotError(f"{self.address}/{path} did not arrive whole; run this again.")
        local.unlink()

    def _is_there(self, path: str, size: int) -> bool:
        there = self.info(path)
        return there is not None and there.size == size

    def settle(self, paths: Iterable[str]) -> None:
        """Nothing: what an S3 store has taken is there."""

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            with self._asked():
                _client().delete_object(**self._at(path))

    def give_up(self, paths: Iterable[str]) -> None:
        """End uploads in parts that nobody will finish, so that their parts are not paid for; where it may."""
        keys = {self._key(path) for path in paths}
        with suppress(EarshotError, FileNotFoundError), self._asked():
            pages = _client().get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._key("")):
                for found in page.get("Uploads", ()):
                    if found["Key"] in keys:
                        _client().abort_multipart_upload(
                            Bucket=self.bucket, Key=found["Key"], UploadId=found["UploadId"]
                        )

    def scratch(self) -> Path:
        whole = f"{os.environ.get(ENDPOINT_VARIABLE)} {self.address}"
        name = hashlib.sha256(whole.encode()).hexdigest()[:16]
        place = Path(tempfile.gettempdir()) / f"earshot-{os.getuid()}-{name}"
        with said(place):
            place.mkdir(mode=0o700, exist_ok=True)
            if place.is_symlink() or place.stat().st_uid != os.getuid():
                raise EarshotError(f"{place} belongs to somebody else; remove it, or set TMPDIR to another folder.")
        return place

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Turn what boto3 raises into FileNotFoundError, FileExistsError (a condition did not hold) or a sentence."""
        from boto3.exceptions import S3UploadFailedError
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except S3UploadFailedError as error:
            cause = error.__context__
            raise _failure(self, cause if isinstance(cause, ClientError) else error) from error
        except (BotoCoreError, ClientError, ValueError) as error:
            raise _failure(self, error) from error


class _Object(io.RawIOBase):
    """An object as a file to be read from any position; a read is a request."""

    def __init__(self, store: Bucket, path: str, refused: bool = False) -> None:
        self._store, self._path, self._refused = store, path, refused
        self._position = 0
        self._size: int | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END and self._size is None:
            found = self._store.info(self._path)
            if found is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._path)
            self._size = found.size
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size or 0}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        if not len(buffer) or (self._size is not None and self._position >= self._size):
            return 0
        wanted = f"bytes={self._position}-{self._position + len(buffer) - 1}"
        try:
            with self._store._asked():
                content, answer = self._store._get(self._path, Range=wanted)
        except EOFError:
            return 0
        except EarshotError as error:
            # One file that may not be read is a matter of that file.
            status, code = _answer(error.__cause__) if error.__cause__ is not None else (0, "")
            if self._refused and status == 403:
                raise PermissionError(errno.EACCES, f"the store answers {code}") from error
            raise
        if "ContentRange" in answer:
            self._size = int(answer["ContentRange"].rsplit("/", 1)[1])
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


def pause(attempt: int) -> float:
    """The longest that is waited before the next attempt, in seconds."""
    return float(min(2 ** (attempt - 1), 20))


def _time(changed: datetime, tag: str) -> int:
    """When an object changed. Stores in S3 tell whole seconds; the rest is drawn from what they call its version."""
    below = int.from_bytes(hashlib.blake2b(tag.strip('"').encode(), digest_size=7).digest(), "big") % 10**9
    return int(changed.timestamp()) * 10**9 + below


def _client(brisk: bool = False) -> Any:
    with _making:  # boto3 makes one client at a time
        return _made(brisk, os.environ.get(ENDPOINT_VARIABLE))


@cache
def _made(brisk: bool, endpoint: str | None) -> Any:
    """The connections of this process, with the credentials that the environment gives."""
    import boto3
    from botocore.config import Config

    if endpoint and "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    most = BRISK_ATTEMPTS if brisk else ATTEMPTS
    config = Config(
        retries={"mode": "standard", "total_max_attempts": most},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=BRISK_SECONDS if brisk else READ_SECONDS,
        max_pool_connections=_CONNECTIONS,
        s3={"addressing_style": "path" if endpoint else "auto"},
        # Not every store knows the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client = boto3.Session().client("s3", endpoint_url=endpoint or None, config=config)

    def again(response: Any, attempts: int, **_: object) -> float | None:
        """How long to wait before the next attempt, when two wrote on a condition at once."""
        if response is not None and response[0].status_code == 409 and attempts < most:
            return random.uniform(0, pause(attempts))
        return None

    client.meta.events.register("needs-retry.s3", again)
    return client


def _answer(error: BaseException) -> tuple[int, str]:
    """The status and the code of a store's answer; (0, "") where there was none."""
    answer = getattr(error, "response", None) or {}
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)), str(
        answer.get("Error", {}).get("Code", "")
    )


def _failure(store: Bucket, error: Exception) -> Exception:
    """What the caller of a store is told."""
    from botocore import exceptions as sdk

    status, code = _answer(error)
    short = " ".join(str(error).split()).rstrip(".")
    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    where = f"{store.address} at {endpoint}" if endpoint else store.address
    if code == "NoSuchBucket":
        return EarshotError(f"There is no bucket {store.bucket} for {where}; make it, or check the address.")
    if status == 404:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), store.address)
    if status == 412:
        return FileExistsError(errno.EEXIST, "it is another version", store.address)
    if status == 416:
        return EOFError()
    if status in (401, 403):
        words = f"{where} may not be used with these credentials ({short})"
        return EarshotError(f"{words}; grant them what docs/landing.md lists, or check AWS_*, and run this again.")
    if status:
        return EarshotError(f"{where} can't be used now ({short}); check the address, or run this again later.")
    if isinstance(error, sdk.NoCredentialsError | sdk.PartialCredentialsError):
        words = f"There are no credentials for {where} ({short})"
        return EarshotError(f"{words}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.")
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError | sdk.IncompleteReadError):
        words = f"{where} gives no answer ({short})"
        return EarshotError(f"{words}; check {ENDPOINT_VARIABLE} and the network, and run this again.")
    return EarshotError(f"{where} can't be used ({short}); check the address, AWS_* and {ENDPOINT_VARIABLE}.")
