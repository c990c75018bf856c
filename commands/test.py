"""`earshot test`: what CI runs, in CI's order."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import typer

from commands import output
from commands.settings import ROOT
from loaders.errors import EarshotError

# On all cores, four at most for their memory's sake; the tests of a file together, in the order of tests/conftest.py.
SPREAD = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]


@dataclass(frozen=True)
class Step:
    """One check: its command, run from the project's root, and a text that must not be in what it prints."""

    name: str
    command: list[str]
    forbidden: str | None = None


def steps() -> list[Step]:
    """Quick ones first; pytest last, so that its closing line stands near the end."""
    tools = Path(sys.executable).parent
    python = sys.executable
    return [
        Step("style", [python, "-m", "ruff", "check"]),
        Step("format", [python, "-m", "ruff", "format", "--check"]),
        Step("types", [python, "-m", "mypy"]),
        Step("contracts", [python, "-m", "commands", "contracts", "check"]),
        Step("dbt parse", [str(tools / "dbt"), "--no-use-colors", "parse", "--no-partial-parse"], "[WARNING]"),
        Step("SQL style", [str(tools / "sqlfluff"), "lint", *_sql_folders()]),
        Step("pytest", [python, "-m", "pytest", *SPREAD]),
    ]


def test(
    only: list[str] = typer.Option([], "--only", metavar="STEP", help="Only this step; may be given several times."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document; the steps' output goes to stderr."),
) -> None:
    """Run what CI runs.

    Style, types, contracts, dbt's parser, SQL style, the tests. Every step runs, whatever an earlier one said.

    \b
    Examples:
      earshot test
      earshot test --only types --only pytest
    """
    known = {step.name: step for step in steps()}
    for name in only:
        if name not in known:
            raise EarshotError(f"There is no step '{name}'; the steps are: {', '.join(known)}.", 2)
    taken = []
    for step in known.values():
        if not only or step.name in only:
            if step.name == "pytest" and not shutil.which("chromium"):
                output.say("There is no Chromium here (`apt-get install chromium`): the tests of pages are skipped.")
            output.say(
                f"== {step.name}: {' '.join(Path(word).name for word in step.command[:1])} {' '.join(step.command[1:])}"
            )
            began = time.monotonic()
            passed = run(step, to_stderr=as_json)
            taken.append({"step": step.name, "passed": passed, "seconds": round(time.monotonic() - began, 1)})
    if as_json:
        output.document(taken)
    else:
        rows = [[one["step"], "passed" if one["passed"] else "FAILED", one["seconds"]] for one in taken]
        output.table(["step", "result", "seconds"], rows)
    failed = [str(one["step"]) for one in taken if not one["passed"]]
    if failed:
        raise EarshotError(
            f"{len(failed)} of {len(taken)} steps failed: {', '.join(failed)}; their output stands above."
        )


def run(step: Step, to_stderr: bool = False) -> bool:
    """Run a step, passing its output on as it comes; True when it passed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # Tests start hundreds of processes: where nothing is kept of what Python compiles, each would compile dbt anew.
    environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": ""}
    out = sys.stderr if to_stderr else sys.stdout
    out.flush()
    sys.stderr.flush()
    watched = step.forbidden is not None
    with subprocess.Popen(
        step.command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if watched else out,
        stderr=subprocess.STDOUT if watched else None,
        text=True,
    ) as process:
        clean = True
        for line in process.stdout or []:
            out.write(line)
            clean = clean and step.forbidden not in line if step.forbidden else clean
    return process.returncode == 0 and clean


def _sql_folders() -> list[str]:
    """The folders with SQL to lint, those of them that hold any."""
    names = ("models", "snapshots", "macros", "analyses", "tests")
    return [name for name in names if any((ROOT / name).rglob("*.sql"))]


def register(app: typer.Typer) -> None:
    app.command("test")(test)
