"""The same project on both engines: dbt on the rig, and the lake of a house as what lies in S3."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

from dbt_common.events.base_types import EventMsg

from tests.redshift.rig.server import Rig
from tests.warehouse.houses import House, environment

NOTHING: Mapping[str, str] = {}
ROOT = Path(__file__).resolve().parents[3]
S3 = {
    "EARSHOT_LAKE": "s3://house/lake",
    "EARSHOT_REDSHIFT_IAM_ROLE": "arn:aws:iam::123456789012:role/earshot",
    "EARSHOT_REDSHIFT_CATALOG": "earshot",
}


def stage(rig: Any, house: House, target: Path, layer: str = "copy", manifest: Any = None) -> tuple[bool, str]:
    """Run stage_raw on the house's lake, which lies in a bucket then; whether it succeeded, and what it said."""
    rig.buckets.folders["house"] = house.folder
    said: list[str] = []
    options = ["run-operation", "stage_raw", "--vars", f"{{raw_layer: {layer}}}"]
    done = dbt(rig, target, *options, manifest=manifest, said=said)
    assert done.exception is None, done.exception
    return done.success, " ".join(said)


def empty(rig: Rig) -> None:
    """Forget the raw relations of the tests before."""
    with closing(rig.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists raw cascade; drop schema if exists raw_ext cascade")


def dbt(
    rig: Any,
    target: Path,
    *arguments: str,
    project: Path = ROOT,
    manifest: Any = None,
    said: list[str] | None = None,
    settings: Mapping[str, str] = NOTHING,
) -> Any:
    """What dbt returns for these arguments, by the environment of a rig; it runs inside this process.

    What macros say and what stops an operation is added to `said`; `settings` are variables that differ.
    """
    from dbt.cli.main import dbtRunner

    def listen(event: EventMsg) -> None:
        info: Any = event.info  # a message of protobuf: its fields are unknown to the type checker
        if said is not None and info.name in ("JinjaLogInfo", "PrintEvent", "RunningOperationCaughtError"):
            said.append(info.msg)

    folders = ["--target-path", str(target), "--log-path", str(target), "--project-dir", str(project)]
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
    # For each connection the driver asks who calls it, and would look for the source of every function on the stack.
    asked = mock.patch("inspect.stack", lambda: [(dbt,)])
    with environment({**S3, **rig.environment, **settings}), asked:
        return dbtRunner(manifest=manifest, callbacks=[listen]).invoke(
            [*arguments, "--target", "redshift", "--profiles-dir", str(ROOT), *folders, *quiet]
        )
