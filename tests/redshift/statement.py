"""One SQL statement as the guard sees it: the text, its tokens, its syntax tree and where each column comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import Token, TokenType


class _Parser(RedshiftParser):
    """Remembers of each ORDER BY whether NULLS FIRST or LAST was written: the tree alone has only the default."""

    def _parse_ordered(self, parse_method: Callable[[], exp.Expr | None] | None = None) -> exp.Ordered | None:
        ordered = super()._parse_ordered(parse_method)
        if ordered is not None:
            ordered.meta["nulls_written"] = self._tokens[self._index - 2].text.upper() == "NULLS"
        return ordered


class _House(Redshift):
    Parser = _Parser


@dataclass(frozen=True)
class Statement:
    """One parsed statement. `tree` is what sqlglot's Redshift dialect makes of `sql`."""

    sql: str
    tree: exp.Expr
    tokens: list[Token] = field(repr=False)

    def find(self, *kinds: type[exp.Expr]) -> Iterator[exp.Expr]:
        """All nodes of these kinds, in the order of the tree."""
        yield from (node for node in self._nodes if isinstance(node, kinds))

    @cached_property
    def _nodes(self) -> list[exp.Expr]:
        return list(self.tree.walk())

    @cached_property
    def queries(self) -> list[exp.Expr]:
        """The outermost queries: the statement itself, or what it creates, inserts or looks up."""
        found = self.tree.find_all(exp.Query)
        return [node.unnest() for node in found if node.find_ancestor(exp.Query) is None]

    @cached_property
    def scopes(self) -> list[Scope]:
        """Every SELECT and set operation with the sources it reads, innermost first."""
        return [scope for query in self.queries for scope in traverse_scope(query)]

    @cached_property
    def _scope_of(self) -> dict[int, Scope]:
        return {id(scope.expression): scope for scope in self.scopes}

    def scope_of(self, select: exp.Expr | None) -> Scope | None:
        """The scope of a SELECT of this statement."""
        return self._scope_of.get(id(select))

    def definitions(self, column: exp.Column) -> list[exp.Expr]:
        """What a column stands for: the expressions that CTEs and subqueries of this statement select under its name.

        Several for a union; none where it comes from a table.
        """
        scope = self.scope_of(column.find_ancestor(exp.Select))
        if scope is None:
            return []
        names = [column.table] if column.table else list(scope.sources)
        found: list[exp.Expr] = []
        for name in names:
            source = scope.sources.get(name)
            if isinstance(source, Scope):
                found.extend(_selected(source.expression, column.name.lower()))
        return found

    def outputs(self) -> list[exp.Expr]:
        """The expressions that the whole statement returns or stores; of a union, those of every branch."""
        kept = self.queries if isinstance(self.tree, exp.Query | exp.Create | exp.Insert) else []
        return [made for query in kept for select in _branches(query) for made in select.expressions]


def read(sql: str) -> list[Statement]:
    """Parse SQL text into statements.

    Raises sqlglot.errors.SqlglotError when the text cannot be parsed.
    """
    tokens = tokenize(sql)
    trees = _House().parser().parse(tokens, sql)
    return [Statement(sql, tree, tokens) for tree in trees if tree is not None]


@lru_cache(maxsize=16)
def tokenize(sql: str) -> list[Token]:
    """Redshift's tokens of SQL text, comments left out; to be read, for who asks next gets the same."""
    return sqlglot.tokenize(sql, read=_House)


def called(statement: Statement) -> Iterator[Token]:
    """The names of the functions that the text calls, as they are written."""
    lists = {alias.name.lower() for alias in statement.tree.find_all(exp.TableAlias) if alias.columns}
    lists |= {schema.this.name.lower() for schema in statement.tree.find_all(exp.Schema)}
    for name, bracket in pairwise(statement.tokens):
        if bracket.token_type is not TokenType.L_PAREN or name.text.lower() in lists | NOT_CALLED:
            continue
        if name.token_type in _Parser.FUNC_TOKENS and name.token_type is not TokenType.IDENTIFIER:  # that is quoted
            yield name


# Words before a bracket that are no function: types with a length, and syntax.
NOT_CALLED = {
    *("varchar", "char", "character varying", "numeric", "decimal", "timestamp", "time", "varbyte"),
    *(
        "all",
        "any",
        "distkey",
        "exclude",
        "exists",
        "filter",
        "group",
        "in",
        "like",
        "materialized",
        "some",
        "sortkey",
        "values",
    ),
    "window",
}


def _branches(query: exp.Expr | None) -> Iterator[exp.Select]:
    if isinstance(query, exp.Select):
        yield query
    elif isinstance(query, exp.SetOperation):
        yield from _branches(query.this)
        yield from _branches(query.expression)
    elif isinstance(query, exp.Subquery):
        yield from _branches(query.this)


def _selected(query: exp.Expr, name: str) -> Iterator[exp.Expr]:
    """What each branch of a query selects under a name, by the list of names beside it or those of its first branch."""
    holder = query.parent
    listed = holder.args["alias"].columns if isinstance(holder, exp.CTE | exp.Subquery) and holder.alias else []
    branches = list(_branches(query))
    names = [column.name for column in listed] or [
        made.alias_or_name for select in branches[:1] for made in select.expressions
    ]
    for select in branches:
        for own, made in zip(names, select.expressions, strict=False):
            if own.lower() == name:
                yield made
