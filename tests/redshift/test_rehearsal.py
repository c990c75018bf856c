"""The rehearsal finds what would fail on Redshift, in a project made to fail."""

from pathlib import Path

import pytest

from tests.redshift.guard import findings
from tests.redshift.rehearsal import Rehearsal, parse, rehearse

PROJECT = {
    "dbt_project.yml": "{name: earshot, version: '1.0', profile: earshot, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": """
earshot:
  outputs:
    redshift: {type: redshift, host: h, port: 5439, user: u, password: p, dbname: earshot, schema: marts, threads: 1}
""",
    "models/filtered.sql": "select user_id, count(*) filter (where kind = 'buy') as a from events group by user_id",
    "models/hooked.sql": """
{{ config(materialized='table', post_hook='delete from log where array_length(tags) > 1') }}
select 1 as id
""",
    "models/promised.sql": """
{{ config(materialized='table') }}
with made as (select 1 as id, 2 as other) select * from made
""",
    "models/promised.yml": """
models:
  - name: promised
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: bigint}, {name: amount, data_type: bigint}]
""",
    "models/growing.sql": """
{{ config(materialized='incremental', unique_key='id') }}
select id, kind from events
{% if is_incremental() %}
where id > {{ run_query('select max(id) as id from ' ~ this).columns[0].values()[0] }}
{% endif %}
""",
    "models/growing.yml": "models: [{name: growing, columns: [{name: id}, {name: kind}]}]",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def first(project: Path) -> Rehearsal:
    return rehearse(parse(project / "target", project), project / "target", incremental=False, project=project)


def _codes(rehearsal: Rehearsal, node: str) -> set[str]:
    sent = [sent.sql for sent in rehearsal.sent if sent.node == f"model.earshot.{node}"]
    return {finding.code for sql in sent for finding in findings(sql)}


def test_sql_of_a_model_is_seen(first: Rehearsal) -> None:
    assert _codes(first, "filtered") == {"RS01"}


def test_sql_of_a_hook_is_seen(first: Rehearsal) -> None:
    assert _codes(first, "hooked") == {"RS16"}


def test_a_broken_contract_fails(first: Rehearsal) -> None:
    assert "contract" in first.failures["model.earshot.promised"]


def test_nothing_else_fails(first: Rehearsal) -> None:
    assert set(first.failures) == {"model.earshot.promised"}


def test_an_incremental_build_is_another_one(project: Path, first: Rehearsal) -> None:
    second = rehearse(parse(project / "target", project), project / "target", incremental=True, project=project)
    assert "where id > 1" in second.compiled["model.earshot.growing"]
    assert "where" not in first.compiled["model.earshot.growing"]
    assert any(sent.sql.startswith("delete from") for sent in second.sent if sent.node == "model.earshot.growing")
