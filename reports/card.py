"""What a page is made of: tables of numbers that the filters choose from, and cards that show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# Of a filter's column, does a table hold rows of totals to choose one of (people, who do not add up), or parts to sum?
Mode = Literal["total", "part"]


@dataclass(frozen=True)
class Table:
    """Rows that a page holds, and how its filters choose among them.

    `sql` gives the columns `filters`, `by`, `date` (a date, where the range is to choose) and `measures`, one row for
    each combination of the first three. Of the filters it does not name, it knows nothing, and its cards say so.
    """

    name: str
    sql: str
    by: tuple[str, ...]
    measures: tuple[str, ...]
    filters: Mapping[str, Mode] = field(default_factory=dict)
    date: str | None = None


@dataclass(frozen=True)
class Card:
    """One question and its answer.

    After the filters the rows of `table` are grouped by `by` and the measures summed; `ratios` divide one sum by
    another. `newest` takes only the newest date that is left. `explains` are columns of `mart` whose descriptions are
    shown, after the mart's own, to whoever asks what the numbers are.
    """

    key: str
    question: str
    mart: str
    table: Table
    by: tuple[str, ...]
    measures: tuple[str, ...]
    explains: tuple[str, ...] = ()
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shares: Mapping[str, str] = field(default_factory=dict)  # a measure's share of its sum over the card's rows
    shown_as: Mapping[str, str] = field(default_factory=dict)  # `share` or `number`, where it isn't what it seems
    chart: dict[str, Any] | None = None  # Vega-Lite; without one the card is a table
    series: tuple[tuple[str, str], ...] = ()  # of the legend: values and their colours
    # A number written large for each row: the columns that it is held against, in words; the first tells how it moved.
    against: Mapping[str, str] = field(default_factory=dict)
    newest: bool = False
    sort: str | None = None  # a measure, largest first
    limit: int | None = None
    note: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Page:
    """One page: what it is called in the address and in the navigation, which filters it has, what it shows."""

    slug: str
    title: str
    lead: str
    filters: tuple[str, ...]
    cards: tuple[Card, ...]
