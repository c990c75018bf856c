"""dbt run by the command line: its outcome as exit codes and sentences, and what the warehouse remembers of it."""

from pathlib import Path

import duckdb
import pytest

from commands import dbt
from commands.settings import ROOT
from loaders.errors import EarshotError
from serving import results
from tests.commands import projects


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("commands.dbt.ROOT", projects.make(tmp_path / "project"))
    monkeypatch.setenv("EARSHOT_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "project"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def complaint(warehouse: Path) -> str | None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return results.complaint(results.read(connection, "warehouse", warehouse))


def test_what_passed_is_remembered(project: Path, warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = dbt.run(["build"])
    assert outcome.counts == {"success": 2, "pass": 3}
    assert outcome.failed == []
    dbt.require_passed(outcome)
    assert complaint(warehouse) is None
    said = capsys.readouterr().out
    assert "PASS=" in said
    assert "\x1b" not in said
    # What only reads the project leaves the memory alone, though dbt runs the hook at the start then too.
    dbt.run(["compile"])
    dbt.run(["docs", "generate"])
    assert complaint(warehouse) is None


def test_a_failure_is_remembered_until_it_is_mended(project: Path, warehouse: Path) -> None:
    (project / "models" / "dim_one.sql").write_text("select 1 as n union all select 1")
    outcome = dbt.run(["build"])
    assert outcome.failed == ["unique_dim_one_n"]
    with pytest.raises(EarshotError, match=r"1 of 5 nodes failed \(unique_dim_one_n\)"):
        dbt.require_passed(outcome)
    assert complaint(warehouse) == "the last build left 1 failure (unique_dim_one_n)"
    # Another part that passes mends nothing.
    assert dbt.run(["build"], ["--select", "fct_two"]).failed == []
    assert complaint(warehouse) == "the last build left 1 failure (unique_dim_one_n)"
    (project / "models" / "dim_one.sql").write_text("select 1 as n")
    assert dbt.run(["build"], ["--select", "dim_one"]).failed == []
    assert complaint(warehouse) is None


def test_a_mart_built_without_its_tests_is_remembered(project: Path, warehouse: Path) -> None:
    dbt.run(["run"])
    assert complaint(warehouse) == "tests have not run since the build of 2 marts (dim_one, fct_two)"
    dbt.run(["test"])
    assert complaint(warehouse) is None
    dbt.run(["run"], ["--select", "fct_two"])
    assert complaint(warehouse) == "tests have not run since the build of 1 mart (fct_two)"


def test_what_the_project_has_no_more_is_forgotten(project: Path, warehouse: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "it's_never_so.sql").write_text("select 1 as n")
    (project / "models" / "models.yml").write_text(projects.TESTS.replace("rows: [{n: 5}]}\n", "rows: [{n: 6}]}\n"))
    assert sorted(dbt.run(["build"]).failed) == ["it's_never_so", "two_copies_one"]
    (project / "tests" / "it's_never_so.sql").unlink()
    (project / "models" / "models.yml").write_text(projects.TESTS.split("unit_tests")[0])
    assert dbt.run(["build"]).failed == []
    assert complaint(warehouse) is None


def test_a_run_that_is_killed_leaves_its_nodes_running(project: Path, warehouse: Path) -> None:
    dbt.run(["build"])
    # As if the machine had gone off: the hook at the end never runs.
    settings = project / "dbt_project.yml"
    settings.write_text(settings.read_text().replace('on-run-end: "{{ record_results(results) }}"', ""))
    dbt.run(["build"], ["--select", "fct_two"])
    said = complaint(warehouse)
    assert said is not None and said.startswith("the run that began at ") and said.endswith(" UTC did not finish")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--nonsense"], 2, "dbt does not take these arguments: No such option '--nonsense'.; see `dbt build --help`"),
        (["--vars", "{"], 2, "is not valid YAML"),
        (
            ["--vars", "{as_of: 2026-02-30}"],
            2,
            "--vars '{as_of: 2026-02-30}' can't be read: day is out of range for month",
        ),
        (["--select", "nothing_at_all"], 2, "'nothing_at_all' does not match any enabled nodes"),
        (["--profile", "other"], 1, "Could not find profile named 'other'"),
    ],
)
def test_dbts_refusals_become_sentences(project: Path, arguments: list[str], code: int, said: str) -> None:
    with pytest.raises(EarshotError) as refused:
        dbt.run(["build"], arguments)
    assert refused.value.code == code
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_broken_model_is_code_1(project: Path) -> None:
    (project / "models" / "fct_two.sql").write_text("select n from {{ ref('dim_none') }}")
    with pytest.raises(EarshotError, match="'dim_none' which was not found") as refused:
        dbt.run(["build"])
    assert refused.value.code == 1


def test_dbts_words_can_go_to_stderr(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dbt.run(["build"], quiet_stdout=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "PASS=" in said.err


def test_the_target_folder_is_dbts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBT_TARGET_PATH", raising=False)
    assert dbt.target_folder([]) == ROOT / "target"
    assert dbt.target_folder(["--target-path", "/x"]) == Path("/x")
    assert dbt.target_folder(["--target-path=y"]) == ROOT / "y"
    monkeypatch.setenv("DBT_TARGET_PATH", "/z")
    assert dbt.target_folder([]) == Path("/z")
