"""What the YAML says of tables and columns stands in the warehouse and in the published file: BI tools show it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from serving.publish import FILE, publish
from tests.warehouse.houses import build, copy_of
from tests.warehouse.platforms import Platform

KINDS = ("model", "seed", "snapshot")


@pytest.fixture(scope="module")
def platform(platform_named: Callable[[str], Platform]) -> Platform:
    return platform_named("hand-written")


@pytest.fixture(scope="module")
def described(platform: Platform) -> Mapping[str, Mapping[str, str]]:
    """The words of the YAML by table, then by column; those of the table itself under no name."""
    manifest = json.loads((platform.house.artefacts / "manifest.json").read_text(encoding="utf-8"))
    nodes: list[dict[str, Any]] = [node for node in manifest["nodes"].values() if node["resource_type"] in KINDS]
    return {
        f"{node['schema']}.{node['alias']}": {
            "": node["description"],
            **{column["name"]: column["description"] for column in node["columns"].values()},
        }
        for node in nodes
    }


def test_the_warehouse_says_what_the_yaml_says(platform: Platform, described: Mapping[str, Mapping[str, str]]) -> None:
    said = _comments(platform.house.warehouse)
    assert described.keys() <= said.keys()
    for table, words in described.items():
        assert words.keys() == said[table].keys(), f"{table} has other columns than its YAML"
        assert said[table] == words, table


def test_readers_of_published_marts_are_told_the_same(
    platform: Platform, described: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    publish(platform.house.warehouse, tmp_path)
    marts = {table: words for table, words in described.items() if table.startswith("marts.")}
    said = _comments(tmp_path / FILE)
    assert marts and {table: said[table] for table in marts} == marts
    typed = _types(platform.house.warehouse)
    assert {table: _types(tmp_path / FILE)[table] for table in marts} == {table: typed[table] for table in marts}


def test_a_kept_table_is_told_what_it_does_not_say_yet(
    platform: Platform, described: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    """A build writes comments only where they differ; an edited description reaches an incremental model, too."""
    house = copy_of(platform.house, tmp_path / "house")
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute("comment on table marts.fct_plays is null")
        connection.execute("comment on column marts.fct_plays.play_id is 'what it meant before'")
        connection.execute("comment on column staging.stg_events__play.action is null")
    build(house, comments=True)
    said = _comments(house.warehouse)
    assert {table: said[table] for table in described} == described


def _comments(file: Path) -> dict[str, dict[str, str | None]]:
    """The comments of a DuckDB file by table or view, then by column; those of the table itself under no name."""
    tables = (
        "select schema_name || '.' || table_name, '', comment from duckdb_tables() where not internal "
        "union all select schema_name || '.' || view_name, '', comment from duckdb_views() where not internal"
    )
    columns = "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where not internal"
    found: dict[str, dict[str, str | None]] = {}
    with duckdb.connect(str(file), read_only=True) as connection:
        for table, column, comment in connection.execute(f"{tables} union all {columns}").fetchall():
            found.setdefault(table, {})[column] = comment
    return found


def _types(file: Path) -> dict[str, list[tuple[str, str]]]:
    """The columns of a DuckDB file with their types, by table."""
    found: dict[str, list[tuple[str, str]]] = {}
    query = (
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() where not internal "
        "order by schema_name, table_name, column_index"
    )
    with duckdb.connect(str(file), read_only=True) as connection:
        for table, column, kind in connection.execute(query).fetchall():
            found.setdefault(table, []).append((column, kind))
    return found
