"""External schemas, tables and partitions as Redshift Spectrum documents them; what the tables hold is read by `scan`.

An external table is a plain one here, with a column "$path". Its files are read when a test says so, not at each query.
"""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from tests.redshift.rig.columnar import column_type
from tests.redshift.rig.proxy import Refused

MOST_PARTITIONS = 100
_ROLE = r"iam_role\s+(?:default|'arn:aws:iam::\d{12}:role/[^']+')"
_SCHEMA = re.compile(
    rf"create external schema (?P<exists>if not exists )?(?P<schema>\w+) from data catalog database '\w+' {_ROLE}"
    r"( create external database if not exists)?",
    re.I,
)
_TABLE = re.compile(
    r"create external table (?P<schema>\w+)\.(?P<table>\w+) \((?P<columns>.+?)\)"
    r"( partitioned by \((?P<key>\w+) date\))? stored as parquet location '(?P<location>s3://[^']+/)'",
    re.I,
)
_COLUMN = re.compile(r'"(?P<name>[^"]+)" (?P<type>[a-z ]+(\(\d+(,\d+)?\))?)(, |$)', re.I)
_PARTITIONS = re.compile(
    r"alter table (?P<schema>\w+)\.(?P<table>\w+) add (if not exists )?"
    r"(?P<parts>(partition \(\w+='[^']+'\) location 's3://[^']+/' ?)+)",
    re.I,
)
_PARTITION = re.compile(r"partition \((?P<key>\w+)='(?P<value>[^']+)'\) location '(?P<location>[^']+)'", re.I)


def translate(text: str) -> str | None:
    """A statement about external schemas, tables and partitions as PostgreSQL takes it; None of any other."""
    text = " ".join(text.split())
    if found := _SCHEMA.fullmatch(text):
        return f"create schema {found['exists'] or ''}{found['schema']}"
    if found := _TABLE.fullmatch(text):
        columns = [(column["name"], column["type"]) for column in _COLUMN.finditer(found["columns"])]
        if ", ".join(f'"{name}" {kind}' for name, kind in columns) != found["columns"]:
            raise Refused(f"these columns of an external table are not emulated: {found['columns']}")
        if found["key"] in dict(columns):
            raise Refused(f"external table {found['table']}: the partition column {found['key']} is one of its columns")
        told = json.dumps(columns).replace("'", "''")
        key = f"'{found['key']}'" if found["key"] else "null"
        place = f"'{found['schema']}', '{found['table']}'"
        return f"select rs.make_external_table({place}, '{told}', {key}, '{found['location']}')"
    if found := _PARTITIONS.fullmatch(text):
        parts = [part.groupdict() for part in _PARTITION.finditer(found["parts"])]
        if len(parts) > MOST_PARTITIONS:
            raise Refused(f"ALTER TABLE adds {len(parts)} partitions, more than {MOST_PARTITIONS}")
        told = json.dumps(parts).replace("'", "''")
        return f"select rs.add_partitions('{found['schema']}', '{found['table']}', '{told}')"
    if re.match(r"create external|alter table .* partition", text, re.I):
        raise Refused(f"this form of it is not emulated: {text[:160]}")
    return None


def scan(rig: Any) -> int:
    """Let every external table hold what a query would read now; how many rows in all.

    That is what lies at the places of its partitions, or at its own without any. Columns are found by name, one that a
    file lacks is null. Raises Refused when a file holds a column in another type.
    """
    rows = 0
    with closing(rig.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select schemaname, tablename, partition_key, location from rs.external_tables order by 1, 2")
        for schema, table, key, location in cursor.fetchall():
            place = (schema, table)
            cursor.execute(
                """select "values", location from rs.external_partitions where (schemaname, tablename) = %s""", (place,)
            )
            places = cursor.fetchall() if key else [(None, location)]
            cursor.execute(
                "select columnname, format_type(atttypid, null) from rs.external_columns "
                "inner join pg_attribute on attname = columnname and attrelid = %s::regclass "
                "where (schemaname, tablename) = %s and part_key = 0 order by columnnum",
                (f"{schema}.{table}", place),
            )
            columns = dict(cursor.fetchall())
            files = [
                (str(file), address, value)
                for value, below in places
                for address, file in rig.buckets.find(below).items()
                if not file.name.startswith((".", "_", "#"))
            ]
            cursor.execute(f"truncate {schema}.{table}")
            if files:
                _write(files, columns, bool(key), rig.buckets.scratch / "scanned.csv")
                names = ", ".join(f'"{name}"' for name in [*columns, *([key] if key else []), "$path"])
                with (rig.buckets.scratch / "scanned.csv").open(encoding="utf-8") as text:
                    cursor.copy_expert(f"copy {schema}.{table} ({names}) from stdin (format csv, null '\\N')", text)
                rows += cursor.rowcount
    return rows


def _write(files: list[tuple[str, str, str | None]], columns: dict[str, str], partitioned: bool, path: Path) -> None:
    """Write the rows of files (file, address, value of the partition) as PostgreSQL's COPY reads them."""
    written = {}
    for file, address, _ in files:
        for column in pq.read_schema(file):
            written[column.name.lower()] = column.name
            if columns.get(column.name.lower(), column_type(column.type)) != column_type(column.type):
                raise Refused(f"Spectrum Scan Error: {address} has an incompatible Parquet schema for {column.name}")
    read = [f'held."{written[name]}"' if name in written else "null" for name in columns]
    read += ["places.value"] if partitioned else []
    with duckdb.connect() as reader:
        reader.execute("create table places (file varchar, address varchar, value varchar)")
        reader.executemany("insert into places values (?, ?, ?)", files)
        reader.execute("set variable files = (select list(file) from places)")
        reader.execute(
            f"copy (select {', '.join(read)}, places.address from read_parquet(getvariable('files'), "
            "hive_partitioning = false, union_by_name = true, filename = '_its_file') as held "
            f"inner join places on places.file = held._its_file) to '{path}' "
            "(format csv, header false, nullstr '\\N', force_quote *)"
        )
