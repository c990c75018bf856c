"""The guard refuses what it is there to refuse, says so in words, and lets the rest pass."""

import re
from pathlib import Path

import pytest

from tests.redshift.corpus import FINE, REFUSED, Case
from tests.redshift.guard import CODES, findings


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refuses(case: Case) -> None:
    assert {finding.code for finding in findings(case.sql)} == set(case.codes.split())


@pytest.mark.parametrize("case", FINE, ids=lambda case: case.name)
def test_lets_pass(case: Case) -> None:
    assert [str(finding) for finding in findings(case.sql)] == []


def test_every_rule_has_a_statement_that_it_refuses() -> None:
    assert {code for case in REFUSED for code in case.codes.split()} == CODES


def test_every_rule_is_listed_in_the_readme() -> None:
    readme = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ((?:RS|VAL|HS)\d+) \|", readme, flags=re.MULTILINE))
    assert listed == CODES


def test_a_finding_says_what_where_and_what_instead() -> None:
    [finding] = findings("select\n    cast(a as varchar(3)) as a,\n    now() as b\nfrom events")
    assert str(finding) == (
        "RS16 a function that is not on the list\n"
        "    line 3: now() as b\n"
        "    instead: one of functions.py, or a dispatched macro"
    )
