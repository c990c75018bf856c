"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.project.conftest import ROOT

PARTS = ("commands", "loaders", "serving", "reports", "macros", "models", "seeds", "snapshots", "tests/generic")
FILES = (
    "earshot",
    "dbt_project.yml",
    "profiles.yml",
    "requirements.lock",
    "docs/metrics.md",
    "tests/warehouse/oracle/audience.py",
)

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_STEP = re.compile(
    r"(?:(Create|Append\s+to|Apply\s+to)\s+`([^`]+)`:\n\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Step:
    """A block of a recipe: what to do with which file, or a script for the shell."""

    verb: str
    path: str
    kind: str
    text: str


def recipe(title: str) -> list[Step]:
    """The steps of a section; a second diff without words of its own belongs to the file of the first."""
    parts = _SECTION.split((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    steps: list[Step] = []
    for verb, path, kind, text in _STEP.findall(parts[parts.index(title) + 1]):
        if kind == "diff" and not path:
            verb, path = steps[-1].verb, steps[-1].path
        steps.append(Step(" ".join(verb.split()), path, kind, text))
    return steps


@dataclass(frozen=True)
class Copy:
    """A copy of the project, with places of its own for data."""

    root: Path

    def follow(self, step: Step) -> str:
        """Do what a step says; returns what its commands printed."""
        if step.kind == "sh":
            # What `dbt show` would print is read from the warehouse, which takes no other start of dbt.
            return self._run(re.sub(r"^dbt show .*\n", "", step.text, flags=re.MULTILINE))
        file = self.root / step.path
        if step.verb == "Create":
            assert not file.exists(), f"{step.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, encoding="utf-8")
        elif step.verb == "Append to":
            file.write_text(file.read_text(encoding="utf-8") + step.text, encoding="utf-8")
        else:
            file.write_text(changed(file.read_text(encoding="utf-8"), step), encoding="utf-8")
        return ""

    def _run(self, script: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("EARSHOT_", "DBT_"))}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        environment["NO_COLOR"] = "1"
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.root / "var" / "earshot.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


def changed(text: str, step: Step) -> str:
    """The text after a diff without line numbers: what it expects must stand in one place."""
    lines = step.text.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, f"{step.path} holds this {text.count(before)} times:\n{before}"
    return text.replace(before, after)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    yield Copy(tmp_path)


def test_add_a_dataset_and_a_model(copy: Copy) -> None:
    samples, commands, *others = recipe("Add a dataset")
    copy.follow(samples)
    three = [line for line in commands.text.splitlines() if not line.startswith("dbt show")]
    assert [line.split()[:3] for line in three] == [
        ["./earshot", "contracts", "infer"],
        ["./earshot", "land", "--dataset"],
        ["dbt", "build", "--select"],
    ]
    assert _landed(copy.follow(commands)) == ["sleeptimer", "1", "4", "4", "0"]  # files, read, landed, quarantined
    rows = copy.rows("select event_id, received_at::varchar, action, minutes from staging.stg_events__sleeptimer")
    assert sorted(rows) == [
        ("s1", "2026-01-05 21:10:01", "set", 30),
        ("s2", "2026-01-05 21:12:01", "cancelled", 30),
        ("s3", "2026-01-05 21:40:01", "ended", 45),
    ]
    printed = "".join(copy.follow(step) for step in others)
    assert _landed(printed) == ["sleeptimer", "1", "1", "0", "1"]
    assert "wrong_type" in printed and '"30"' in printed
    drafted = (copy.root / "models/staging/events/_events__columns.md").read_text(encoding="utf-8")
    assert "Draft" not in drafted, "the recipe leaves a draft's words where people should say what it means"
    for step in recipe("Add a model"):
        copy.follow(step)
    assert copy.rows("select date_day::varchar, partner_id, timers_set, users from marts.fct_sleep_timers_daily") == [
        ("2026-01-05", "earshot", 2, 2)
    ]
    assert "### fct_sleep_timers_daily\n" in (copy.root / "docs/metrics.md").read_text(encoding="utf-8")


def _landed(printed: str) -> list[str]:
    """What `earshot land` printed first of the dataset of the recipe."""
    return next(line.split() for line in printed.splitlines() if line.startswith("sleeptimer "))


def test_add_a_metric_fits_the_files_it_changes(copy: Copy) -> None:
    steps = [step for step in recipe("Add a metric") if step.kind != "sh"]
    assert len(steps) == 6
    for step in steps:
        copy.follow(step)
