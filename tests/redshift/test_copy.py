"""The rig's COPY, UNLOAD and external tables: what they take, and what they refuse as Redshift documents it."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.redshift.rig.server import DATABASE, Rig
from tests.redshift.rig.spectrum import scan

ROLE = "iam_role 'arn:aws:iam::123456789012:role/reader'"
AT = datetime(2026, 1, 2, 3, 4, 5, 678901)
Cursor = Any


@pytest.fixture
def bucket(rig: Rig, tmp_path: Path) -> Path:
    rig.buckets.folders["bucket"] = tmp_path
    return tmp_path


@pytest.fixture
def cursor(rig: Rig) -> Iterator[Cursor]:
    """What a client of Redshift has, through the proxy; each statement is a transaction of its own."""
    with closing(psycopg2.connect(host="127.0.0.1", port=rig.proxy.port, user="dbt", dbname=DATABASE)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _put(bucket: Path, name: str, **columns: pa.Array) -> Path:
    path = bucket / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, store_schema=False)
    return path


def _copy(cursor: Cursor, columns: str, url: str, options: str = "format as parquet") -> list[tuple[Any, ...]]:
    cursor.execute("drop table if exists taken")
    cursor.execute(f"create temporary table taken ({columns})")
    cursor.execute(f"copy taken from '{url}' {ROLE} {options}")
    cursor.execute("select taken.*, pg_last_copy_count() from taken")
    return list(cursor.fetchall())


def test_copy_takes_columns_by_position(bucket: Path, cursor: Cursor) -> None:
    _put(
        bucket,
        "t/1.parquet",
        **{
            "a": pa.array([1]),
            "b": pa.array(['ä,"\n']),
            "c": pa.array([AT], pa.timestamp("us")),
            "d": pa.array([b"\0x"]),
        },
        **{"e": pa.array([None], pa.float64()), "f": pa.array([date(2026, 1, 2)]), "g": pa.array([True])},
        h=pa.array([Decimal("1.50")], pa.decimal128(9, 2)),
    )
    columns = (
        "x bigint, y varchar(5), c timestamp, d varbyte(9), e double precision, f date, g boolean, h numeric(9, 2)"
    )
    [(*row, count)] = _copy(cursor, columns, "s3://bucket/t/1")
    assert (bytes(row.pop(3)), row) == (
        b"\0x",
        [1, 'ä,"\n', AT, None, date(2026, 1, 2), True, Decimal("1.50")],
    )
    assert count == 1


@pytest.mark.parametrize(
    ("columns", "held", "words"),
    [
        ("a bigint, b bigint", {"a": pa.array([1])}, "the file has 1 columns, the table taken takes 2"),
        ("a bigint", {"a": pa.array([1]), "b": pa.array([1])}, "the file has 2 columns, the table taken takes 1"),
        ("a integer", {"a": pa.array([1])}, "column a of the file has the type int64, which column a integer"),
        ("a bigint", {"a": pa.array([1], pa.int32())}, "type int32, which column a bigint"),
        ("a varchar(9)", {"a": pa.array([1])}, "type int64, which column a character varying"),
        (
            "a numeric(9, 2)",
            {"a": pa.array([1], pa.decimal128(10, 2))},
            r"type decimal128\(10, 2\), which column a numeric",
        ),
        ("a timestamp", {"a": pa.array([AT], pa.timestamp("ns"))}, r"type timestamp\[ns\], which column a timestamp"),
        ("a bigint", {"a": pa.array([1], pa.uint32())}, "type uint32, which column a bigint"),
        ("a varchar(9)", {"a": pa.array([["x"]])}, "which column a character varying"),
        ("a varchar(3)", {"a": pa.array(["äö"])}, "bytes of a"),
    ],
)
def test_copy_refuses_what_does_not_fit(
    columns: str, held: dict[str, pa.Array], words: str, bucket: Path, cursor: Cursor
) -> None:
    _put(bucket, "1.parquet", **held)
    with pytest.raises(psycopg2.Error, match=words):
        _copy(cursor, columns, "s3://bucket/1.parquet")


def test_copy_does_not_see_the_column_of_a_partition(bucket: Path, cursor: Cursor) -> None:
    _put(bucket, "event_date=2026-01-02/1.parquet", a=pa.array([1]))
    with pytest.raises(psycopg2.Error, match="the file has 1 columns, the table taken takes 2"):
        _copy(cursor, "a bigint, event_date date", "s3://bucket/event_date=2026-01-02/")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("copy taken from 's3://bucket/' format as parquet", "this form of it is not emulated"),
        (f"copy taken from 's3://bucket/' {ROLE} format as parquet maxerror 3", "does not support 3, maxerror"),
        (f"copy taken from 's3://bucket/' {ROLE} format as parquet fillrecord", "fillrecord of COPY is not emulated"),
        (f"copy taken from 's3://bucket/' {ROLE} csv", "COPY with csv is not emulated"),
        (f"copy taken from 's3://bucket/none' {ROLE} format as parquet", "S3 prefix 'none' does not exist"),
        (f"copy taken from 's3://nowhere/' {ROLE} format as parquet", "The specified bucket does not exist: nowhere"),
        (f"unload ('select 1 as a') to 's3://bucket/u' {ROLE}", "UNLOAD with  is not emulated"),
        (f"unload ('select now() as a') to 's3://bucket/u' {ROLE} parallel off", "RS16 "),
    ],
)
def test_what_is_not_documented_or_not_emulated_is_refused(
    statement: str, words: str, bucket: Path, cursor: Cursor
) -> None:
    _put(bucket, "1.parquet", a=pa.array([1]))
    cursor.execute("create temporary table taken (a bigint)")
    with pytest.raises(psycopg2.Error, match=words):
        cursor.execute(statement)


def test_a_manifest_by_unload_names_the_files(bucket: Path, cursor: Cursor) -> None:
    for number in (1, 2):
        _put(bucket, f"{number}.parquet", a=pa.array([number]))
    _manifest(bucket, cursor, {"1.parquet": {}})
    assert _copy(cursor, "a bigint", "s3://bucket/list-000", "manifest format as parquet") == [(1, 1)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"meta": None}, "needs the content_length of each"),
        ({"meta": {"content_length": 1}}, "is not as long as the manifest says"),
        ({"url": "s3://bucket/9.parquet"}, "the mandatory file s3://bucket/9.parquet was not found"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused(changed: dict[str, Any], words: str, bucket: Path, cursor: Cursor) -> None:
    _put(bucket, "1.parquet", a=pa.array([1]))
    _manifest(bucket, cursor, {"1.parquet": changed})
    with pytest.raises(psycopg2.Error, match=words):
        _copy(cursor, "a bigint", "s3://bucket/list-000", "manifest format as parquet")


def _manifest(bucket: Path, cursor: Cursor, files: dict[str, dict[str, Any]]) -> None:
    entries = []
    for name, changed in files.items():
        size = {"content_length": (bucket / name).stat().st_size}
        entry = {"url": f"s3://bucket/{name}", "mandatory": True, "meta": size} | changed
        entries.append({key: value for key, value in entry.items() if value is not None})
    text = json.dumps({"entries": entries})
    cursor.execute("create temporary table manifest_lines as select cast(%s as varchar(999)) as line", [text])
    cursor.execute(
        f"unload ('select line from manifest_lines') to 's3://bucket/list-' {ROLE} allowoverwrite parallel off"
    )
    cursor.execute("drop table manifest_lines")


def test_copy_of_json_finds_columns_by_name(bucket: Path, cursor: Cursor) -> None:
    (bucket / "1.jsonl").write_text('{"B": "x\\\\N", "c": 3}\n{"a": 2}', encoding="utf-8")
    cursor.execute("create temporary table taken (a bigint, b varchar(9))")
    cursor.execute(f"copy taken (a, b) from 's3://bucket/1' {ROLE} format as json 'auto'")
    cursor.execute("select a, b from taken")
    assert cursor.fetchall() == [(None, "x\\N"), (2, None)]
    (bucket / "2.json").write_text(json.dumps({"a": 1, "b": "x" * (4 << 20)}), encoding="utf-8")
    with pytest.raises(psycopg2.Error, match=r"a JSON object of 2\.json is larger than 4 MB"):
        cursor.execute(f"copy taken (a, b) from 's3://bucket/2' {ROLE} format as json 'auto'")


_EXTERNAL = (
    "create external table far.t (\"a\" bigint) partitioned by (day date) stored as parquet location 's3://bucket/t/'"
)


@pytest.fixture
def far(rig: Rig, cursor: Cursor) -> Iterator[Callable[..., None]]:
    """An external schema; runs statements one after the other."""
    cursor.execute(f"create external schema far from data catalog database 'lake' {ROLE}")

    def run(*statements: str) -> None:
        for statement in statements:
            cursor.execute(statement)

    yield run
    cursor.execute("rollback")
    cursor.execute("drop schema far cascade")


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["begin", _EXTERNAL], "it cannot run inside a transaction block"),
        (
            [_EXTERNAL, "begin", "alter table far.t add partition (day='2026-01-02') location 's3://bucket/t/'"],
            "it cannot run inside a transaction block",
        ),
        ([_EXTERNAL.replace("(day date)", "(a date)")], "the partition column a is one of its columns"),
        ([_EXTERNAL.replace("'s3://bucket/t/'", "'s3://bucket/t'")], "this form of it is not emulated"),
        ([_EXTERNAL.replace("parquet", "orc")], "this form of it is not emulated"),
        ([_EXTERNAL.replace("bigint", "hugeint")], "hugeint"),
        (
            [_EXTERNAL, "alter table far.t add partition (other='2026-01-02') location 's3://bucket/t/'"],
            "external table far.t is not partitioned so",
        ),
        (
            [
                _EXTERNAL,
                "alter table far.t add if not exists "
                + " ".join(f"partition (day='2026-01-{n:03}') location 's3://bucket/{n}/'" for n in range(101)),
            ],
            "adds 101 partitions, more than 100",
        ),
    ],
)
def test_external_tables_are_refused(statements: list[str], words: str, bucket: Path, far: Callable[..., None]) -> None:
    far(*statements[:-1])
    with pytest.raises(psycopg2.Error, match=words):
        far(statements[-1])


def test_an_external_table_has_what_its_partitions_hold(
    rig: Rig, bucket: Path, cursor: Cursor, far: Callable[..., None]
) -> None:
    """Columns are found by name, the partition's is told by the partition, and what is no partition is not seen."""
    _put(bucket, "t/day=2026-01-02/1.parquet", b=pa.array(["x"]), a=pa.array([1]), day=pa.array([date(2000, 1, 1)]))
    _put(bucket, "t/day=2026-01-03/1.parquet", a=pa.array([2]))
    far(_EXTERNAL, "alter table far.t add partition (day='2026-01-02') location 's3://bucket/t/day=2026-01-02/'")
    assert scan(rig) == 1
    cursor.execute('select a, day, "$path" from far.t')
    assert cursor.fetchall() == [(1, date(2026, 1, 2), "s3://bucket/t/day=2026-01-02/1.parquet")]
