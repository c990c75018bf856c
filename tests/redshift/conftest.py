"""The rig, started once a process."""

from collections.abc import Iterator

import pytest

from tests.redshift.rig.server import Rig, running


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("rig") / "data") as rig:
        yield rig
