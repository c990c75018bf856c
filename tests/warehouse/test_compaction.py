"""A compaction changes no row of the warehouse, whenever it comes, and makes no build do anything again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from loaders.compact import compact
from tests.warehouse.houses import (
    WITHOUT_TESTS,
    House,
    Tables,
    build,
    copy_of,
    deliver_and_land,
    delivered_again,
    tables,
)
from tests.warehouse.platforms import Platform


def changed(house: House) -> list[Any]:
    """What the last build said it changed."""
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        newest = "(select max(build_id) from intermediate._builds)"
        columns = "model_name, date_day, had_removals"
        sql = f"select {columns} from intermediate._changed_dates where build_id = {newest} order by all"
        return connection.execute(sql).fetchall()


def require_same(found: Tables, expected: Tables, when: str) -> None:
    assert found.keys() == expected.keys() and len(found) > 40
    assert [name for name in expected if found[name] != expected[name]] == [], when


def test_nobody_downstream_notices(platform_named: Callable[[str], Platform], tmp_path: Path) -> None:
    """Everything was delivered, built, and delivered again under other names; a record twice in a file is among it."""
    platform = platform_named("hand-written")
    between = copy_of(platform.house, tmp_path / "between")
    deliver_and_land(between, delivered_again(platform.files))
    after = copy_of(between, tmp_path / "after")

    build(after)
    expected = tables(after)
    report = compact(str(between.lake))
    assert sum(done.dropped for done in report.areas.values()) > 100
    build(between)
    require_same(tables(between), expected, "compacted between two builds")

    compact(str(after.lake))
    build(after)
    require_same(tables(after), expected, "compacted after a build, and built again")
    build(between)
    assert changed(after) == changed(between), "a build after a compaction is one with nothing new"

    build(after, "--full-refresh", *WITHOUT_TESTS)
    require_same(tables(after), expected, "built anew from what was compacted")
