"""The rig, started once a process, and the project as dbt parses it for Redshift."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.redshift.rig.houses import dbt
from tests.redshift.rig.server import Rig, running


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("rig") / "data") as rig:
        yield rig


@pytest.fixture(scope="session")
def manifest(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Any:
    done = dbt(rig, tmp_path_factory.mktemp("parsed"), "parse")
    assert done.success, done.exception
    return done.result
