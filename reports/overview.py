"""The overview: what a day's numbers are, against the day before and the same weekday a week before."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loaders.errors import EarshotError

PAGE = "index.html"
COHORTS = 8  # weekly cohorts shown, the newest ones
SHOWS = 10  # trending shows shown

_ACTIVE = (
    "select {} from fct_active_users_daily where date_day = $1 and partner_id = 'all' and client_id = 'all' "
    "and country_code = 'all' and activity = 'any'"
)
_LISTENING = "select sum({}) from fct_listening_daily where date_day = $1"

# What it is called, its unit's decimals, and the query of one day's value.
FIGURES = (
    ("Active users", 0, _ACTIVE.format("dau")),
    ("Active users in 7 days", 0, _ACTIVE.format("wau")),
    ("Active users in 28 days", 0, _ACTIVE.format("mau")),
    ("Hours listened", 1, _LISTENING.format("hours_listened")),
    ("Plays started", 0, _LISTENING.format("plays_started")),
    ("Valid listens", 0, _LISTENING.format("valid_listens")),
    ("Skips", 0, _LISTENING.format("skips")),
)


@dataclass(frozen=True)
class Figure:
    """One number of the day and what to hold it against; None where the marts have no row."""

    name: str
    decimals: int
    value: float | None
    day_before: float | None
    week_before: float | None

    @property
    def change(self) -> float | None:
        """Relative change against the same weekday a week before; None without something to divide by."""
        if self.value is None or not self.week_before:
            return None
        return self.value / self.week_before - 1


def write(connection: duckdb.DuckDBPyConnection, out: Path, day: date | None = None) -> tuple[Path, date | None]:
    """Write the page of a day (default the newest complete one) into a folder; returns its path and the day.

    A warehouse without activity gives a page that says so, and no day. Raises EarshotError when the marts have no
    such day.
    """
    shown = _day(connection, day)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = number
    environment.filters["percent"] = percent
    content = {} if shown is None else _content(connection, shown)
    text = environment.get_template("overview.html.j2").render(day=shown, **content)
    out.mkdir(parents=True, exist_ok=True)
    page = out / PAGE
    temporary = out / f"{PAGE}.tmp"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(page)
    return page, shown


def number(value: float | None, decimals: int = 0) -> str:
    """A number with thousands apart; a dash for none."""
    return "–" if value is None else f"{value:,.{decimals}f}"


def percent(value: float | None, signed: bool = False) -> str:
    """A share as percent; a dash for none."""
    return "–" if value is None else f"{value:{'+' if signed else ''}.0%}"


def _day(connection: duckdb.DuckDBPyConnection, wanted: date | None) -> date | None:
    first, last, complete = connection.execute(
        "select min(date_day), max(date_day), max(case when is_complete then date_day end) "
        "from fct_active_users_daily where partner_id = 'all'"
    ).fetchall()[0]
    if wanted is None:
        day: date | None = complete or last
        return day
    if first is None or not first <= wanted <= last:
        has = "no day at all" if first is None else f"{first} to {last}"
        raise EarshotError(f"The published marts have no {wanted}; choose a --date of what they have: {has}.")
    return wanted


def _content(connection: duckdb.DuckDBPyConnection, day: date) -> dict[str, Any]:
    def value(query: str, days_back: int) -> float | None:
        row = connection.execute(query, [day - timedelta(days=days_back)]).fetchone()
        return None if row is None or row[0] is None else float(row[0])

    figures = [
        Figure(name, decimals, value(query, 0), value(query, 1), value(query, 7)) for name, decimals, query in FIGURES
    ]
    complete = connection.execute(_ACTIVE.format("is_complete"), [day]).fetchone()
    shows = connection.execute(
        "select t.rank, coalesce(s.title, t.show_id), coalesce(s.category, 'unknown'), t.listeners, "
        "t.recent_engagement, t.expected_engagement from fct_trending_shows t left join dim_shows s using (show_id) "
        f"where t.date_day = $1 and t.scope_type = 'all' order by t.rank limit {SHOWS}",
        [day],
    ).fetchall()
    firmware = connection.execute(
        "select model, max(case when is_latest_stable then firmware_version end), sum(devices), sum(active_devices), "
        "sum(case when is_latest_stable then share_of_active end) "
        "from fct_firmware_uptake_daily where date_day = $1 group by model order by model",
        [day],
    ).fetchall()
    return {
        "figures": figures,
        "is_complete": bool(complete and complete[0]),
        "shows": shows,
        "firmware": firmware,
        "cohorts": _cohorts(connection, day),
    }


def _cohorts(connection: duckdb.DuckDBPyConnection, day: date) -> list[tuple[date, int, list[float | None]]]:
    """The newest weekly cohorts by first activity up to the day: start, users, retention of each later week."""
    rows = connection.execute(
        "select cohort_start, cohort_users, period_number, retention_rate from fct_retention_cohorts "
        "where cohort_kind = 'first_active' and period_type = 'week' and partner_id = 'all' and client_id = 'all' "
        "and country_code = 'all' and cohort_start <= $1 and is_complete order by cohort_start, period_number",
        [day],
    ).fetchall()
    starts = sorted({row[0] for row in rows})[-COHORTS:]
    return [
        (
            start,
            next(users for cohort, users, _, _ in rows if cohort == start),
            [rate for cohort, _, period, rate in rows if cohort == start and 1 <= period < COHORTS],
        )
        for start in starts
    ]
