"""A store in S3 for tests: moto's server, and a proxy before it that counts requests and does what networks do.

The proxy also lets writes through one at a time, because moto does not check and write as one step, as stores in S3 do.
"""

from __future__ import annotations

import http.client
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

# What may happen to a request: an answer of the store's front door, the connection cut before it got there (`cut`), in
# the middle of the answer (`half`) or after it did its work but before it was answered (`lost`), or no answer in time.
FAULTS = ("500", "503", "429", "cut", "half", "lost", "slow")


@dataclass(frozen=True)
class Request:
    """One request as the proxy sees it; `kind` is what it is for, `nth` how many like it there were before."""

    method: str
    bucket: str
    key: str
    query: dict[str, list[str]]
    kind: str
    nth: int


Plan = Callable[[Request], str | None]


def no_faults(request: Request) -> None:
    """Let everything through."""


@dataclass
class Seeded:
    """A plan that follows from a seed: each request meets a fault with a probability, at most `most` in a row."""

    seed: int
    rate: float
    most: int = 2
    faults: tuple[str, ...] = FAULTS
    kinds: tuple[str, ...] = ()
    injected: Counter[tuple[str, str]] = field(default_factory=Counter)
    _rows: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: Request) -> str | None:
        # Ids differ from run to run, what happens to a request must not.
        name = re.sub(r"\d{8}T\d{6}\.\d{6}Z|[0-9a-f]{32}", "*", f"{request.method} {request.key} {request.query}")
        chance = random.Random(f"{self.seed} {name} {request.nth}")
        if (self.kinds and request.kind not in self.kinds) or chance.random() >= self.rate:
            self._rows[name] = 0
            return None
        if self._rows[name] >= self.most:
            self._rows[name] = 0
            return None
        self._rows[name] += 1
        fault = chance.choice(self.faults)
        self.injected[request.kind, fault] += 1
        return fault


class Proxy:
    """An endpoint on loopback before another one; `plan` may be changed at any time."""

    def __init__(self, target: str, slow: float = 3) -> None:
        self.target = urlsplit(target).netloc
        self.slow = slow
        self.plan: Plan = no_faults
        self.deaf = False  # to conditions, as some stores are
        self.seen: list[Request] = []
        self._nth: Counter[tuple[str, str, str]] = Counter()
        self._guard = threading.Lock()
        self._busy = 0
        self.writing = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def kinds(self) -> Counter[str]:
        """How many requests of each kind there were."""
        with self._guard:
            return Counter(request.kind for request in self.seen)

    def forget(self) -> None:
        """Count from here on."""
        with self._guard:
            self.seen.clear()
            self._nth.clear()

    def work(self, more: int) -> None:
        with self._guard:
            self._busy += more

    def settle(self) -> None:
        """Wait until no request is under way."""
        while self._busy:
            time.sleep(0.005)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def note(self, method: str, target: str) -> str | None:
        split = urlsplit(target)
        bucket, _, key = unquote(split.path).lstrip("/").partition("/")
        query = parse_qs(split.query, keep_blank_values=True)
        with self._guard:
            nth = self._nth[method, split.path, split.query]
            self._nth[method, split.path, split.query] += 1
            request = Request(method, bucket, key, query, _kind(method, key, query), nth)
            self.seen.append(request)
        return self.plan(request)


def _kind(method: str, key: str, query: dict[str, list[str]]) -> str:
    if method == "GET" and ("list-type" in query or "prefix" in query):
        return "list"
    if method == "POST" and "uploads" in query:
        return "upload begins"
    if "uploadId" in query:
        return {"PUT": "upload part", "POST": "upload ends", "DELETE": "upload given up"}.get(method, "upload asked")
    what = "bucket"
    for name, pattern in (
        ("record", r"loads/[^/]+\.json$"),
        ("intent", r"loads/[^/]+\.intent$"),
        ("lock", r"(lock|readers)(/[^/]+)?(\.json)?$"),
        ("data", r"(raw|quarantine)/"),
        ("source", r"(events|catalog|dynamodb)/"),
        ("other", r"."),
    ):
        if re.search(rf"(^|/){pattern}" if name != "other" else pattern, key):
            what = name
            break
    return {"GET": "read", "HEAD": "head", "PUT": "write", "DELETE": "delete"}.get(method, method) + f" {what}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: Proxy

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _do(self) -> None:
        self.proxy.work(1)
        try:
            self._done()
        finally:
            self.proxy.work(-1)

    def _done(self) -> None:
        body = self._body()
        fault = self.proxy.note(self.command, self.path)
        if fault == "slow":
            time.sleep(self.proxy.slow)
        if fault in ("cut", "slow"):
            return self._cut()
        if fault is not None and fault.isdigit():
            return self._answer(int(fault), {"Content-Type": "application/xml"}, _words(fault))
        status, headers, content = self._forward(body)
        if fault == "lost":
            return self._cut()
        if fault == "half":
            if not content:
                return self._cut()
            self._head(status, headers, len(content))
            self.wfile.write(content[: len(content) // 2])
            return self._cut()
        self._answer(status, headers, content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _do

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        skipped: tuple[str, ...] = ("expect", "transfer-encoding", "content-length", "connection")
        if self.proxy.deaf:
            skipped += ("if-match", "if-none-match")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
        headers["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(self.proxy.target, timeout=60)
        try:
            if self.command in ("GET", "HEAD"):
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            with self.proxy.writing:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _head(self, status: int, headers: dict[str, str], size: int) -> None:
        self.send_response_only(status)
        given = {name.lower(): value for name, value in headers.items()}
        for name, value in given.items():
            if name not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", given.get("content-length", "0"))
        elif status not in (204, 304):
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self._head(status, headers, len(content))
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(content)

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


def _words(status: str) -> bytes:
    code = {
        "403": "AccessDenied",
        "409": "ConditionalRequestConflict",
        "429": "TooManyRequests",
        "500": "InternalError",
        "503": "SlowDown",
    }[status]
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
