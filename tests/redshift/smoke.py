"""The last mile: the project on a real Redshift, from a small platform that is simulated here.

A database of its own is made on the cluster that EARSHOT_REDSHIFT_* names, and dropped in the end, whatever happens: no
other database is touched. In it: a build of all models on empty tables, EXPLAIN of every model, one small load, a build
with all tests, and every mart compared with that of DuckDB. Without EARSHOT_REDSHIFT_HOST it says SKIPPED.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a script's own folder is there, the project's is not

from tests.redshift.rig.parity import relations, unlike  # noqa: E402

_TYPES = {"VARCHAR": "varchar(65535)", "DOUBLE": "double precision"}
BATCH = 200  # rows of an INSERT
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--no-tests", action="store_true", help="build without the data tests: half the time")
    asked = parser.parse_args(arguments)
    if not os.environ.get("EARSHOT_REDSHIFT_HOST"):
        print("SKIPPED: EARSHOT_REDSHIFT_HOST is not set, so there is no cluster to try; see docs/redshift.md.")
        return 0
    with tempfile.TemporaryDirectory() as scratch, _database() as database:
        smoke = Smoke(Path(scratch), database)
        print(f"in the database {database}, which goes in the end")
        smoke.platform(asked.users, asked.days)
        smoke.step("raw tables, empty", smoke.make_raw)
        smoke.step("dbt build --empty", lambda: smoke.dbt("build", "--empty", *WITHOUT_TESTS))
        smoke.step("EXPLAIN of every model", smoke.explain)
        smoke.step("one small load", smoke.load_raw)
        # Unit tests whose fixtures call percentile_cont() may be refused: it wants a table beneath it.
        left_out = ["unit_test", "test"] if asked.no_tests else ["unit_test"]
        options = [word for kind in left_out for word in ("--exclude-resource-type", kind)]
        smoke.step("dbt build", lambda: smoke.dbt("build", "--full-refresh", *options))
        smoke.step("every mart is DuckDB's", smoke.compare)
    print("passed; the database is gone")
    return 0


class Smoke:
    """One run: a folder for the platform, and the database it is tried in."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder, database
        self.warehouse = folder / "earshot.duckdb"
        # Others may use the project's own at the same time.
        self.places = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        self.environment = {
            **os.environ,
            "EARSHOT_INBOX": str(folder / "inbox"),
            "EARSHOT_LAKE": str(folder / "lake"),
            "EARSHOT_WAREHOUSE": str(self.warehouse),
            "EARSHOT_SERVING": str(folder / "serving"),
            "EARSHOT_REDSHIFT_DATABASE": database,
            "EARSHOT_HASH_KEY": os.environ.get("EARSHOT_HASH_KEY", "smoke"),
            "NO_COLOR": "1",
        }

    def step(self, name: str, work: Any) -> None:
        """Do it and say how long it took; what it raises ends the run."""
        began = time.monotonic()
        said = work()
        print(f"{name}: {time.monotonic() - began:.0f} s{', ' + said if said else ''}", flush=True)

    def run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"FAILED: {' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")

    def dbt(self, *arguments: str) -> str:
        tool = str(Path(sys.executable).parent / "dbt")
        self.run(tool, "--no-use-colors", *arguments, "--target", "redshift", *self.places)
        return ""

    def platform(self, users: int, days: int) -> None:
        """Simulate, land and build on DuckDB."""
        python = [sys.executable, "-m", "commands"]
        self.run(
            *python, "simulate", "--users", str(users), "--days", str(days), "--end", "2026-01-31", "--mess", "0.002"
        )
        self.run(*python, "land")
        self.run(str(Path(sys.executable).parent / "dbt"), "build", *WITHOUT_TESTS, "--quiet", *self.places)

    def raw(self) -> Iterator[tuple[str, list[tuple[str, str]], list[tuple[Any, ...]]]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as lake:
            views = lake.execute(
                "select view_name from duckdb_views() where schema_name = 'raw' order by all"
            ).fetchall()
            for (view,) in views:
                columns = [(name.lower(), kind) for name, kind, *_ in lake.execute(f'describe raw."{view}"').fetchall()]
                yield view, columns, lake.execute(f'select * from raw."{view}"').fetchall()

    def make_raw(self) -> str:
        with closing(_connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.execute("create schema if not exists raw")
            for view, columns, _ in self.raw():
                written = ", ".join(f'"{name}" {_TYPES.get(kind, kind)}' for name, kind in columns)
                cursor.execute(f'create table raw."{view}" ({written})')
        return ""

    def load_raw(self) -> str:
        count = 0
        with closing(_connect(self.database)) as connection, connection.cursor() as cursor:
            for view, columns, rows in self.raw():
                for first in range(0, len(rows), BATCH):
                    some = rows[first : first + BATCH]
                    line = f"({', '.join(['%s'] * len(columns))})"
                    values = [value for row in some for value in row]
                    cursor.execute(f'insert into raw."{view}" values {", ".join([line] * len(some))}', values)
                count += len(rows)
        return f"{count} rows"

    def explain(self) -> str:
        compiled = sorted((self.folder / "target" / "compiled" / "earshot" / "models").rglob("*.sql"))
        if not compiled:
            raise SystemExit("FAILED: dbt has compiled no model.")
        with closing(_connect(self.database)) as connection, connection.cursor() as cursor:
            for file in compiled:
                try:
                    cursor.execute(f"explain {file.read_text('utf-8')}")
                except Exception as error:
                    raise SystemExit(f"FAILED: EXPLAIN of {file.stem}: {error}") from error
        return f"{len(compiled)} models"

    def compare(self) -> str:
        marts = relations(self.warehouse, "marts")
        rows = 0
        with closing(_connect(self.database)) as connection, connection.cursor() as cursor:
            for mart in marts:
                with duckdb.connect(str(self.warehouse), read_only=True) as lake:
                    wanted = lake.execute(f"select * from {mart}").fetchall()
                cursor.execute(f"select * from {mart}")
                missing, extra = unlike(wanted, [tuple(row) for row in cursor.fetchall()])
                if missing or extra:
                    raise SystemExit(f"FAILED: {mart} lacks {missing[:3]} and has {extra[:3]}")
                rows += len(wanted)
        return f"{len(marts)} marts, {rows} rows"


def _connect(database: str) -> Any:
    """A connection of the adapter's own driver, by the profile, in autocommit."""
    from dbt.adapters.redshift.connections import RedshiftCredentials, get_connection_method

    given = {"database": database, "schema": "earshot", **_profile()}
    connection = get_connection_method(RedshiftCredentials.from_dict(given))()
    connection.autocommit = True
    return connection


def _profile() -> dict[str, Any]:
    """The target `redshift` of profiles.yml, its variables filled in."""
    import yaml
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context

    set_invocation_context(dict(os.environ))
    outputs = yaml.safe_load((ROOT / "profiles.yml").read_text("utf-8"))["earshot"]["outputs"]
    rendered: dict[str, Any] = ProfileRenderer({}).render_data(outputs["redshift"])
    rendered["password"] = rendered.pop("pass")
    return {name: value for name, value in rendered.items() if name not in ("type", "dbname", "schema", "threads")}


@contextmanager
def _database() -> Iterator[str]:
    """A database that nobody else has; it goes when the block ends."""
    name = f"earshot_smoke_{os.getpid()}_{int(time.time())}"
    existing = os.environ.get("EARSHOT_REDSHIFT_DATABASE", "dev")
    with closing(_connect(existing)) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    try:
        yield name
    finally:
        with closing(_connect(existing)) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop database {name}")


if __name__ == "__main__":
    sys.exit(main())
