"""`earshot test`: every step runs, and one that failed is never overlooked."""

import json
import sys

import pytest

from commands import test as testing
from commands.settings import ROOT
from commands.test import Step
from loaders.errors import EarshotError


def step(name: str, code: str, forbidden: str | None = None) -> Step:
    return Step(name, [sys.executable, "-c", code], forbidden)


def test_a_failed_step_fails_the_whole_and_later_ones_still_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = [step("good", "print('one')"), step("bad", "raise SystemExit(3)"), step("last", "print('three')")]
    monkeypatch.setattr(testing, "steps", lambda: steps)
    with pytest.raises(EarshotError, match="1 of 3 steps failed: bad;") as failed:
        testing.test([], as_json=False)
    assert failed.value.code == 1
    said = capfd.readouterr().out
    assert "one\n" in said and "three\n" in said
    assert [line.split()[:2] for line in said.splitlines()[-3:]] == [
        ["good", "passed"],
        ["bad", "FAILED"],
        ["last", "passed"],
    ]


def test_a_warning_fails_a_step_that_allows_none(capfd: pytest.CaptureFixture[str]) -> None:
    assert testing.run(step("quiet", "print('all is well')", "[WARNING]"))
    assert not testing.run(step("loud", "import sys; print('[WARNING]: deprecated', file=sys.stderr)", "[WARNING]"))
    assert "[WARNING]: deprecated" in capfd.readouterr().out


def test_a_step_gets_no_input() -> None:
    assert testing.run(step("reader", "import sys; raise SystemExit(len(sys.stdin.read()))"))


def test_one_step_alone_as_json(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    steps = [step("first", "raise SystemExit(1)"), step("second", "print('words')")]
    monkeypatch.setattr(testing, "steps", lambda: steps)
    testing.test(["second"], as_json=True)
    said = capfd.readouterr()
    assert [(one["step"], one["passed"]) for one in json.loads(said.out)] == [("second", True)]
    assert "words" in said.err


def test_ci_runs_it_all() -> None:
    names = [one.name for one in testing.steps()]
    assert names == ["style", "format", "types", "contracts", "dbt parse", "SQL style", "pytest"]
    assert "./earshot test\n" in (ROOT / ".ci" / "run").read_text()
