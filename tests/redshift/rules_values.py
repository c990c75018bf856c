"""Rules for SQL that both engines take and answer differently, and for what this house doesn't write."""

from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import Scope
from sqlglot.tokenizer_core import TokenType

from tests.redshift.kinds import is_double, results
from tests.redshift.rules import Finder, Found, Rule, calls, function_of, nodes, tokens, types
from tests.redshift.statement import Statement

# The type of the result is that of the (first) argument, or of all of them.
_LIKE_THEIR_FIRST = (
    *(exp.Abs, exp.Alias, exp.FirstValue, exp.Lag, exp.LastValue, exp.Lead, exp.Max, exp.Min, exp.Neg),
    *(exp.Nullif, exp.Paren, exp.Round),
)
_LIKE_ALL = (exp.Add, exp.Coalesce, exp.Greatest, exp.Least, exp.Mod, exp.Mul, exp.Sub)


def _divisions(statement: Statement) -> Iterator[Found]:
    for division in statement.find(exp.Div):
        if not (is_double(statement, division.this) or is_double(statement, division.expression)):
            yield division


def _averages(statement: Statement) -> Iterator[Found]:
    for average in statement.find(exp.Avg):
        if not is_double(statement, average.this):
            yield average


def _silent_about_nulls(statement: Statement) -> Iterator[Found]:
    for ordered in statement.find(exp.Ordered):
        if not ordered.meta["nulls_written"] and _order_matters(ordered):
            yield ordered


def _order_matters(ordered: exp.Expr) -> bool:
    """Not within a group, where nulls are left out, nor of a subquery without a limit, which has no order."""
    place = ordered.find_ancestor(exp.Window, exp.WithinGroup, exp.Query)
    if isinstance(place, exp.Query):
        return place.find_ancestor(exp.Query) is None or bool(place.args.get("limit"))
    return not isinstance(place, exp.WithinGroup)


def _exposed(statement: Statement, node: exp.Expr | None, seen: set[int]) -> Iterator[exp.Expr]:
    """The calls whose type becomes the type of this expression: not those inside a cast, a comparison, a count …"""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    inside: list[exp.Expr] = []
    if isinstance(node, exp.Column):
        inside = statement.definitions(node)
    elif isinstance(node, exp.Case):
        inside = results(node)
    elif isinstance(node, exp.Window):
        inside = [function_of(node)]
    elif isinstance(node, _LIKE_THEIR_FIRST):
        inside = [node.this]
    elif isinstance(node, _LIKE_ALL):
        inside = list(node.iter_expressions())
    elif isinstance(node, exp.Subquery):
        inside = list(node.this.expressions) if isinstance(node.this, exp.Select) else []
    elif isinstance(node, exp.Sum | exp.Extract | exp.TimestampTrunc | exp.DateTrunc):
        yield node
    for part in inside:
        yield from _exposed(statement, part, seen)


def _uncast(*kinds: type[exp.Expr], where: Callable[[exp.Expr], bool] = lambda node: True) -> Finder:
    """Find calls of these kinds whose own type is that of a column which the whole statement returns."""

    def find(statement: Statement) -> Iterator[Found]:
        seen: set[int] = set()
        for output in statement.outputs():
            for node in _exposed(statement, output, seen):
                if isinstance(node, kinds) and where(node) and not is_double(statement, node):
                    yield node

    return find


def _lateral_aliases(statement: Statement) -> Iterator[Found]:
    for select in statement.find(exp.Select):
        made = {item.alias.lower(): item for item in select.expressions if isinstance(item, exp.Alias)}
        clauses = [*select.expressions, *select.args.get("joins", [])]
        clauses += [select.args[name] for name in ("where", "having", "qualify") if select.args.get(name)]
        for column in (column for clause in clauses for column in clause.find_all(exp.Column)):
            item = made.get(column.name.lower())
            if item is None or column.table or column.find_ancestor(exp.Select) is not select:
                continue
            if not _is_read(statement, select, item):
                yield column


def _is_read(statement: Statement, select: exp.Expr, item: exp.Alias) -> bool:
    """Whether the alias is also a column of what the query reads, which both engines then mean."""
    if any(column.name.lower() == item.alias.lower() for column in item.this.find_all(exp.Column)):
        return True
    scope = statement.scope_of(select)
    queries = [source.expression for source in scope.sources.values() if isinstance(source, Scope)] if scope else []
    return any(isinstance(query, exp.Query) and item.alias in query.named_selects for query in queries)


