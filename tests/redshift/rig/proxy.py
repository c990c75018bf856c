"""The wire between redshift_connector and PostgreSQL: what Redshift's driver sends is refused, rewritten or passed.

A statement that Redshift would refuse is answered with an error in the server's place; of the rest, what PostgreSQL
lacks is rewritten. Two things are changed on the way back, which the driver and the adapter can't take from PostgreSQL:
its version, and the type `text`, which is `varchar` on Redshift.
"""

import asyncio
import re
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Translate = Callable[[str], str]

_SSL_REQUESTS = (80877103, 80877104)  # of TLS and of GSSAPI: the answer is no
_STARTUP = 196608
_PASSED_ON = {b"user", b"database", b"application_name", b"options", b"client_encoding"}
_AS_VARCHAR = {25, 705}  # text, and a literal whose type nobody asked for
_VARCHAR = 1043
# What Redshift does outside of transactions alone.
_OUTSIDE = re.compile(
    r"\s*(/\*.*?\*/)?\s*((create|drop)\s+external\s+table|alter\s+table\s.*\bpartition\b|vacuum)\b", re.I | re.S
)
_NODE = re.compile(r'"node_id": "([^"]+)"')


class Refused(Exception):
    """Why Redshift would not take a statement."""


@dataclass(frozen=True)
class Sent:
    """A statement, the node (`model.earshot.dim_users`) for which it was sent, and why it was refused; else empty."""

    node: str
    sql: str
    refusal: str = ""


@dataclass
class Proxy:
    """Listens on `port` of this machine from `start` to `stop`; `sent` is everything that came, in order."""

    socket: Path
    translate: Translate
    sent: list[Sent] = field(default_factory=list, repr=False)
    port: int = 0
    _served: set[Any] = field(default_factory=set, repr=False)

    def start(self) -> None:
        """Serve from a thread of its own."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10), "the proxy did not start within 10 seconds"

    def stop(self) -> None:
        """Listen no more, and close every connection."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _listen(self, ready: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the driver, to its end."""
        task = asyncio.current_task()
        self._served.add(task)  # the loop itself would forget it
        try:
            code, body = await _read_startup(reader, writer)
            server_reader, server_writer = await asyncio.open_unix_connection(str(self.socket))
            server_writer.write(struct.pack("!ii", len(body) + 8, code) + body)
            status = bytearray(b"I")  # idle, in a transaction or in a failed one, as the server said last
            back = asyncio.create_task(_pass_back(server_reader, writer, status))
            try:
                await self._pass_on(reader, writer, server_writer, status)
            finally:
                server_writer.close()
                await back
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            self._served.discard(task)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server: asyncio.StreamWriter,
        status: bytearray,
    ) -> None:
        node = ""
        while True:
            kind, body = await _read_message(reader)
            if kind in b"PQ":
                start = body.index(b"\0") + 1 if kind == b"P" else 0  # after the name of a prepared statement
                end = body.index(b"\0", start)
                sql = body[start:end].decode()
                if found := _NODE.search(sql):
                    node = found[1]  # of several statements sent as one only the first has dbt's comment
                elif "/*" in sql:
                    node = ""
                try:
                    if status != b"I" and _OUTSIDE.match(sql):
                        raise Refused(f"it cannot run inside a transaction block: {' '.join(sql.split())[:160]}")
                    translated = self.translate(sql)
                except Refused as refusal:
                    self.sent.append(Sent(node, sql, str(refusal)))
                    writer.write(_error(str(refusal)))
                    while kind not in b"QS":  # after an error, a server skips everything up to the next Sync
                        kind, body = await _read_message(reader)
                    server.write(_message(b"S", b""))  # whose answer says that the server is ready
                    continue
                self.sent.append(Sent(node, sql))
                body = body[:start] + translated.encode() + body[end:]
            server.write(_message(kind, body))
            await server.drain()


async def _read_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bytes]:
    """The first message, without the parameters by which the driver tells Redshift about itself."""
    while True:
        length, code = struct.unpack("!ii", await reader.readexactly(8))
        body = await reader.readexactly(length - 8)
        if code not in _SSL_REQUESTS:
            break
        writer.write(b"N")
    if code == _STARTUP:
        words = body.rstrip(b"\0").split(b"\0")
        pairs = [pair for pair in zip(words[::2], words[1::2], strict=False) if pair[0] in _PASSED_ON]
        body = b"".join(name + b"\0" + value + b"\0" for name, value in pairs) + b"\0"
    return code, body


async def _pass_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: bytearray) -> None:
    try:
        while True:
            kind, body = await _read_message(reader)
            if kind == b"S" and body.startswith(b"server_version\0"):
                body = b"server_version\x008.0.2\0"
            elif kind == b"Z":
                status[:] = body
            elif kind == b"T":
                body = _text_as_varchar(body)
            writer.write(_message(kind, body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", await reader.readexactly(5))
    return kind, await reader.readexactly(length - 4)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _error(text: str) -> bytes:
    """An error as the server would send it: not supported."""
    return _message(b"E", b"SERROR\0VERROR\0C0A000\0M" + text.encode() + b"\0\0")


def _text_as_varchar(body: bytes) -> bytes:
    """The description of a result's columns, with varchar for text."""
    changed = bytearray(body)
    (count,) = struct.unpack_from("!h", body)
    place = 2
    for _ in range(count):
        place = body.index(b"\0", place) + 1 + 6  # past the name, the table and the place in it
        if struct.unpack_from("!i", body, place)[0] in _AS_VARCHAR:
            struct.pack_into("!i", changed, place, _VARCHAR)
        place += 12
    return bytes(changed)
