"""Every statement of a build for Amazon Redshift passes the guard, and parses in both engines' dialects."""

import re
from collections.abc import Callable

import pytest
from sqlfluff.core import FluffConfig, Linter

from tests.redshift.guard import findings
from tests.redshift.rehearsal import ROOT, Rehearsal, RehearsalError, parse, rehearse

MODELS = sorted(
    [f"model.earshot.{path.stem}" for path in (ROOT / "models").rglob("*.sql")]
    + [f"snapshot.earshot.{path.stem}" for path in (ROOT / "snapshots").rglob("*.sql")]
)
_CATALOG = re.compile(r"\b(pg_[a-z]+|svv_[a-z_]+|information_schema)\b")
Builds = dict[str, Rehearsal]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """The first build of a warehouse, and one after it."""
    target = tmp_path_factory.mktemp("redshift")
    try:
        manifest = parse(target)
        return {
            "first": rehearse(manifest, target, incremental=False),
            "incremental": rehearse(manifest, target, incremental=True),
        }
    except RehearsalError as error:
        pytest.fail(str(error), pytrace=False)  # one sentence, for it is told of every model


@pytest.fixture(scope="module")
def redshift() -> Linter:
    return Linter(FluffConfig(overrides={"dialect": "redshift", "templater": "raw"}))


@pytest.mark.parametrize("build", ["first", "incremental"])
def test_every_node_builds(builds: Builds, build: str) -> None:
    failures = builds[build].failures
    assert not failures, failures


@pytest.mark.parametrize("node", MODELS)
def test_model_means_the_same_on_redshift(builds: Builds, node: str) -> None:
    sent = _sent(builds, lambda sender: sender == node)
    assert sent, f"the build sent nothing for {node}"
    refused = _refused(sent)
    assert not refused, refused


def test_tests_mean_the_same_on_redshift(builds: Builds) -> None:
    sent = _sent(builds, lambda sender: sender.startswith("test."))
    assert sent
    refused = _refused(sent)
    assert not refused, refused


def test_what_surrounds_the_models_means_the_same_on_redshift(builds: Builds) -> None:
    sent = _sent(builds, lambda sender: not sender.startswith(("model.", "snapshot.", "test.")))
    assert sent
    refused = _refused(sent)
    assert not refused, refused


@pytest.mark.parametrize("node", MODELS)
def test_model_has_the_columns_that_are_described(builds: Builds, node: str) -> None:
    for build in builds.values():
        described = [column for column in build.described[node] if not column.startswith("dbt_")]
        assert sorted(described) == sorted(build.columns[node])


@pytest.mark.parametrize("node", MODELS)
def test_model_parses_as_redshift(builds: Builds, redshift: Linter, node: str) -> None:
    for sql in {build.compiled[node] for build in builds.values()}:
        assert [str(error) for error in redshift.parse_string(sql).violations] == []


def _sent(builds: Builds, by: Callable[[str], bool]) -> list[str]:
    """The statements of these senders, each once, without the adapter's own questions to the catalog."""
    statements = [sent.sql for build in builds.values() for sent in build.sent if by(sent.node)]
    return [sql for sql in dict.fromkeys(statements) if not _CATALOG.search(sql)]


def _refused(statements: list[str]) -> str:
    return "\n".join(dict.fromkeys(str(finding) for sql in statements for finding in findings(sql)))
