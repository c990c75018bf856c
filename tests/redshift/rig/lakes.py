"""Lakes to stage: a lake as it was after each thing that happens to one, and what DuckDB's raw views said."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from loaders.compact import compact
from tests.redshift.rig.parity import differences, relations
from tests.redshift.rig.server import Rig
from tests.warehouse.helpers import together
from tests.warehouse.houses import House, build, deliver_and_land, land
from tests.warehouse.scenarios import all_together


@dataclass(frozen=True)
class Stage:
    """A lake at some time; `expected` is a DuckDB file with the rows of its raw views as tables."""

    house: House
    expected: Path

    def unlike(self, rig: Rig) -> list[str]:
        """In what the rig's raw relations differ, in words."""
        named = relations(self.expected, "raw")
        return [words for relation in named for words in differences(rig, self.expected, relation)[1]]

    def rows(self) -> dict[str, int]:
        """How many rows each raw relation has to have."""
        with duckdb.connect(str(self.expected), read_only=True) as connection:
            names = relations(self.expected, "raw")
            counts = [connection.execute(f"select count(*) from {name}").fetchone() for name in names]
        return {name: count[0] for name, count in zip(names, counts, strict=True) if count}


def grown(folder: Path, artefacts: Path) -> dict[str, Stage]:
    """The hand-written platform's lake: landed in three parts, some of it late; compacted in between; and then with a
    file landed again that has fewer records now."""
    house = House(folder / "house", artefacts)
    days = list(all_together().values())
    steps: dict[str, Callable[[], Any]] = {
        "landed": lambda: deliver_and_land(house, together(*days[:1])),
        "late": lambda: deliver_and_land(house, together(*days[1:4])),
        "compacted": lambda: compact(str(house.lake)),
        "late again": lambda: deliver_and_land(house, together(*days[4:])),
        "landed again": lambda: _land_again(house),
    }
    return {name: _after(step, house, folder / name) for name, step in steps.items()}


def _land_again(house: House) -> None:
    path = max((house.inbox / "events" / "eu" / "play").rglob("*.json"), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    land(house, (0, 1), "--reland", path.relative_to(house.inbox).as_posix())


def _after(step: Callable[[], Any], house: House, folder: Path) -> Stage:
    step()
    build(house, "--select", "clients")  # which makes the raw views first
    shutil.copytree(house.lake, folder / "lake")
    expected = folder / "expected.duckdb"
    with duckdb.connect(str(expected)) as connection:
        connection.execute(f"attach '{house.warehouse}' as house (read_only); create schema raw")
        for name in _views(connection):
            connection.execute(f'create table raw."{name}" as from house.raw."{name}"')
    return Stage(House(folder, house.artefacts), expected)


def _views(connection: duckdb.DuckDBPyConnection) -> list[str]:
    sql = "select view_name from duckdb_views() where (database_name, schema_name) = ('house', 'raw') order by all"
    return [name for (name,) in connection.execute(sql).fetchall()]


def lines(house: House) -> dict[Path, list[dict[str, Any]]]:
    """What the lake's lists of files say."""
    paths = sorted((house.lake / "loads" / "files").iterdir())
    return {path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in paths}


def write_lines(path: Path, told: list[dict[str, Any]]) -> None:
    """Let a list say this."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in told), encoding="utf-8")
