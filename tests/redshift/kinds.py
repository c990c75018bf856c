"""What can be told of an expression's type from the statement alone: casts, literals, and CTEs that select them."""

from sqlglot import exp

from tests.redshift.statement import Statement

# The result has the type of the arguments.
_LIKE_ARGUMENTS = (
    *(exp.Abs, exp.Avg, exp.Coalesce, exp.FirstValue, exp.Greatest, exp.Lag, exp.LastValue, exp.Lead, exp.Least),
    *(exp.Max, exp.Median, exp.Min, exp.Mod, exp.Neg, exp.NthValue, exp.Nullif, exp.Paren, exp.Sum),
)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_ALWAYS_DOUBLE = (exp.Exp, exp.Ln, exp.Log, exp.Pow, exp.Sqrt, exp.Sin, exp.Cos)
_WRAPPERS = (exp.Alias, exp.IgnoreNulls, exp.RespectNulls, exp.Round, exp.Window)


def is_double(statement: Statement, node: exp.Expr | None, within: frozenset[int] = frozenset()) -> bool:
    """Whether the expression is visibly DOUBLE PRECISION; `within` are the expressions that are being asked already."""
    if node is None or id(node) in within:
        return False
    within |= {id(node)}
    if isinstance(node, exp.Cast):
        return node.to.this is exp.DType.DOUBLE
    if isinstance(node, _ALWAYS_DOUBLE):
        return True
    if isinstance(node, exp.Column):
        made = [part for part in statement.definitions(node) if not _is_constant(part)]
        return bool(made) and all(is_double(statement, part, within) for part in made)
    if isinstance(node, _WRAPPERS):
        return is_double(statement, node.this, within)
    if isinstance(node, exp.Case):
        return any(is_double(statement, result, within) for result in results(node))
    if isinstance(node, _LIKE_ARGUMENTS + _ARITHMETIC):
        return any(is_double(statement, part, within) for part in node.iter_expressions())
    return False


def is_boolean(node: exp.Expr | None) -> bool:
    """Whether the expression is visibly a truth: a comparison, a literal, or a column named is_ or has_ something."""
    if isinstance(node, exp.Paren):
        return is_boolean(node.this)
    if isinstance(node, exp.Column):
        return node.name.lower().startswith(("is_", "has_"))
    return isinstance(node, exp.Predicate | exp.Boolean | exp.Not | exp.And | exp.Or)


def results(case: exp.Expr) -> list[exp.Expr]:
    """What a CASE can give."""
    found = [branch.args["true"] for branch in case.args["ifs"]]
    return [*found, case.args["default"]] if case.args.get("default") else found


def _is_constant(node: exp.Expr) -> bool:
    return isinstance(node.unalias(), exp.Literal | exp.Null)
