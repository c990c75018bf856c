"""Published marts as BI tools, notebooks and SQL clients open them, while builds and publishes go on beside."""

import subprocess
import sys
from pathlib import Path

import duckdb
import polars
import pytest
import sqlalchemy
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from serving.publish import publish
from tests.serving import warehouses

OPENS = 500
BUILDER = """
import itertools, pathlib, sys
from serving.publish import publish
from tests.serving import warehouses
warehouse, serving, stop = map(pathlib.Path, sys.argv[1:])
for generation in itertools.count(2):
    if stop.exists():
        break
    warehouses.make(warehouse, generation)
    publish(warehouse, serving)
print(generation)
"""


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    warehouses.make(tmp_path / "warehouse.duckdb")
    publish(tmp_path / "warehouse.duckdb", tmp_path / "serving")
    return tmp_path / "serving"


def engine(serving: Path) -> sqlalchemy.Engine:
    """As docs/bi.md says it."""
    return sqlalchemy.create_engine(
        f"duckdb:///{serving / 'earshot.duckdb'}", connect_args={"read_only": True}, poolclass=NullPool
    )


def test_a_bi_tool_finds_schemas_tables_types_and_comments(serving: Path) -> None:
    found = sqlalchemy.inspect(engine(serving))
    assert any(schema.split(".")[-1].strip('"') == "marts" for schema in found.get_schema_names())
    assert sorted(found.get_table_names("marts")) == sorted(warehouses.MARTS)
    assert found.get_table_comment("fct_plays", "marts")["text"] == "One row per fct_plays. And it's more than that."
    columns = {column["name"]: column for column in found.get_columns("fct_plays", "marts")}
    assert columns["play_id"]["comment"] == "The play's id."
    kinds = {name: column["type"].python_type.__name__ for name, column in columns.items()}
    assert (kinds["date_day"], kinds["started_at"], kinds["seconds_listened"]) == ("date", "datetime", "float")


def test_a_bi_tool_asks_and_can_not_write(serving: Path) -> None:
    with engine(serving).connect() as connection:
        assert connection.execute(sqlalchemy.text("select count(*) from marts.fct_plays")).scalar() == 200
        with pytest.raises(DatabaseError, match="read-only"):
            connection.execute(sqlalchemy.text("delete from marts.fct_plays"))


def test_parquet_is_the_same_everywhere(serving: Path) -> None:
    file = serving / "parquet" / "fct_active_users_daily.parquet"
    with duckdb.connect(str(serving / "earshot.duckdb"), read_only=True) as connection:
        rows = connection.execute("from marts.fct_active_users_daily order by all").fetchall()
    assert sorted(polars.read_parquet(file).rows()) == rows
    assert duckdb.sql(f"from '{file}' order by all").fetchall() == rows


def test_no_lock_is_met_in_500_opens(serving: Path, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    arguments = [tmp_path / "warehouse.duckdb", serving, stop]
    with subprocess.Popen([sys.executable, "-c", BUILDER, *map(str, arguments)], stdout=subprocess.PIPE) as builder:
        try:
            seen, errors = set(), []
            for _ in range(OPENS):
                try:
                    with engine(serving).connect() as connection:
                        seen.add(
                            connection.execute(
                                sqlalchemy.text("select max(dau) from marts.fct_active_users_daily")
                            ).scalar()
                        )
                except Exception as error:
                    errors.append(str(error))
        finally:
            stop.touch()
        assert builder.wait(timeout=60) == 0
    assert errors == []
    assert len(seen) > 1, "nothing was published beside: nothing was tested"
