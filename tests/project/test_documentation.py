"""Everything of the dbt project says in words what it is, and a mart keeps the promises of the house."""

import csv
import json
import re
from collections.abc import Iterable
from typing import Any

from reports import dictionary
from tests.project.conftest import ROOT, Project

# A macro's form for one engine, or of a macro of dbt's own: described where the macro is that it stands for.
_FORM = re.compile(r"^(duckdb|redshift|postgres|default)__")

# What a mart's description says, each part a paragraph that begins so: grain, time, what is left out and why, how it
# relates to other marts, and a question with the SQL that answers it. Paragraphs of other words may stand in between.
_PARTS = ("One row per ", "Window: ", "Excluded: ", "Neighbours: ", "Example: ")


def test_dbt_parses_without_a_warning(project: Project) -> None:
    assert project.warnings == []


def test_models_snapshots_and_seeds_are_described(project: Project) -> None:
    nodes = [node for kind in ("model", "snapshot", "seed") for node in project.nodes(kind)]
    assert _undescribed(nodes) == []
    assert _undescribed_columns(nodes) == []
    assert [node.name for node in nodes if not node.columns] == []


def test_sources_are_described(project: Project) -> None:
    tables = project.manifest.sources.values()
    assert _undescribed(tables) == []
    assert _undescribed_columns(tables) == []
    assert [table.source_name for table in tables if not table.source_description.strip()] == []


def test_seeds_have_the_columns_that_are_described(project: Project) -> None:
    for seed in project.nodes("seed"):
        with (ROOT / seed.original_file_path).open(encoding="utf-8", newline="") as lines:
            assert list(seed.columns) == next(csv.reader(lines)), seed.name


def test_macros_are_described(project: Project) -> None:
    macros = [macro for macro in project.manifest.macros.values() if macro.package_name == "earshot"]
    macros = [macro for macro in macros if not _FORM.match(macro.name)]
    assert _undescribed(macros) == []
    for macro in macros:
        described = {
            argument.name: argument.description for argument in macro.arguments if argument.description.strip()
        }
        assert list(described) == _arguments(macro.macro_sql), f"arguments of the macro {macro.name}"


def test_exposures_are_described(project: Project) -> None:
    assert _undescribed(project.manifest.exposures.values()) == []


def test_metrics_are_described(project: Project) -> None:
    assert _undescribed(project.manifest.metrics.values()) == []
    assert _undescribed(project.manifest.semantic_models.values()) == []


def test_tests_say_what_they_guard(project: Project) -> None:
    singular = [
        test for test in project.nodes("test") if test.path.endswith(".sql") and test.test_node_type == "singular"
    ]
    assert singular
    assert _undescribed(singular) == []
    assert _undescribed(project.manifest.unit_tests.values()) == []


def test_marts_are_public_contracts(project: Project) -> None:
    for mart in project.marts():
        assert mart.contract.enforced, f"{mart.name} has no enforced contract"
        assert mart.access == "public", f"{mart.name} is not public"
        assert [column.name for column in mart.columns.values() if not column.data_type] == [], mart.name


def test_marts_are_explained_alike(project: Project) -> None:
    for mart in project.marts():
        began = [[word for word in _PARTS if part.startswith(word)] for part in mart.description.split("\n\n")]
        assert [word for words in began for word in words] == list(_PARTS), f"{mart.name}: the parts are {_PARTS}"
        example = mart.description.rpartition("\n\n")[2]
        assert example.startswith("```sql\n") and mart.name in example, f"{mart.name}: no SQL closes its description"


def test_the_dictionary_says_what_the_marts_say(project: Project) -> None:
    manifest = json.loads((project.target / "manifest.json").read_text(encoding="utf-8"))
    kept = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    stale = kept != dictionary.page(manifest)
    assert not stale, f"docs/metrics.md is stale: run `./{dictionary.COMMAND}` and commit what it writes"


def test_marts_have_a_primary_key(project: Project) -> None:
    unique: dict[str, set[str]] = {}
    filled: dict[str, set[str]] = {}
    for test in project.nodes("test"):
        rule = getattr(test, "test_metadata", None)  # a singular test has none
        if rule is not None and rule.name == "unique_combination":
            unique.setdefault(test.attached_node, set()).update(rule.kwargs["columns"])
        elif rule is not None and rule.name == "unique":
            unique.setdefault(test.attached_node, set()).add(rule.kwargs["column_name"])
        elif rule is not None and rule.name == "not_null":
            filled.setdefault(test.attached_node, set()).add(rule.kwargs["column_name"])
    for mart in project.marts():
        required = {
            column.name
            for column in mart.columns.values()
            if any(constraint.type == "not_null" for constraint in column.constraints)
        }
        key = unique.get(mart.unique_id, set())
        assert key, f"{mart.name} has no test that its key is unique"
        missing = key - filled.get(mart.unique_id, set()) - required
        assert not missing, f"{mart.name}: nothing tests that {sorted(missing)} is never null"


def test_marts_have_unit_tests(project: Project) -> None:
    tested = {test.model for test in project.manifest.unit_tests.values()}
    # The calendar reads nothing that a unit test could make up; calendar_is_that_of_arithmetic.sql counts it again.
    marts = [mart.name for mart in project.marts() if mart.depends_on.nodes]
    assert [name for name in marts if name not in tested] == []


def test_models_are_named_for_their_layer(project: Project) -> None:
    for model in project.nodes("model"):
        layer, area = model.fqn[1], model.fqn[2]
        pattern = {
            "staging": f"stg_{area}__[a-z0-9_]+",
            "intermediate": "int_[a-z_]+",
            "marts": "(fct|dim|rpt)_[a-z_]+",
        }[layer]
        assert re.fullmatch(pattern, model.name), f"{model.original_file_path} is not named like {pattern}"


def test_models_name_no_engine(project: Project) -> None:
    for node in (*project.nodes("model"), *project.nodes("snapshot"), *project.nodes("test")):
        found = re.search(r"\b(duckdb|redshift)\b", node.raw_code, re.IGNORECASE)
        assert found is None, f"{node.name} speaks of {found and found[0]}; that belongs into a dispatched macro"


def _undescribed(things: Iterable[Any]) -> list[str]:
    return sorted(thing.name for thing in things if not thing.description.strip())


def _undescribed_columns(tables: Iterable[Any]) -> list[str]:
    return sorted(
        f"{table.name}.{column.name}"
        for table in tables
        for column in table.columns.values()
        if not column.description.strip()
    )


def _arguments(macro_sql: str) -> list[str]:
    signature = re.search(r"\{%-?\s*(?:macro|test)\s+\w+\s*\((.*?)\)\s*-?%\}", macro_sql, re.DOTALL)
    arguments = signature[1].split(",") if signature and signature[1].strip() else []
    return [argument.split("=")[0].strip() for argument in arguments]
