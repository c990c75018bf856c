"""scripts/redshift_smoke: skipped without a cluster, and its whole run against the rig in the place of one."""

import os
import subprocess
from contextlib import closing
from pathlib import Path

from tests.redshift.rig.houses import ROOT
from tests.redshift.rig.server import PRELUDES, Rig, running

SCRIPT = ROOT / "scripts" / "redshift_smoke"


def test_without_a_cluster_it_says_why_it_does_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_REDSHIFT")}
    done = subprocess.run([str(SCRIPT)], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("SKIPPED: EARSHOT_REDSHIFT_HOST is not set")


def test_it_builds_compares_and_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "data") as rig:  # one of its own: new databases are to have what this one has
        _try(rig)


def _try(rig: Rig) -> None:
    with closing(rig.connect("template1")) as connection, connection.cursor() as cursor:
        for prelude in PRELUDES:  # a new database is a copy of this one
            cursor.execute(prelude.read_text(encoding="utf-8"))
        cursor.execute("alter role dbt createdb; alter role dbt set search_path = rs, pg_catalog, public")
    command = [str(SCRIPT), "--users", "12", "--days", "3", "--no-tests"]
    done = subprocess.run(command, env={**os.environ, **rig.environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "EXPLAIN of every model" in done.stdout and "marts, " in done.stdout
    assert done.stdout.endswith("passed; the database is gone\n")
    with closing(rig.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("select datname from pg_database where datname like 'earshot_smoke%'")
        assert cursor.fetchall() == []
