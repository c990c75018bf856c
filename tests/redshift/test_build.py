"""The project on the rig: built, tested, built on with late and deleted data, documented; its rows are DuckDB's."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.redshift.rig.houses import dbt, empty, stage
from tests.redshift.rig.parity import differences, relations
from tests.redshift.rig.server import Rig
from tests.warehouse.helpers import together
from tests.warehouse.houses import WITHOUT_TESTS, House, build, deliver_and_land, without_comments
from tests.warehouse.oracle import KEYS
from tests.warehouse.platforms import WITH_TESTS
from tests.warehouse.scenarios import all_together

MARTS = sorted(KEYS)
# Until which day of the hand-written platform a build waits. Each brings late events, and dumps without somebody.
BUILDS = {"first": (3, WITH_TESTS), "second": (4, WITHOUT_TESTS), "third": (5, WITHOUT_TESTS)}
# Of the bookkeeping what tells which loads and dumps a build has seen; the rest is about how a model was built.
SEEN = ["intermediate._builds", "intermediate._applied_dumps"]
PASSED = {"success", "pass", "warn", "no-op"}


@dataclass
class Built:
    """What came of the builds: what failed, by build; of every relation its rows and how they differ from DuckDB's."""

    failures: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    catalog: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def built(rig: Rig, manifest: Any, artefacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("redshift")
    target = folder / "target"
    house = House(folder / "house", artefacts)
    found = Built()
    silent = without_comments(manifest)
    days = list(all_together().values())
    landed = 0
    empty(rig)
    for name, (until, options) in BUILDS.items():
        deliver_and_land(house, together(*days[landed:until]))
        landed = until
        build(house)
        staged, words = stage(rig, house, target, manifest=manifest)
        assert staged, words
        done = dbt(rig, target, "build", *options, manifest=silent if found.rows else manifest)
        assert done.exception is None, done.exception
        found.failures[name] = _failures(done)
        layers = ("raw", "staging", "intermediate", "snapshots", "marts")
        for relation in [*relations(house.warehouse, *layers), *SEEN]:
            found.rows[relation], said = differences(rig, house.warehouse, relation)
            found.differences.setdefault(relation, []).extend(f"{name} build: {words}" for words in said)
    # by now all tables stand from which fixtures take the types of columns
    done = dbt(rig, target, "test", "--select", "test_type:unit", manifest=silent)
    assert done.exception is None, done.exception
    found.failures["unit tests"] = _failures(done)
    done = dbt(rig, target, "docs", "generate", "--no-compile", manifest=manifest)
    assert done.success, done.exception
    found.catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))["nodes"]
    return found


def _failures(done: Any) -> list[str]:
    return [
        f"{result.node.unique_id}: {result.message}" for result in done.result.results if result.status not in PASSED
    ]


@pytest.mark.parametrize("name", [*BUILDS, "unit tests"])
def test_every_node_builds_and_passes(built: Built, name: str) -> None:
    assert not built.failures[name], "\n".join(built.failures[name])


@pytest.mark.parametrize("mart", MARTS)
def test_mart_has_the_rows_of_duckdb(built: Built, mart: str) -> None:
    said = built.differences[f"marts.{mart}"]
    assert not said, "\n".join(said)


def test_what_marts_are_made_of_has_the_rows_of_duckdb(built: Built) -> None:
    others = [
        words for relation, said in built.differences.items() if not relation.startswith("marts.") for words in said
    ]
    assert not others, "\n".join(others)


def test_every_mart_has_rows(built: Built) -> None:
    assert not [mart for mart in MARTS if built.rows[f"marts.{mart}"] == 0]


def test_documentation_has_the_columns_that_are_described(built: Built, manifest: Any) -> None:
    wrong = {}
    for node in _tables(manifest):
        described = sorted(column for column in node.columns if not column.startswith("dbt_"))
        there = sorted(column for column in built.catalog[node.unique_id]["columns"] if not column.startswith("dbt_"))
        if described != there:
            wrong[node.unique_id] = (described, there)
    assert not wrong


def test_tables_lie_as_they_are_configured(built: Built, manifest: Any) -> None:
    keys = {}
    for node in _tables(manifest):
        dist, sort = node.config.get("dist"), node.config.get("sort")
        if node.config.materialized != "view" and (dist or sort):
            found = built.catalog[node.unique_id]["stats"]
            wanted = {"all": "ALL", None: "AUTO(ALL)"}.get(dist, f"KEY({dist})")
            keys[node.unique_id] = (wanted == found["diststyle"]["value"], _first(sort) == found["sortkey1"]["value"])
    assert set(keys.values()) == {(True, True)}, keys


def _tables(manifest: Any) -> list[Any]:
    return [node for node in manifest.nodes.values() if node.resource_type in ("model", "snapshot")]


def _first(sort: str | list[str] | None) -> str:
    return "AUTO(SORTKEY)" if sort is None else sort if isinstance(sort, str) else sort[0]
