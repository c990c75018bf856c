"""From Redshift's SQL to PostgreSQL's, token by token: what is not named here stays as it was sent, byte for byte.

A transpiler would not do: it gives other answers for datediff(), and drops what it doesn't know.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot.tokenizer_core import Token, TokenType

from tests.redshift.guard import findings
from tests.redshift.rig.proxy import Refused
from tests.redshift.rig.rights import translated
from tests.redshift.statement import tokenize

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Not for the guard: transactions, databases, rows with parameters, rights, and the adapter's questions to the catalog.
_BESIDE = re.compile(
    r"(begin|commit|rollback|abort|lock|set|show|grant|revoke|comment|(create|drop) database)\b|"
    r"insert into [^(]+(\([^)]*\))?\s*values\s*\(\$1",
    re.IGNORECASE,
)
_CATALOG = re.compile(r"\b(pg_[a-z_]+|svv_[a-z_]+|information_schema)\b")
# A date, and a list of them: how many they are, and which, is nothing to the guard.
_DATES = re.compile(r"\bdate '\d{4}-\d\d-\d\d'(?:, date '\d{4}-\d\d-\d\d')*")
_DDL = re.compile(r"create\b.*?\b(table|view)\b|alter table", re.IGNORECASE | re.DOTALL)
_PARTS = {
    *("year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"),
}
_OF_PARTS = {"date_part", "date_trunc", "dateadd", "datediff"}


@lru_cache(maxsize=4096)
def translate(sql: str) -> str:
    """The statement as PostgreSQL takes it.

    Raises Refused when the guard has a finding.
    """
    text = _COMMENT.sub("", sql).strip()
    if text.lower().startswith("explain "):
        return f"explain {translate(text[8:])}"
    if (rights := translated(text)) is not None:
        return rights
    if not text or _BESIDE.match(text):
        return sql
    if not _CATALOG.search(text) and not _passes(_DATES.sub("date '2026-01-02'", text)):
        raise Refused("\n".join(str(finding) for finding in findings(text)))
    return _Rewriting(sql).result()


@lru_cache(maxsize=4096)
def _passes(sql: str) -> bool:
    return not findings(sql)


@dataclass
class _Rewriting:
    """One statement, and the pieces of it that are to be replaced."""

    sql: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)

    def result(self) -> str:
        self.tokens = tokenize(self.sql)
        self.words = [token.text.lower() for token in self.tokens]
        ddl = bool(_DDL.match(_COMMENT.sub("", self.sql).strip()))
        for n, (token, word) in enumerate(zip(self.tokens, self.words, strict=True)):
            if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
                continue
            opens = self._word(n + 1) == "("
            if word in _OF_PARTS and opens and self._word(n + 2) in _PARTS and self._type(n + 2) != TokenType.STRING:
                self._replace(n + 2, n + 2, f"'{self.words[n + 2]}'")
            elif word == "varbyte" and opens:
                self._replace(n, self._closing(n + 1), "rs.varbyte")  # a domain, which takes no length
            elif word == "listagg" and opens:
                self._order_inside(n)
            elif ddl:
                self._key_of_table(n, word)
        text = self.sql
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        if self.keys:
            given = [self.keys.get(name, "") for name in ("style", "dist", "sort", "backup")]
            text = text.rstrip().rstrip(";") + f" /*keys:{';'.join(given)}*/"
        return text

    def _word(self, n: int) -> str:
        return self.words[n] if n < len(self.words) else ""

    def _type(self, n: int) -> TokenType:
        return self.tokens[n].token_type

    def _replace(self, first: int, last: int, new: str) -> None:
        self.edits.append((self.tokens[first].start, self.tokens[last].end + 1, new))

    def _closing(self, n: int) -> int:
        """The token with the bracket that closes the one at n."""
        depth = 0
        for place in range(n, len(self.tokens)):
            kind = self._type(place)
            depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
            if depth == 0:
                return place
        raise Refused("a bracket is not closed")

    def _between(self, first: Token, last: Token) -> str:
        return self.sql[first.end + 1 : last.start].strip()

    def _order_inside(self, n: int) -> None:
        """listagg(a, ',') within group (order by b) is an aggregate of this database with its order in the brackets."""
        close = self._closing(n + 1)
        follows = [
            place for place in (close + 2, close + 3) if " ".join(self.words[close + 1 : place]) == "within group"
        ]
        if not follows:
            return
        end = self._closing(follows[0])
        order = self._between(self.tokens[follows[0]], self.tokens[end])
        self._replace(close, end, f" {order})")

    def _key_of_table(self, n: int, word: str) -> None:
        """Takes out how a table is spread, sorted and backed up; it is checked and remembered behind a comment."""
        if word == "diststyle":
            self.keys["style"] = self._word(n + 1)
            self._replace(n, n + 1, "")
        elif word == "backup" and self._word(n + 1) in ("no", "yes"):
            self.keys["backup"] = self._word(n + 1)
            self._replace(n, n + 1, "")
        elif word in ("distkey", "sortkey") and self._word(n + 1) == "(":
            close = self._closing(n + 1)
            columns = self._between(self.tokens[n + 1], self.tokens[close])
            self.keys["dist" if word == "distkey" else "sort"] = re.sub(r'[\s"]', "", columns)
            self._replace(n, close, "")
        elif word in ("compound", "interleaved") and self._word(n + 1) == "sortkey":
            self._replace(n, n, "")
        elif word == "with" and self.words[n + 1 : n + 4] == ["no", "schema", "binding"]:
            self._replace(n, n + 3, "")
