"""From hand-written files to the recomputed marts, for tests."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from tests.warehouse.builders import Files
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.oracle.inbox import read_inbox
from tests.warehouse.oracle.platform import Platform, Seeds, make_platform, read_seeds

Row = dict[str, Any]
SEEDS: Seeds = read_seeds(ROOT / "seeds")


def together(*parts: Mapping[str, bytes]) -> Files:
    """Several deliveries as one inbox; two of them may not write the same file."""
    files: Files = {}
    for part in parts:
        twice = files.keys() & part.keys()
        assert not twice, f"two deliveries write {sorted(twice)}"
        files.update(part)
    return files


def platform_of(*parts: Mapping[str, bytes], as_of: date | None = None) -> Platform:
    """The platform that these files describe, with the repository's seeds."""
    return make_platform(read_inbox(together(*parts)), SEEDS, as_of)


def pick(rows: Iterable[Row], *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    """The values of some columns of the rows that match, sorted; one column gives bare values in tuples too."""
    found = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return sorted(tuple(row[name] for name in columns) for row in found)


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
