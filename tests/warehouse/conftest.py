"""Fixtures: scratch platforms, each landed and built once a session."""

from collections.abc import Callable

import pytest

from tests.warehouse.houses import House
from tests.warehouse.platforms import Platform, make_platform


@pytest.fixture(scope="session")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], House]:
    """A function that gives a new, empty house."""
    artefacts = tmp_path_factory.mktemp("dbt")
    return lambda: House(tmp_path_factory.mktemp("house"), artefacts)


@pytest.fixture(scope="session")
def platform_named(new_house: Callable[[], House]) -> Callable[[str], Platform]:
    """A function that gives one of PLATFORMS, landed and built at its first use."""
    made: dict[str, Platform] = {}

    def named(name: str) -> Platform:
        if name not in made:
            made[name] = make_platform(name, new_house())
        return made[name]

    return named
