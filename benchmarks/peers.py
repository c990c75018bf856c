"""What others would do with the same files, and what can't be done faster: each in a process of its own.

    python -m benchmarks.peers decode INBOX OUT      msgspec decodes typed records, Arrow writes Parquet, unchecked
    python -m benchmarks.peers read-json INBOX OUT   DuckDB reads the records into typed columns and writes Parquet
    python -m benchmarks.peers by-day INBOX OUT      the same with times as timestamps, into a folder for each day
    python -m benchmarks.peers copy LAKE OUT         DuckDB copies the lake into tables of a fresh file

All but `copy` take the play events. They know no line numbers, keep no undeclared field and set nothing aside; `decode`
and `read-json` leave times as text and write one file: less than `earshot land` does. `by-day` does not fail on broken
records, they become rows of nulls. Each prints the rows that it wrote.
"""

import gzip
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

GZIP = b"\x1f\x8b"
ROWS = 250_000
STREAM = "play"
REPETITIVE = ["clientid", "countrycode", "platform", "appversion", "action", "musicsource", "contenttype", "genre"]
TYPES = {"string": "VARCHAR", "timestamp": "VARCHAR", "number": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN"}


def files(inbox: Path) -> list[Path]:
    """The deliveries of the stream, in order."""
    return sorted(path for path in inbox.glob(f"events/*/{STREAM}/**/*") if path.is_file())


def packed(path: Path) -> bool:
    """Whether a file is gzipped, whatever its name says."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def decode(inbox: Path, out: Path) -> int:
    """Typed decoding and columns, no checks; returns the rows written."""
    import msgspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    from loaders import contracts

    python = {"string": str, "timestamp": str | int, "number": float, "integer": int, "boolean": bool}
    arrow = {"string": pa.string(), "timestamp": pa.string(), "number": pa.float64()}
    columns = contracts.read()[STREAM].declared
    fields = [(column.name, python[column.type] | None, None) for column in columns]
    record = msgspec.defstruct("Record", fields, gc=False)
    line_to_record = msgspec.json.Decoder(record).decode
    schema = pa.schema([(column.name, arrow[column.type]) for column in columns])

    def batches() -> Iterator[pa.Table]:
        rows: list[object] = []
        for path in files(inbox):
            content = path.read_bytes()
            text = gzip.decompress(content) if content.startswith(GZIP) else content
            rows.extend(map(line_to_record, text.splitlines()))
            if len(rows) >= ROWS:
                yield table(rows)
                rows = []
        if rows:
            yield table(rows)

    def table(rows: list[object]) -> pa.Table:
        arrays = []
        for column in columns:
            values = [getattr(row, column.name) for row in rows]
            if column.type == "timestamp":
                values = [None if value is None else str(value) for value in values]
            arrays.append(pa.array(values, arrow[column.type]))
        return pa.Table.from_arrays(arrays, schema=schema)

    written = 0
    options = {"compression": "zstd", "compression_level": 1, "use_dictionary": REPETITIVE}
    with pq.ParquetWriter(out, schema, **options) as writer:
        for batch in batches():
            writer.write_table(batch)
            written += len(batch)
    return written


def read_json(inbox: Path, out: Path) -> int:
    """DuckDB's own reader, its columns named and typed; returns the rows written."""
    return _written(f"select * from ({_records(inbox, TYPES)})", f"'{out}' (format parquet, compression zstd)")


def by_day(inbox: Path, out: Path) -> int:
    """The same with times as timestamps, into a folder for each day; broken records don't end it."""
    records = _records(inbox, {**TYPES, "timestamp": "TIMESTAMP"}, ", ignore_errors = true")
    target = f"'{out}' (format parquet, compression zstd, partition_by (event_date))"
    return _written(f"select *, eventtime::date as event_date from ({records})", target)


def _records(inbox: Path, types: Mapping[str, str], more: str = "") -> str:
    """SQL that reads the stream's files."""
    from loaders import contracts

    columns = {column.name: types[column.type] for column in contracts.read()[STREAM].declared}
    named = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
    parts = []
    # It goes by a file's name, and not every gzipped file's name says so.
    for compression, wanted in (("gzip", True), ("uncompressed", False)):
        listed = ", ".join(f"'{path}'" for path in files(inbox) if packed(path) is wanted)
        options = f"columns = {{{named}}}, format = 'newline_delimited', compression = '{compression}'{more}"
        if listed:
            parts.append(f"select * from read_json([{listed}], {options})")
    return " union all ".join(parts)


def _written(query: str, target: str) -> int:
    import duckdb

    with duckdb.connect() as connection:
        return int(connection.execute(f"copy ({query}) to {target}").fetchall()[0][0])


def copy(lake: Path, out: Path) -> int:
    """Every dataset of the lake as a table; returns the rows written."""
    import duckdb

    written = 0
    with duckdb.connect(str(out)) as connection:
        for folder in sorted((lake / "raw").glob("*/*")):
            name = f"{folder.parent.name}_{folder.name}"
            parquet = f"read_parquet('{folder}/*/*.parquet', union_by_name = true)"
            connection.execute(f"create table {name} as select * from {parquet}")
            written += connection.execute(f"select count(*) from {name}").fetchall()[0][0]
    return written


PEERS = {"decode": decode, "read-json": read_json, "by-day": by_day, "copy": copy}

if __name__ == "__main__":
    peer, source, target = sys.argv[1:]
    print(PEERS[peer](Path(source), Path(target)))
