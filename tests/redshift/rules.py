"""What a rule of the guard is, and small finders that most rules are made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from tests.redshift.statement import Statement, called

Found = exp.Expr | Token
Finder = Callable[[Statement], Iterator[Found]]


@dataclass(frozen=True)
class Rule:
    """`words` say what was written, `instead` what to write; `find` yields the offenders."""

    code: str
    words: str
    instead: str
    find: Finder


def nodes(*kinds: type[exp.Expr], where: Callable[[exp.Expr], object] = lambda node: True) -> Finder:
    """Find the nodes of these kinds for which `where` is true."""

    def find(statement: Statement) -> Iterator[Found]:
        yield from (node for node in statement.find(*kinds) if where(node))

    return find


def tokens(*kinds: TokenType) -> Finder:
    """Find the tokens of these kinds."""

    def find(statement: Statement) -> Iterator[Found]:
        yield from (token for token in statement.tokens if token.token_type in kinds)

    return find


def calls(*names: str) -> Finder:
    """Find the calls of functions by the name that is written."""

    def find(statement: Statement) -> Iterator[Found]:
        yield from (token for token in called(statement) if token.text.lower() in names)

    return find


def types(*names: str) -> Finder:
    """Find the types of casts by the name that is written: `double` and `double precision` are one in the tree."""

    def find(statement: Statement) -> Iterator[Found]:
        for previous, token in pairwise(statement.tokens):
            if previous.token_type in (TokenType.ALIAS, TokenType.DCOLON) and token.text.lower() in names:
                yield token

    return find


def has(argument: str) -> Callable[[exp.Expr], object]:
    """True for nodes on which sqlglot has set this argument."""
    return lambda node: node.args.get(argument)


def function_of(window: exp.Expr) -> exp.Expr:
    """The function that a window is of, without IGNORE NULLS and WITHIN GROUP."""
    function: exp.Expr = window.this
    while isinstance(function, exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        function = function.this
    return function
