"""The repository as a whole: nothing left undone, no link that leads nowhere, every folder explained."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.project.conftest import ROOT

FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
FOLDERS = sorted({name.split("/")[0] for name in FILES if "/" in name and not name.startswith(".")})
PAGES = [name for name in FILES if name.endswith(".md")]

_LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")


def test_nothing_is_left_for_later() -> None:
    found = [name for name in FILES if (text := _text(name)) is not None and _LATER.search(text)]
    assert found == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = [link.split("#")[0] for link in _LINK.findall(_text(page) or "")]
    local = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_is_explained(folder: str) -> None:
    guides = "".join(_text(name) or "" for name in ("README.md", "CONTRIBUTING.md"))
    assert f"{folder}/README.md" in FILES or f"{folder}/" in guides, f"no word on what belongs in {folder}/"


def _text(name: str) -> str | None:
    """The text of a file; none when it has gone or is binary."""
    path = Path(ROOT, name)
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
