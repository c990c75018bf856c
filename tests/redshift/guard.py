"""The guard: refuses SQL that Amazon Redshift would refuse, or would answer otherwise than DuckDB."""

from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.tokenizer_core import TokenType

from tests.redshift.rules import Found, Rule
from tests.redshift.rules_correlated import CORRELATED
from tests.redshift.rules_rejected import REJECTED
from tests.redshift.rules_values import HOUSE, VALUES
from tests.redshift.statement import Statement, read, tokenize

RULES: tuple[Rule, ...] = (*REJECTED, *CORRELATED, *VALUES, *HOUSE)
CODES = {rule.code for rule in RULES} | {"RS00", "RS36"}


@dataclass(frozen=True)
class Finding:
    """What a rule refuses: the rule's code and words, what to write instead, and the piece of SQL."""

    code: str
    words: str
    instead: str
    fragment: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}\n    {self.fragment}\n    instead: {self.instead}"


def findings(sql: str) -> list[Finding]:
    """Everything in the SQL text (any number of statements) that a rule refuses; none when all is well."""
    try:
        if slash := _whole_division(sql):
            return [Finding("RS36", "//, a division of whole numbers", "floor(cast(a as double precision) / b)", slash)]
        statements = read(sql)
    except SqlglotError as error:
        return [Finding("RS00", "SQL that cannot be parsed as Redshift's", "plain SQL", _short(str(error)))]
    found = [
        Finding(rule.code, rule.words, rule.instead, _fragment(statement, offender))
        for statement in statements
        for rule in RULES
        for offender in rule.find(statement)
    ]
    return list(dict.fromkeys(found))


def _whole_division(sql: str) -> str | None:
    """The line with a `//`, which Redshift's grammar doesn't have."""
    tokens = tokenize(sql)
    for first, second in pairwise(tokens):
        if first.token_type is second.token_type is TokenType.SLASH and first.end + 1 == second.start:
            return _short(sql.splitlines()[first.line - 1])
    return None


def _fragment(statement: Statement, offender: Found) -> str:
    if isinstance(offender, exp.Expr):
        return _short(offender.sql("redshift", unsupported_level=ErrorLevel.IGNORE))
    return f"line {offender.line}: {_short(statement.sql.splitlines()[offender.line - 1])}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 160 else words[:159] + "…"
