"""On DuckDB, tables that grow lie in the order of their dates: else a day's build could skip no part of them."""

import json
from collections.abc import Callable
from typing import Any

import duckdb

from tests.warehouse.platforms import Platform


def test_what_is_built_from_nothing_lies_in_the_order_of_its_config(platform_named: Callable[[str], Platform]) -> None:
    house = platform_named("hand-written").house
    manifest = json.loads((house.artefacts / "manifest.json").read_text(encoding="utf-8"))
    nodes = [node for node in manifest["nodes"].values() if node["config"]["materialized"] == "incremental"]
    assert all(node["config"].get("sort") for node in nodes), "an incremental model has no `sort`"
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        lengths = {node["name"]: _rows_in_order(connection, node) for node in nodes}
    assert max(lengths.values()) > 100


def _rows_in_order(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> int:
    """How many rows the node's table has, whose order is asserted."""
    sort = node["config"]["sort"]
    columns = ", ".join([sort] if isinstance(sort, str) else sort)
    table = f"{node['schema']}.{node['alias']}"
    rows = connection.execute(f"select {columns} from {table} order by rowid").fetchall()
    assert rows == connection.execute(f"select {columns} from {table} order by {columns}").fetchall(), table
    return len(rows)
