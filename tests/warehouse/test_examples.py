"""The example queries in the descriptions of marts run as they stand there, on both engines, and find something."""

import re
from collections.abc import Callable, Iterator

import duckdb
import pytest
import yaml

from tests.redshift.guard import findings
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.platforms import Platform

_SQL = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _examples() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "models" / "marts").rglob("*.yml")):
        for mart in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            yield from ((mart["name"], sql) for sql in _SQL.findall(mart["description"]))


EXAMPLES = list(_examples())


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize(("mart", "sql"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_example_answers_its_question(platform_named: Callable[[str], Platform], mart: str, sql: str) -> None:
    assert mart in sql
    # a reader may sum without a cast: only tables need one type on both engines
    assert [finding for finding in findings(sql) if finding.code != "VAL9"] == []
    with duckdb.connect(str(platform_named("hand-written").house.warehouse), read_only=True) as connection:
        connection.execute("use marts")
        assert connection.sql(sql).fetchall()
