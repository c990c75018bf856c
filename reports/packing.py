"""What a page's script is given: the rows, small enough to be sent by mail, and how to show them."""

import base64
import gzip
import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import vl_convert

from loaders.errors import EarshotError
from reports.card import Card, Page, Table
from reports.words import Words

ROWS = 1000  # of a table that are written out
DECIMALS = 4  # of numbers that are not whole, at most
DIGITS = 6  # of the largest number of a long table, decimals included
LONG = 5_000  # rows


def pack(connection: duckdb.DuckDBPyConnection, page: Page, day: date | None, words: Words) -> str:
    """All that a page's script needs: tables, cards, headings; as JSON, gzip, base64."""
    tables = {card.table.name: card.table for card in page.cards}
    document = {
        "day": str(day) if day else None,
        "longest": ROWS,
        "tables": {name: packed(connection, table) for name, table in tables.items()},
        "cards": [_card(card) for card in page.cards],
        "columns": {name: words.column(name, kind, page.cards) for name, kind in _kinds(page.cards).items()},
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def packed(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, Any]:
    """The rows of a table by column: of text and dates the codes of sorted values, of numbers scaled whole ones.

    Rows are in the order of their keys, and each code or number is told as the difference to the one before, which
    leaves little for gzip to keep. Raises EarshotError when two rows have the same keys: sums would count twice.
    """
    dated = (table.date,) if table.date and table.date not in table.by else ()
    keys = [*table.filters, *(name for name in (*table.by, *dated) if name not in table.filters)]
    rows = connection.execute(
        f"select {', '.join([*keys, *table.measures])} from ({table.sql}) order by {', '.join(keys)}"
    ).fetchall()
    if len({row[: len(keys)] for row in rows}) != len(rows):
        raise EarshotError(f"The rows of `{table.name}` are not told apart by {', '.join(keys)}.")
    packed_columns: dict[str, Any] = {}
    for place, name in enumerate(keys):
        values = sorted({row[place] for row in rows}, key=lambda value: (value is None, value))
        code = {value: number for number, value in enumerate(values)}
        told = [str(value) if isinstance(value, date) else value for value in values]
        packed_columns[name] = {"values": told, "codes": _steps([code[row[place]] for row in rows])}
    for place, name in enumerate(table.measures, start=len(keys)):
        numbers = [row[place] for row in rows]
        scale = 10 ** _decimals(numbers)
        scaled = [None if number is None else round(number * scale) for number in numbers]
        packed_columns[name] = {"scale": scale, "numbers": _steps(scaled)}
    return {"rows": len(rows), "date": table.date, "filters": dict(table.filters), "columns": packed_columns}


def _decimals(numbers: list[Any]) -> int:
    """How many decimals are kept: none of whole numbers, and of long tables the fewer the larger the numbers are."""
    if not any(isinstance(number, float | Decimal) for number in numbers):
        return 0
    if len(numbers) <= LONG:
        return DECIMALS
    largest = max(abs(number) for number in numbers if number is not None)
    return max(1, min(DECIMALS, DIGITS - len(str(int(largest)))))


def _steps(numbers: list[Any]) -> list[int | None]:
    last = 0
    steps: list[int | None] = []
    for number in numbers:
        steps.append(None if number is None else number - last)
        last = last if number is None else number
    return steps


def _kinds(cards: tuple[Card, ...]) -> dict[str, str]:
    """How the values of each shown column are written: as they are, as shares, or as numbers."""
    kinds = {name: "number" for card in cards for name in card.measures}
    kinds |= {name: "share" for card in cards for name in (*card.ratios, *card.shares)}
    kinds |= {name: kind for card in cards for name, kind in card.shown_as.items()}
    return kinds | {name: "text" for card in cards for name in card.by}


def _card(card: Card) -> dict[str, Any]:
    shown = {
        name: value for name, value in asdict(card).items() if name not in ("question", "mart", "explains", "series")
    }
    chart = vl_convert.vegalite_to_vega(card.chart) if card.chart else None
    return {**shown, "table": card.table.name, "chart": chart}
