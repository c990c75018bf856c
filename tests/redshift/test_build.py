"""The project on the rig: built, tested, built on with late and deleted data, documented; its rows are DuckDB's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.redshift.rig.houses import dbt, load_raw
from tests.redshift.rig.parity import differences, relations
from tests.redshift.rig.server import Rig
from tests.warehouse.helpers import together
from tests.warehouse.houses import WITHOUT_TESTS, House, build, deliver_and_land
from tests.warehouse.oracle import KEYS
from tests.warehouse.platforms import WITH_TESTS
from tests.warehouse.scenarios import all_together

MARTS = sorted(KEYS)
# The days of the hand-written platform until which a build waits. Each brings late events and dumps without somebody.
BUILDS = {"first": (3, WITH_TESTS), "second": (4, WITHOUT_TESTS), "third": (5, WITH_TESTS)}
PASSED = {"success", "pass", "warn", "no-op"}


@dataclass
class Built:
    """What came of the builds: what failed, by build, and of every relation its rows and how it differs from DuckDB's."""

    failures: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    catalog: dict[str, Any] = field(default_factory=dict)
    manifest: Any = None


@pytest.fixture(scope="module")
def built(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("redshift")
    target = folder / "target"
    house = House(folder / "house", folder / "duckdb")
    found = Built(manifest=dbt(rig, target, "parse").result)
    days = list(all_together().values())
    landed = 0
    for name, (until, options) in BUILDS.items():
        deliver_and_land(house, together(*days[landed:until]))
        landed = until
        build(house)
        load_raw(rig, house, folder / "raw.csv")
        done = dbt(rig, target, "build", *options, manifest=found.manifest)
        assert done.exception is None, done.exception
        found.failures[name] = _failures(done)
        for relation in relations(house.warehouse, "staging", "intermediate", "snapshots", "marts"):
            found.rows[relation], said = differences(rig, house.warehouse, relation)
            found.differences.setdefault(relation, []).extend(f"{name} build: {words}" for words in said)
    # by then all tables stand that their fixtures take the types of columns from
    done = dbt(rig, target, "test", "--select", "test_type:unit", manifest=found.manifest)
    assert done.exception is None, done.exception
    found.failures["unit tests"] = _failures(done)
    yield found


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
    others = [words for relation, said in built.differences.items() if not relation.startswith("marts.") for words in said]
    assert not others, "\n".join(others)


def test_every_mart_has_rows(built: Built) -> None:
    assert not [mart for mart in MARTS if built.rows[f"marts.{mart}"] == 0]
