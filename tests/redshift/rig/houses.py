"""The same project on both engines: raw tables for the rig from the lake, dbt on it, and the rows of both compared."""

import inspect
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

from tests.redshift.rig.server import Rig
from tests.warehouse.houses import House, environment

ROOT = Path(__file__).resolve().parents[3]
_TYPES = {"VARCHAR": "varchar(65535)", "DOUBLE": "double precision"}


def load_raw(rig: Rig, house: House, scratch: Path) -> int:
    """Make the rig's raw tables those that the build on DuckDB saw last, in the contracts' types; how many rows."""
    rows = 0
    with closing(rig.connect()) as connection, connection.cursor() as cursor, duckdb.connect() as lake:
        lake.execute(f"attach '{house.warehouse}' as house (read_only); use house")
        cursor.execute("create schema if not exists raw; grant usage on schema raw to dbt")
        views = lake.execute("select view_name from duckdb_views() where schema_name = 'raw' order by all").fetchall()
        for (view,) in views:
            columns = lake.execute(f'describe raw."{view}"').fetchall()
            written = [f'"{name.lower()}" {_TYPES.get(kind, kind)}' for name, kind, *_ in columns]
            cursor.execute(f'create table if not exists raw."{view}" ({", ".join(written)})')
            cursor.execute(f'truncate raw."{view}"; grant select on raw."{view}" to dbt')
            lake.execute(
                f"copy (from raw.\"{view}\") to '{scratch}' (format csv, header false, nullstr '\\N', force_quote *)"
            )
            with scratch.open(encoding="utf-8") as file:
                cursor.copy_expert(f"copy raw.\"{view}\" from stdin (format csv, null '\\N')", file)
            rows += cursor.rowcount
    return rows


def dbt(
    rig: Any,
    target: Path,
    *arguments: str,
    project: Path = ROOT,
    manifest: Any = None,
    said: list[str] | None = None,
) -> Any:
    """What dbt returns for these arguments, by the environment of a rig; it runs inside this process.

    `said` gets the words that it would have printed.
    """
    from dbt.cli.main import dbtRunner

    folders = ["--target-path", str(target), "--log-path", str(target), "--project-dir", str(project)]
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none"]
    # For each connection the driver looks who calls it, and would read the source of every function on the stack.
    with environment(rig.environment), mock.patch("inspect.stack", partial(inspect.stack, 0)):
        heard = [lambda event: said.append(event.info.msg)] if said is not None else []
        return dbtRunner(manifest=manifest, callbacks=heard).invoke(
            [*arguments, "--target", "redshift", "--profiles-dir", str(ROOT), *folders, *quiet]
        )
