"""Reading what is published: read-only, whole answers, errors as sentences."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loaders.errors import EarshotError
from serving import query
from serving.publish import publish
from tests.serving import warehouses


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    warehouses.make(tmp_path / "warehouse.duckdb")
    publish(tmp_path / "warehouse.duckdb", tmp_path / "serving")
    with query.connect(tmp_path / "serving") as opened:
        yield opened


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return [row for result in query.run(connection, sql) for batch in result.batches for row in batch]


def test_marts_need_no_schema(connection: duckdb.DuckDBPyConnection) -> None:
    assert rows(connection, "select count(*) from fct_plays") == [(200,)]


def test_marts_are_listed_with_their_grain(connection: duckdb.DuckDBPyConnection) -> None:
    listed = {mart.name: mart.grain for mart in query.marts(connection)}
    assert listed == {name: f"One row per {name}." for name in warehouses.MARTS}


def test_first_sentence_ends_at_a_full_stop_only() -> None:
    assert query.first_sentence("One row per v1.0 of\n a show. More.") == "One row per v1.0 of a show."
    assert query.first_sentence("") == ""


def test_columns_are_described(connection: duckdb.DuckDBPyConnection) -> None:
    assert query.columns(connection, "fct_plays")[0] == ("play_id", "varchar", "The play's id.")
    with pytest.raises(EarshotError, match="There is no mart 'plays'"):
        query.columns(connection, "plays")


def test_statements_run_one_after_the_other(connection: duckdb.DuckDBPyConnection) -> None:
    results = [
        (result.columns, [row for batch in result.batches for row in batch])
        for result in query.run(connection, "select 1 as a, 2 as a; -- a comment\nselect 'x;y' as b;")
    ]
    assert results == [(["a", "a_2"], [(1, 2)]), (["b"], [("x;y",)])]


def test_more_rows_than_a_batch_come_whole(connection: duckdb.DuckDBPyConnection) -> None:
    assert len(rows(connection, f"from range({query.BATCH + 1})")) == query.BATCH + 1


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("selec 1", 'Parser Error: syntax error at or near "selec"$'),
        ("select nope from fct_plays", 'Referenced column "nope" not found'),
        ("delete from fct_plays", "read-only mode"),
        ("create table marts.mine as select 1", "read-only mode"),
        ("select cast(range as tinyint) from range(1000)", "out of range"),
    ],
)
def test_an_error_is_one_sentence(connection: duckdb.DuckDBPyConnection, sql: str, why: str) -> None:
    with pytest.raises(EarshotError, match=why) as failed:
        rows(connection, sql)
    assert "\n" not in str(failed.value)


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        EarshotError, match=r"Nothing is published at .*run `\./earshot build` and `\./earshot publish`"
    ):
        query.connect(tmp_path)


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "earshot.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(EarshotError, match=r"cannot be read .*run `\./earshot publish` anew"):
        query.connect(tmp_path)
