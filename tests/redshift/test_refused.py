"""A project whose every model but one the rig must refuse, each for the reason that is expected."""

import pytest

from tests.redshift.rig.houses import dbt
from tests.redshift.rig.server import Rig

_TABLE = "{{ config(materialized='table') }}\n"
# What a model says, and what the refusal must begin with. The last ones only a database can know.
REFUSED = {
    "filtered": ("select count(*) filter (where id > 1) as a from {{ ref('fine') }}", "RS01 "),
    "spread": ("select string_agg(kind, ',') as a from {{ ref('fine') }}", "RS08 "),
    "unframed": (
        "select id, cast(sum(id) over (order by id asc nulls last) as bigint) as a from {{ ref('fine') }}",
        "RS10 ",
    ),
    "bare_number": ("select cast(id as numeric) as a from {{ ref('fine') }}", "VAL5 "),
    "bare_text": ("select cast(id as varchar) as a from {{ ref('fine') }}", "VAL6 "),
    "truth_as_text": ("select cast(id > 1 as varchar(5)) as a from {{ ref('fine') }}", "RS14 "),
    "unlisted": ("select corr(id, id) as a from {{ ref('fine') }}", "RS16 "),
    "whole_division": ("select id / 2 as a from {{ ref('fine') }}", "VAL1 "),
    "of_the_leader": ("select id, current_timestamp as a from {{ ref('fine') }}", "RS41 "),
    "json_type": ("select cast('{}' as json) as a from {{ ref('fine') }}", "RS13 "),
    "hooked": (
        "{{ config(post_hook='delete from {{ this }} where array_length(kind) > 1') }}"
        "select id, kind from {{ ref('fine') }}",
        "RS16 ",
    ),
    "grows": (
        "{{ config(materialized='incremental', unique_key='id') }} select id from {{ ref('fine') }}"
        "{% if is_incremental() %} where id > (select max(id) filter (where id > 0) from {{ this }}){% endif %}",
        "RS01 ",
    ),
    "interval_type": (
        "select cast('2026-01-02' as timestamp) - cast('2026-01-01' as timestamp) as a from {{ ref('fine') }}",
        "column a of",
    ),
    "hidden_truth": (
        "with asked as (select id > 1 as a from {{ ref('fine') }}) select cast(a as varchar(5)) as b from asked",
        "a boolean is cast to text",
    ),
    "no_such_distkey": ("{{ config(dist='user_id') }} select id from {{ ref('fine') }}", "the key user_id of"),
    "no_such_sortkey": ("{{ config(sort=['id', 'day']) }} select id from {{ ref('fine') }}", "the key day of"),
    "too_many_bytes": ("select id, 'äöü' as kind from {{ ref('fine') }}", "new row for relation"),
    "promised": ("select id, kind from {{ ref('fine') }}", "This model has an enforced contract that failed."),
    "unknown_column": ("select user_id as a from {{ ref('fine') }}", 'column "user_id" does not exist'),
}
_CONTRACTS = """
models:
  - name: too_many_bytes
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: integer}, {name: kind, data_type: varchar(5)}]
  - name: promised
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: bigint}, {name: kind, data_type: varchar(5)}]
"""


@pytest.fixture(scope="module")
def messages(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What dbt says of each model after two builds; empty where it was built."""
    project = tmp_path_factory.mktemp("refused")
    (project / "models").mkdir()
    (project / "dbt_project.yml").write_text(
        "{name: refused, version: '1.0', profile: earshot, flags: {send_anonymous_usage_stats: false}}"
    )
    (project / "models" / "fine.sql").write_text(
        "{{ config(materialized='table', dist='id', sort=['kind', 'id'], backup=false) }}\nselect 1 as id, 'a' as kind"
    )
    (project / "models" / "models.yml").write_text(_CONTRACTS)
    for name, (sql, _) in REFUSED.items():
        (project / "models" / f"{name}.sql").write_text(_TABLE + sql, encoding="utf-8")
    target = project / "target"
    said: dict[str, str] = {}
    for _ in range(2):
        done = dbt(rig, target, "run", project=project)
        assert done.result is not None, done.exception
        said |= {result.node.name: result.message for result in done.result.results if result.status == "error"}
    return said


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(messages: dict[str, str], name: str) -> None:
    assert name in messages, "it was built"
    lines = [line.strip() for line in messages[name].splitlines()]
    assert any(line.startswith(REFUSED[name][1]) for line in lines), messages[name]


def test_lets_pass(rig: Rig, messages: dict[str, str]) -> None:
    assert "fine" not in messages
