"""The notebooks run from beginning to end without anybody looking, on marts as they are published."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from commands.settings import ROOT

NOTEBOOKS = sorted((ROOT / "analyses" / "notebooks").glob("*.py"))
# Two cohorts of which one has a second period, in a scope and beside it.
COHORTS = """
    select cohort_kind, period_type, cohort_start, period_number, partner_id, 'all' as client_id, 'all' as country_code,
        10 as cohort_users, 10 - period_number as retained_users, (10 - period_number) / 10 as retention_rate,
        true as is_complete
    from (values ('first_active'), ('registered')) as kinds (cohort_kind)
    cross join (values ('week'), ('month')) as periods (period_type)
    cross join (values (date '2026-01-05', 0), (date '2026-01-05', 1), (date '2026-01-12', 0))
        as cohorts (cohort_start, period_number)
    cross join (values ('all'), ('acme')) as partners (partner_id)
"""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_headless(notebook: Path, tmp_path: Path) -> None:
    (tmp_path / "parquet").mkdir()
    duckdb.sql(f"copy ({COHORTS}) to '{tmp_path}/parquet/fct_retention_cohorts.parquet'")
    environment = {**os.environ, "EARSHOT_SERVING": str(tmp_path)}
    done = subprocess.run([sys.executable, notebook], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    refused = subprocess.run(
        [sys.executable, notebook], env={**environment, "EARSHOT_SERVING": str(tmp_path / "none")}, capture_output=True
    )
    assert refused.returncode != 0, "a notebook that fails must fail"
