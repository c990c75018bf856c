"""What Redshift takes of a Parquet file: columns by position, each of the very type of its column, never another."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.redshift.rig.proxy import Refused

LARGEST_JSON = 4 << 20
# Type in the file -> type of the column, as PostgreSQL's catalog tells it. Nanoseconds would be read as microseconds;
# nested values and small or unsigned numbers have no column that takes them.
_TYPES = {
    pa.bool_(): "boolean",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float32(): "real",
    pa.float64(): "double precision",
    pa.string(): "character varying",
    pa.binary(): "varbyte",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp without time zone",
    pa.timestamp("ms"): "timestamp without time zone",
}


def same_columns(files: Sequence[Path]) -> pa.Schema:
    """The columns that all of the files have, in one order; raises Refused when they differ."""
    try:
        schemas = [pq.read_schema(path) for path in files]
    except pa.ArrowInvalid as error:
        raise Refused(f"Spectrum Scan Error: a file is no Parquet file: {error}") from error
    for path, schema in zip(files, schemas, strict=True):
        if (schema.names, schema.types) != (schemas[0].names, schemas[0].types):
            raise Refused(f"COPY: the columns of {path.name} are not those of {files[0].name}")
    return schemas[0]


def fits(schema: pa.Schema) -> list[tuple[str, str, str | None]]:
    """Of each column the name, the type in the file and the type of column that takes it, None when there is none."""
    return [(column.name, str(column.type), column_type(column.type)) for column in schema]


def column_type(kind: pa.DataType) -> str | None:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    return _TYPES.get(kind)


def files_to_csv(files: Sequence[Path], path: Path) -> None:
    """Write the rows of Parquet files with the same columns as PostgreSQL's COPY reads them; null is \\N."""
    read = ", ".join(
        f"'\\x' || hex(\"{column.name}\")" if pa.types.is_binary(column.type) else f'"{column.name}"'
        for column in pq.read_schema(files[0])
    )
    names = ", ".join(f"'{file}'" for file in files)
    with duckdb.connect() as reader:
        reader.execute(
            f"copy (select {read} from read_parquet([{names}], hive_partitioning = false)) to '{path}' "
            "(format csv, header false, nullstr '\\N', force_quote *)"
        )


def rows_to_csv(rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write rows in the same way."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["\\N" if value is None else value for value in row] for row in rows])
