"""`loads/files/<load_id>.jsonl`: the files that a load brought and took away, one JSON object a line.

They are for a warehouse that can neither list a bucket nor take a load record as it is: Redshift's COPY refuses a JSON
object of more than 4 MB. A list is written after its load's commit, so whoever reads one reads of a load that exists;
one that a crash kept from being written is made by the next writer, before the load that comes then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, Any

import msgspec

from loaders.store import Store

if TYPE_CHECKING:
    from loaders.loads import Load

FOLDER = "loads/files"


class Line(msgspec.Struct, omit_defaults=True):
    """One file: `columns` is JSON text, the name of each column of the file to its Arrow type, in the file's order.

    Of a file that was taken away only the path is told, and of one that is gone before it was listed no columns.
    """

    load_id: str
    path: str
    records: int | None = None
    bytes: int | None = None
    columns: str | None = None
    is_removed: bool = False


def place(load_id: str) -> str:
    """Where a load's list lies, below the lake."""
    return f"{FOLDER}/{load_id}.jsonl"


def columns(source: Any) -> str:
    """The columns of a Parquet file (a path or an open file), as a line tells them."""
    import pyarrow.parquet as pq  # here, because looking at loads must not cost the import of Arrow

    return json.dumps({field.name: str(field.type) for field in pq.read_schema(source)})


def write(lake: Store, load: Load, columns_of: Callable[[str], str | None]) -> None:
    """Write the list of a load; `columns_of` a path below the lake gives the file's columns."""
    lines = [Line(load.load_id, file.path, file.rows, file.bytes, columns_of(file.path)) for file in load.files]
    lines += [Line(load.load_id, path, is_removed=True) for path in load.removed]
    lake.write(place(load.load_id), b"".join(_encoded(lines)))


def of_lake(lake: Store) -> Callable[[str], str | None]:
    """Reads columns from the files themselves; None of one that is gone, because a later load took it away."""

    def read(path: str) -> str | None:
        try:
            file: IO[bytes] = lake.open(path)
        except FileNotFoundError:
            return None
        with file:
            return columns(file)

    return read


def _encoded(lines: Iterable[Line]) -> Iterable[bytes]:
    for line in lines:
        yield msgspec.json.encode(line) + b"\n"
