"""Rules for the correlated subqueries that Redshift documents as unsupported."""

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from tests.redshift.rules import Found, Rule
from tests.redshift.statement import Statement


def _correlated(statement: Statement) -> Iterator[tuple[Scope, set[str]]]:
    """Subqueries that read a table of a query around them, with the names by which they do."""
    for scope in statement.scopes:
        outside = {column.table for column in scope.external_columns if column.table}
        if scope.is_subquery and outside:
            yield scope, outside


def _skipping(statement: Statement) -> Iterator[Found]:
    for scope, outside in _correlated(statement):
        if scope.parent is not None and not outside <= set(scope.parent.sources):
            yield scope.expression


def _in_join(statement: Statement) -> Iterator[Found]:
    for scope, _ in _correlated(statement):
        join = scope.expression.find_ancestor(exp.Join, exp.Select)
        if isinstance(join, exp.Join):
            yield scope.expression


def _too_clever(statement: Statement) -> Iterator[Found]:
    for scope, _ in _correlated(statement):
        query = scope.expression
        within = query.find_ancestor(exp.In, exp.Select)
        groups = isinstance(within, exp.In) and bool(query.args.get("group")) and query.find(exp.AggFunc)
        grouped_by = query.find_ancestor(exp.Group, exp.Select)
        if groups or query.find(exp.Window) or isinstance(grouped_by, exp.Group):
            yield query


CORRELATED = (
    Rule("RS29", "a subquery that reads past the query around it", "a join", _skipping),
    Rule("RS30", "a correlated subquery in a join's condition", "a join before", _in_join),
    Rule("RS40", "a correlated subquery with a window, in GROUP BY, or IN with GROUP BY", "a join", _too_clever),
)
