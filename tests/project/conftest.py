"""The dbt project as dbt itself reads it, once for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventLevel, EventMsg

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    """The parsed project: dbt's manifest, the warnings that dbt had while it parsed, and where its artefacts lie."""

    manifest: Any
    warnings: list[str]
    target: Path

    def nodes(self, kind: str) -> list[Any]:
        """All nodes of a resource type: model, seed, snapshot, test."""
        return [node for node in self.manifest.nodes.values() if node.resource_type == kind]

    def marts(self) -> list[Any]:
        return [model for model in self.nodes("model") if model.fqn[1] == "marts"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    warnings: list[str] = []

    def listen(event: EventMsg) -> None:
        info: Any = event.info  # a message of protobuf: its fields are unknown to the type checker
        if info.level == EventLevel.WARN:
            warnings.append(info.msg)

    target = str(tmp_path_factory.mktemp("project"))
    places = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target-path", target, "--log-path", target]
    done = dbtRunner(callbacks=[listen]).invoke(["--quiet", "parse", "--no-partial-parse", *places])
    assert done.success, f"dbt parse failed: {done.exception}"
    return Project(done.result, warnings, Path(target))
