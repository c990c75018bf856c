"""The comparison of rows sees what differs, and nothing but the last digits of a float passes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.redshift.rig.parity import unlike

ROWS: list[tuple[Any, ...]] = [("a", 1, 0.1, Decimal("1.50")), ("b", None, None, Decimal("0.00")), ("a", 2, 0.3, None)]


def test_the_same_rows_in_another_order() -> None:
    assert unlike(ROWS, ROWS[::-1]) == ([], [])


def test_the_last_digits_of_a_float() -> None:
    assert unlike([("a", 0.1 + 0.2)], [("a", 0.3)]) == ([], [])


@pytest.mark.parametrize(
    "changed",
    [
        ("a", 1, 0.1 + 1e-6, Decimal("1.50")),
        ("a", 1, 0.1, Decimal("1.51")),
        ("a", 1, None, Decimal("1.50")),
        ("a ", 1, 0.1, Decimal("1.50")),
        ("a", 0, 0.1, Decimal("1.50")),
    ],
)
def test_a_value_that_differs(changed: tuple[Any, ...]) -> None:
    assert unlike(ROWS, [changed, *ROWS[1:]]) == ([ROWS[0]], [changed])


def test_a_row_too_few_or_too_many() -> None:
    assert unlike(ROWS, ROWS[1:]) == ([ROWS[0]], [])
    assert unlike(ROWS, [*ROWS, ROWS[0]]) == ([], [ROWS[0]])
