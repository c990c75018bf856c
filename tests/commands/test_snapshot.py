"""`earshot snapshot`: what it asks of dbt."""

import json

import pytest
from typer.testing import CliRunner

from commands import build
from commands.__main__ import app
from loaders.errors import EarshotError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that dbt would get."""
    asked: list[str] = []
    monkeypatch.setattr(build, "run", lambda arguments, as_json: asked.extend(arguments))
    return asked


def test_rebuild_keeps_the_vars_that_are_given(asked: list[str]) -> None:
    given = "{as_of: 2026-01-31, smallest_dump_share: 0}"
    for vars_ in (["--vars", given], [f"--vars={given}"]):
        asked.clear()
        done = CliRunner().invoke(app, ["snapshot", "--rebuild", *vars_, "--threads", "1"])
        assert done.exit_code == 0, done.output
        assert asked[:-1] == ["--select", "+resource_type:snapshot", "--threads", "1", "--vars"]
        assert json.loads(asked[-1]) == {"as_of": "2026-01-31", "smallest_dump_share": 0, "rebuild_snapshots": True}


def test_without_rebuild_arguments_are_passed_on(asked: list[str]) -> None:
    CliRunner().invoke(app, ["snapshot", "--vars", "{as_of: 2026-01-31}"])
    assert asked == ["--select", "+resource_type:snapshot", "--vars", "{as_of: 2026-01-31}"]


@pytest.mark.parametrize("text", ["", "{", "as_of"])
def test_vars_that_are_none_are_refused(asked: list[str], text: str) -> None:
    done = CliRunner().invoke(app, ["snapshot", "--rebuild", "--vars", text])
    assert isinstance(done.exception, EarshotError) and done.exception.code == 2
    assert "names no vars; write them like '{as_of: 2026-01-31}'." in str(done.exception)
    assert asked == []


def test_a_day_that_no_month_has_is_named(asked: list[str]) -> None:
    done = CliRunner().invoke(app, ["snapshot", "--rebuild", "--vars={as_of: 2026-02-30}"])
    assert isinstance(done.exception, EarshotError) and done.exception.code == 2
    assert "--vars '{as_of: 2026-02-30}' can't be read" in str(done.exception)
    assert asked == []
