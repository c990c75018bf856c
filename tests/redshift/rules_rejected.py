"""Rules for SQL that DuckDB takes and Redshift, by its documents or by what is known of it, refuses."""

from collections.abc import Iterator
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from tests.redshift import functions
from tests.redshift.kinds import is_boolean
from tests.redshift.rules import Found, Rule, calls, function_of, has, nodes, tokens, types
from tests.redshift.statement import Statement, called

# These take an ORDER BY and no frame; sqlglot counts them as aggregates.
_UNFRAMED = (exp.CumeDist, exp.DenseRank, exp.Lag, exp.Lead, exp.Ntile, exp.PercentRank, exp.Rank, exp.RowNumber)

_TYPES = {
    *("BIGINT", "BOOLEAN", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "SMALLINT", "SUPER", "TEXT", "TIME"),
    *("TIMESTAMP", "TIMESTAMPTZ", "VARBINARY", "VARCHAR"),
}

_STATEMENTS = (exp.Alter, exp.Comment, exp.Delete, exp.Drop, exp.Merge, exp.Query, exp.TruncateTable, exp.Update)

# Functions that a rule of their own speaks of.
_SPECIAL = {"array", "array_agg", "columns", "concat", "map", "string_agg", "try_cast", "unnest"}


def _is_table(values: exp.Expr) -> bool:
    return not isinstance(values.parent, exp.Insert)


def _needs_frame(window: exp.Expr) -> bool:
    function = function_of(window)
    is_framed = isinstance(function, exp.AggFunc) and not isinstance(function, _UNFRAMED)
    return is_framed and bool(window.args.get("order")) and not window.args.get("spec")


def _is_unknown_type(node: exp.Expr) -> bool:
    width = next(iter(node.expressions), None)
    too_wide = node.this is exp.DType.DECIMAL and width is not None and int(width.name) > 38
    return too_wide or node.this.name not in _TYPES


def _picks_columns(node: exp.Expr) -> bool:
    return isinstance(node, exp.Columns) or any(node.args.get(name) for name in ("exclude", "except_", "replace"))


def _unlisted_functions(statement: Statement) -> Iterator[Found]:
    yield from (name for name in called(statement) if name.text.lower() not in functions.ALLOWED | _SPECIAL)


def _leader_functions(statement: Statement) -> Iterator[Found]:
    for previous, name in pairwise(statement.tokens):
        is_column = previous.token_type in (TokenType.DOT, TokenType.ALIAS)
        if name.text.lower() in functions.LEADER_ONLY and not is_column:
            yield name


def _from_first(statement: Statement) -> Iterator[Found]:
    openers = (None, TokenType.L_PAREN, TokenType.SEMICOLON, TokenType.UNION, TokenType.ALL)
    for previous, token in zip([None, *statement.tokens], statement.tokens, strict=False):
        before = previous.token_type if previous else None
        if token.token_type is TokenType.FROM and before in openers:
            yield token


def _unnamed_recursion(statement: Statement) -> Iterator[Found]:
    for cte in statement.find(exp.CTE):
        reads_itself = any(table.name == cte.alias and not table.db for table in cte.this.find_all(exp.Table))
        if reads_itself and not cte.args["alias"].columns:
            yield cte


def _is_unequal_full_join(join: exp.Expr) -> bool:
    if str(join.args.get("side")).upper() != "FULL" or join.args.get("using"):
        return False
    condition = join.args.get("on")
    return condition is None or any(not isinstance(part, exp.EQ) for part in condition.flatten())


def _is_ordered_inside(node: exp.Expr) -> bool:
    return any(isinstance(part, exp.Order) for part in (node.this, *node.iter_expressions()))


def _mixed_ordered_sets(statement: Statement) -> Iterator[Found]:
    """Within one SELECT, LISTAGG, PERCENTILE_CONT and MEDIAN must share one order and bear no DISTINCT aggregate."""
    for select in statement.find(exp.Select):
        own = [node for made in select.expressions for node in made.find_all(exp.WithinGroup, exp.Median, exp.Distinct)]
        own = [node for node in own if node.find_ancestor(exp.Select) is select]
        ordered = [node for node in own if isinstance(node, exp.WithinGroup | exp.Median)]
        orders = {(node.expression if isinstance(node, exp.WithinGroup) else node.this).sql() for node in ordered}
        distinct = [node for node in own if isinstance(node, exp.Distinct) and node.parent is not select]
        if len(orders) > 1 or (ordered and distinct):
            yield ordered[-1]


def _is_foreign(statement: Statement) -> bool:
    tree = statement.tree
    if isinstance(tree, exp.Create):
        return tree.kind not in ("SCHEMA", "TABLE", "VIEW") or (tree.kind == "TABLE" and bool(tree.args.get("replace")))
    if isinstance(tree, exp.Insert):
        return bool(tree.args.get("conflict") or tree.args.get("returning"))
    return not isinstance(tree, _STATEMENTS)


def _foreign_statements(statement: Statement) -> Iterator[Found]:
    if _is_foreign(statement):
        yield statement.tree


