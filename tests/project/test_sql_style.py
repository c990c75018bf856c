"""What `sqlfluff lint` passes over in silence: files that it cannot render, and snapshots, whose tag it lacks."""

import re

import pytest
from sqlfluff.core import FluffConfig, Linter

from tests.project.conftest import ROOT

FILES = sorted(
    str(path.relative_to(ROOT))
    for folder in ("models", "analyses", "tests")
    for path in (ROOT / folder).rglob("*.sql")
    if path.parent != ROOT / "tests" / "generic"
)
SNAPSHOTS = sorted(path.name for path in (ROOT / "snapshots").glob("*.sql"))


@pytest.fixture(scope="module")
def linter() -> Linter:
    return Linter(FluffConfig.from_path(str(ROOT)))


@pytest.mark.parametrize("file", FILES)
def test_renders_for_the_linter(linter: Linter, file: str) -> None:
    rendered = linter.render_file(str(ROOT / file), linter.config)
    assert [str(violation) for violation in rendered.templater_violations] == []
    assert rendered.templated_variants


@pytest.mark.parametrize("file", SNAPSHOTS)
def test_snapshot_has_the_style_of_models(linter: Linter, file: str) -> None:
    text = (ROOT / "snapshots" / file).read_text(encoding="utf-8")
    body = re.sub(r"\{%-? (end)?snapshot .*?%\}", "", text).strip() + "\n"
    linted = linter.lint_string(body)
    assert linted.tree is not None
    assert [str(violation) for violation in linted.get_violations()] == []
