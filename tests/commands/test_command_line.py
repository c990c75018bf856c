"""What every command has in common: help, exit codes, errors in one sentence."""

import subprocess
import sys

import pytest
from typer.main import get_command

from commands.__main__ import app, main
from commands.settings import ROOT
from loaders.errors import EarshotError
from tests.commands.conftest import Earshot

COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


def test_help_lists_the_commands(earshot: Earshot) -> None:
    done = earshot("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: earshot [OPTIONS] COMMAND")
    assert {"build", "demo", "doctor", "docs", "publish", "snapshot", "sql", "test"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_how_it_is_used(earshot: Earshot, command: str) -> None:
    done = earshot(command, "--help")
    assert done.returncode == 0
    example = f"  earshot {command}"
    assert example in done.stdout or "Commands:" in done.stdout  # a group's commands show their own


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys, commands.__main__; "
        "print([name for name in ('dbt', 'duckdb', 'pyarrow', 'numpy', 'sqlglot') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["publish", "--nonsense"],
        ["publish", "surplus"],
        ["sql", "--format", "xml", "select 1"],
        ["demo", "--users", "many"],
        ["demo", "--users", "0"],
        ["test", "--only", "nonsense"],
    ],
)
def test_wrong_usage_exits_with_2(earshot: Earshot, arguments: list[str]) -> None:
    done = earshot(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_failure_is_one_sentence_and_exit_1(earshot: Earshot) -> None:
    done = earshot("publish")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("earshot: There is no warehouse at ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--debug", "publish"], ["publish", "--debug"]])
def test_debug_shows_the_traceback_before_the_sentence(earshot: Earshot, arguments: list[str]) -> None:
    done = earshot(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "\nearshot: There is no warehouse at " in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            ValueError("two\nlines"),
            1,
            "This should not have happened (ValueError: two lines); run it again with --debug",
        ),
        (KeyboardInterrupt(), 130, ""),
        (EarshotError("Usage is wrong.", 2), 2, "earshot: Usage is wrong."),
    ],
)
def test_errors_become_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("commands.checks.require_possible", fail)
    monkeypatch.setattr(sys, "argv", ["earshot", "publish"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert said in capsys.readouterr().err


def test_settings_that_cannot_be_are_refused_before_any_work(earshot: Earshot, places: dict[str, str]) -> None:
    for setting, value, why in (
        ("EARSHOT_SERVING", "s3://bucket/serving", "has to be on this machine"),
        ("EARSHOT_LAKE", "ftp://host/lake", "can be a folder or begin with s3://"),
        ("EARSHOT_LAKE", places["EARSHOT_INBOX"] + "/lake", "set them to places that are apart"),
        ("EARSHOT_WAREHOUSE", places["EARSHOT_SERVING"] + "/earshot.duckdb", "set them to places that are apart"),
        ("EARSHOT_WAREHOUSE", places["HOME"], "which is a folder"),
    ):
        done = earshot("build", **{setting: value})
        assert done.returncode == 1
        assert setting in done.stderr
        assert why in done.stderr
        assert done.stdout == ""