REJECTED = (
    Rule("RS01", "FILTER clause of an aggregate", "sum(case when … then … end)", nodes(exp.Filter)),
    Rule("RS02", "DISTINCT ON", "row_number() and a condition on it", nodes(exp.Distinct, where=has("on"))),
    Rule("RS03", "LATERAL", "a join or a CTE", nodes(exp.Lateral)),
    Rule("RS04", "UNNEST", "a dispatched macro", nodes(exp.Unnest)),
    Rule("RS05", "VALUES as a table", "select … union all select …", nodes(exp.Values, where=_is_table)),
    Rule("RS06", "an array", "listagg, or one row per element", nodes(exp.Array, exp.ArrayAgg, exp.Bracket)),
    Rule(
        "RS07", "IS [NOT] DISTINCT FROM", "a = b or (a is null and b is null)", nodes(exp.NullSafeEQ, exp.NullSafeNEQ)
    ),
    Rule("RS08", "STRING_AGG", "listagg(…) within group (order by …), by dbt.listagg", calls("string_agg")),
    Rule(
        "RS09",
        "an ASOF, POSITIONAL, SEMI or ANTI join",
        "exists, or a window and an equality",
        nodes(
            exp.Join,
            where=lambda join: (
                {str(join.args.get(part)).upper() for part in ("method", "kind", "side")}
                & {"ASOF", "POSITIONAL", "SEMI", "ANTI"}
            ),
        ),
    ),
    Rule(
        "RS10",
        "a window with ORDER BY and no frame",
        "rows between unbounded preceding and current row",
        nodes(exp.Window, where=_needs_frame),
    ),
    Rule(
        "RS11",
        "DISTINCT in a window function",
        "an aggregate before the window",
        nodes(exp.Window, where=lambda window: isinstance(function_of(window).this, exp.Distinct)),
    ),
    Rule(
        "RS12",
        "a RANGE or GROUPS frame",
        "a ROWS frame",
        nodes(exp.WindowSpec, where=lambda frame: str(frame.args.get("kind")).upper() != "ROWS"),
    ),
    Rule(
        "RS13",
        "a type that Redshift lacks",
        "see _TYPES in rules_rejected.py",
        nodes(exp.DataType, where=_is_unknown_type),
    ),
    Rule(
        "RS14",
        "a boolean cast to text",
        "dbt.cast_bool_to_text",
        nodes(exp.Cast, where=lambda cast: cast.args["to"].this in exp.DataType.TEXT_TYPES and is_boolean(cast.this)),
    ),
    Rule("RS15", "TRY_CAST", "a check by case and regexp_substr, then cast", calls("try_cast")),
    Rule(
        "RS16", "a function that is not on the list", "one of functions.py, or a dispatched macro", _unlisted_functions
    ),
    Rule(
        "RS17",
        "CONCAT of other than two",
        "||",
        nodes(exp.Concat, where=lambda concat: "start" in concat.meta and len(concat.expressions) != 2),
    ),
    Rule(
        "RS18",
        "* EXCEPT, EXCLUDE, REPLACE or COLUMNS()",
        "the columns by name",
        nodes(exp.Columns, exp.Select, exp.Star, where=_picks_columns),
    ),
    Rule("RS19", "a lambda", "one row per element", nodes(exp.Lambda)),
    Rule(
        "RS20",
        "EXCEPT ALL or INTERSECT ALL",
        "group by and count",
        nodes(exp.Except, exp.Intersect, where=lambda node: node.args.get("distinct") is False),
    ),
    Rule("RS21", "GROUP BY ALL", "the columns by name", nodes(exp.Group, where=has("all"))),
    Rule(
        "RS22",
        "MIN or MAX of a boolean",
        "bool_and, bool_or",
        nodes(exp.Max, exp.Min, where=lambda node: is_boolean(node.this)),
    ),
    Rule("RS23", "FETCH FIRST", "LIMIT", nodes(exp.Fetch)),
    Rule("RS24", "TABLESAMPLE", "a condition on a hash", nodes(exp.TableSample)),
    Rule("RS25", "a WINDOW clause", "each window written out", nodes(exp.Select, where=has("windows"))),
    Rule(
        "RS26",
        "a comparison of rows",
        "the columns one by one",
        nodes(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ, where=lambda node: isinstance(node.this, exp.Tuple)),
    ),
    Rule("RS27", "a recursive CTE without column names", "with recursive numbers (n) as (…)", _unnamed_recursion),
    Rule(
        "RS28",
        "[NOT] MATERIALIZED",
        "a plain CTE",
        nodes(exp.CTE, where=lambda cte: cte.args.get("materialized") is not None),
    ),
    Rule(
        "RS31",
        "ORDER BY inside an aggregate's brackets",
        "within group (order by …)",
        nodes(exp.AggFunc, where=_is_ordered_inside),
    ),
    Rule("RS32", "LISTAGG, PERCENTILE_CONT, MEDIAN or DISTINCT mixed", "one CTE for each", _mixed_ordered_sets),
    Rule(
        "RS33",
        "a FULL JOIN on other than equality",
        "a union of two left joins",
        nodes(exp.Join, where=_is_unequal_full_join),
    ),
    Rule("RS34", "a type name of another engine", "double precision, varchar(n)", types("double", "string")),
    Rule("RS35", "FROM before SELECT", "select … from …", _from_first),
    Rule(
        "RS37",
        "a struct, a map, or -> into JSON",
        "columns, or json_extract_path_text",
        tokens(TokenType.ARROW, TokenType.DARROW, TokenType.L_BRACE),
    ),
    Rule("RS39", "a statement that Redshift lacks", "create table … as, insert, delete", _foreign_statements),
    Rule("RS41", "a function of the leader node", "getdate()", _leader_functions),
)
