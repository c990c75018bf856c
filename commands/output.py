"""What commands print: tables for people, JSON for programs, on stdout; words about the work on stderr."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any


def no_color() -> bool:
    """Whether output is to be plain: NO_COLOR is set, or nobody looks at a terminal."""
    return bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print a table; on a terminal it fits the width, elsewhere every value is whole."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, no_color=no_color() or None, soft_wrap=not sys.stdout.isatty())
    if not sys.stdout.isatty():
        console.width = 100_000
    shown = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False, header_style=""
    )
    for column in columns:
        shown.add_column(Text(column), overflow="fold")
    numbers = [True] * len(columns)
    for row in rows:
        shown.add_row(*(Text(text(value)) for value in row))
        for index, value in enumerate(row):
            numbers[index] &= value is None or (
                isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            )
    for column_object, number in zip(shown.columns, numbers, strict=True):
        column_object.justify = "right" if number else "left"
    with console.capture() as captured:
        console.print(shown)
    # Cells are padded to the column's width; nobody wants the blanks at the ends of lines.
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def text(value: Any) -> str:
    """A value as people read it; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple | dict):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: times and dates in ISO form, decimals as numbers, NaN and infinities as null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return str(value)


def document(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=2))


def say(words: str) -> None:
    """A line about the work, on stderr."""
    print(words, file=sys.stderr, flush=True)


def size(count: float) -> str:
    """Bytes in words: 1.5 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def relative(path: Path, root: Path) -> str:
    """The path as somebody in `root` would type it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
