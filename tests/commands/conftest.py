"""The command line as a user meets it: a process with its own places."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands.settings import ROOT

Earshot = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Settings that point below the test's own folder, and dbt's artefacts too."""
    return {
        "EARSHOT_INBOX": str(tmp_path / "inbox"),
        "EARSHOT_LAKE": str(tmp_path / "lake"),
        "EARSHOT_WAREHOUSE": str(tmp_path / "warehouse.duckdb"),
        "EARSHOT_SERVING": str(tmp_path / "serving"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "HOME": str(tmp_path),
    }


@pytest.fixture
def earshot(places: dict[str, str], tmp_path: Path) -> Earshot:
    """Run `earshot ARGS`; keywords: `stdin` (text), and environment variables."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "commands", *arguments],
            cwd=tmp_path,
            env={**os.environ, **places, "PYTHONPATH": str(ROOT), **environment},
            input=stdin,
            capture_output=True,
            text=True,
        )

    return run
