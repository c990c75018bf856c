"""Fixtures: scratch platforms, each landed and built once a run of the tests."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.warehouse.houses import House, parsed
from tests.warehouse.platforms import Platform


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it parsed, the manifest among it."""
    folder = tmp_path_factory.mktemp("dbt")
    parsed(folder)
    return folder


@pytest.fixture(scope="session")
def new_house(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Callable[[], House]:
    """A function that gives a new, empty house."""
    return lambda: House(tmp_path_factory.mktemp("house"), artefacts)


@pytest.fixture(scope="session")
def platform_named(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Callable[[str], Platform]:
    """A function that gives one of PLATFORMS; processes that share the tests among them share what is built, too."""
    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    known: dict[str, Platform] = {}

    def named(name: str) -> Platform:
        return known.setdefault(name, Platform(name, run / "platforms" / name.replace(" ", "-"), artefacts))

    return named