def _is_bare_number(node: exp.Expr) -> bool:
    return node.this is exp.DType.DECIMAL and not node.expressions


def _is_bare_text(node: exp.Expr) -> bool:
    if node.this not in exp.DataType.TEXT_TYPES or node.expressions:
        return False
    cast = node.parent
    if not isinstance(cast, exp.Cast):
        return True
    # dbt's own SQL for snapshots casts its columns so, and what it hashes to keys: all shorter than 256 bytes.
    of_dbt = cast.this.name.startswith("dbt_") or cast.find_ancestor(exp.MD5) is not None
    return not (of_dbt or isinstance(cast.this, exp.Literal))


def _may_be_of_date(node: exp.Expr) -> bool:
    return str(node.args.get("unit")).upper() not in ("HOUR", "MINUTE", "SECOND")


VALUES = (
    Rule(
        "VAL1",
        "a division that is not of doubles: whole numbers on one engine, fractions on the other",
        "cast(a as double precision) / b",
        _divisions,
    ),
    Rule(
        "VAL2",
        "avg() of what is not a double: Redshift cuts it to a whole number",
        "avg(cast(a as double precision))",
        _averages,
    ),
    Rule(
        "VAL3",
        "ORDER BY without NULLS FIRST or LAST: the engines' defaults differ",
        "asc nulls last, desc nulls last",
        _silent_about_nulls,
    ),
    Rule("VAL4", "concat(): NULL on Redshift if one part is, text on DuckDB", "a || b, with coalesce", calls("concat")),
    Rule(
        "VAL5",
        "numeric without width: numeric(18, 0) on Redshift",
        "numeric(18, 4)",
        nodes(exp.DataType, where=_is_bare_number),
    ),
    Rule(
        "VAL6",
        "text without length: 256 bytes on Redshift",
        "varchar(n), n in bytes",
        nodes(exp.DataType, where=_is_bare_text),
    ),
    Rule("VAL9", "sum() uncast: HUGEINT on DuckDB, BIGINT on Redshift", "cast(sum(a) as bigint)", _uncast(exp.Sum)),
    Rule("VAL10", "float: 4 bytes on DuckDB, 8 on Redshift", "double precision", types("float", "real")),
    Rule(
        "VAL12",
        "regexp_replace(): the first place on DuckDB, every on Redshift",
        "a dispatched macro",
        calls("regexp_replace"),
    ),
    Rule("VAL14", "extract() uncast: its type differs", "cast(extract(…) as integer)", _uncast(exp.Extract)),
    Rule(
        "VAL18",
        "~: the whole text on DuckDB, a part of it on Redshift",
        "like, or regexp_substr(…) <> ''",
        nodes(exp.RegexpLike, exp.RegexpILike),
    ),
    Rule(
        "VAL19",
        "datediff() in weeks: the engines' weeks begin on other days",
        "the difference of two date_trunc('week', …) in days, by 7",
        nodes(exp.TsOrDsDiff, exp.DateDiff, where=lambda node: str(node.args.get("unit")).upper() == "WEEK"),
    ),
    Rule(
        "VAL20",
        "date_trunc() uncast: a timestamp on Redshift, of a date a date on DuckDB",
        "cast(date_trunc(…) as date)",
        _uncast(exp.TimestampTrunc, exp.DateTrunc, where=_may_be_of_date),
    ),
)

HOUSE = (
    Rule(
        "HS01",
        "a column's alias used in the same SELECT",
        "a CTE, or the column with its table's name",
        _lateral_aliases,
    ),
    Rule("HS02", "ILIKE: its idea of other alphabets' case differs", "lower(a) like …", tokens(TokenType.ILIKE)),
    Rule("HS03", "PIVOT or UNPIVOT", "sum(case when … then … end)", nodes(exp.Pivot)),
    Rule(
        "HS04",
        "percentile_cont() or listagg() as a window function",
        "group by, then a join",
        nodes(
            exp.Window,
            where=lambda window: isinstance(function_of(window), exp.PercentileCont | exp.GroupConcat | exp.Median),
        ),
    ),
)
