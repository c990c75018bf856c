"""The rig, started once a process; the project as dbt parses it for each engine and the lakes, made once a run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.redshift.rig.houses import dbt
from tests.redshift.rig.lakes import Stage, grown
from tests.redshift.rig.server import Rig, running
from tests.warehouse.houses import made_once, parsed_once


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("rig") / "data") as rig:
        yield rig


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes have which share the tests among them."""
    run = tmp_path_factory.getbasetemp()
    return (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "redshift"


@pytest.fixture(scope="session")
def manifest(rig: Rig, shared: Path) -> Any:
    """The project as dbt parses it for Redshift."""
    return parsed_once(shared / "parsed", lambda: dbt(rig, shared / "target", "parse"))


@pytest.fixture(scope="session")
def artefacts(shared: Path) -> Path:
    """Where dbt keeps what it parsed of the project for DuckDB."""
    return shared / "duckdb"


@pytest.fixture(scope="session")
def lakes(shared: Path, artefacts: Path) -> dict[str, Stage]:
    """A lake after each thing that happened to it, to be read: who changes one takes a copy."""
    stages: dict[str, Stage] = made_once(shared / "lakes.pickle", lambda: grown(shared / "lakes", artefacts))
    return stages
