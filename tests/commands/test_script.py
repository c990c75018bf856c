"""The script `./earshot` itself: from anywhere, through links, with spaces in the path, without a suitable Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands.settings import ROOT

# All that the script calls besides Python; a folder with only these is a machine without one.
TOOLS = ("sh", "dirname", "readlink", "cmp", "rm", "cp", "awk", "tail", "env")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in an awkward folder, with a .venv that borrows the packages of the one that runs the tests."""
    folder = tmp_path / "it's a path"
    folder.mkdir()
    for name in ("commands", "loaders", "serving"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("earshot", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").mkdir()
    shutil.copy(ROOT / "requirements.lock", folder / ".venv" / "requirements.lock")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder / ".venv" / "pyvenv.cfg")
    for name in ("bin", "lib"):
        (folder / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    return folder


@pytest.fixture
def machine_without_python(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def run(script: Path, *arguments: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    environment = {**clean, "PYTHONPATH": "", **environment}
    return subprocess.run([script, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)


def test_it_works_from_anywhere_and_through_links(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(clone / "earshot")
    (tmp_path / "two").symlink_to("one")
    expected = f"There is no warehouse at {clone / 'var' / 'earshot.duckdb'};"
    for script, cwd in ((clone / "earshot", clone), (clone / "earshot", Path("/")), (tmp_path / "two", Path("/"))):
        done = run(script, "publish", cwd=cwd)
        assert done.returncode == 1
        assert expected in done.stderr


def test_arguments_and_exit_codes_pass_through(clone: Path, tmp_path: Path) -> None:
    done = run(clone / "earshot", "publish", "--partner", "two words", "", cwd=tmp_path)
    assert done.returncode == 2
    assert "unexpected extra argument" in done.stderr
    assert run(clone / "earshot", "--help", cwd=tmp_path).returncode == 0


def test_relative_settings_count_from_where_the_user_is(clone: Path, tmp_path: Path) -> None:
    done = run(clone / "earshot", "publish", cwd=tmp_path, EARSHOT_WAREHOUSE="mine.duckdb")
    assert f"There is no warehouse at {tmp_path / 'mine.duckdb'};" in done.stderr


@pytest.mark.parametrize("named", ["", "/nowhere/python", "python3.12"])
def test_without_a_suitable_python_it_says_so(clone: Path, machine_without_python: Path, named: str) -> None:
    (clone / ".venv" / "requirements.lock").unlink()
    # One that is there and answers, but is too old.
    old = machine_without_python / "python3.12"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run(clone / "earshot", "doctor", cwd=clone, PATH=str(machine_without_python), EARSHOT_PYTHON=named)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "earshot: Python 3.11, 3.12 or 3.13 is needed and none was found; install one or name it in EARSHOT_PYTHON.\n"
    )


def test_a_lock_that_cannot_be_installed_is_told_with_its_cause(clone: Path, tmp_path: Path) -> None:
    (clone / "requirements.lock").write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    offline = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "EARSHOT_PYTHON": sys.executable}
    done = run(clone / "earshot", "doctor", cwd=tmp_path, **offline)
    assert done.returncode == 1
    assert "setting up .venv" in done.stderr
    said = done.stderr.splitlines()[-1]
    assert said.startswith("earshot: the locked dependencies could not be installed (")
    assert "no-such-package" in said
    # The next use tries again instead of running on half an installation.
    again = run(clone / "earshot", "doctor", cwd=tmp_path, **offline)
    assert again.returncode == 1
    assert "setting up .venv" in again.stderr
