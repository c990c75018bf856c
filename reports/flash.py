"""The daily flash: what moved on a day, by how much, against what, worst first; for a phone, a printer and a pipe."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loaders.errors import EarshotError
from reports import flash_charts, flash_pdf

MART = "rpt_daily_flash"
DAYS = 28  # days in a chart, the day itself the last
STEADY = 0.05  # a change smaller than this is none worth a manager's minute
FEW = 10  # of what is counted in smaller numbers a percentage says nothing


@dataclass(frozen=True)
class Metric:
    """What a metric is called, and how its values are written."""

    label: str
    decimals: int = 0
    is_share: bool = False


METRICS = {
    "dau": Metric("Active users"),
    "wau": Metric("Active in 7 days"),
    "mau": Metric("Active in 28 days"),
    "new_users": Metric("New users"),
    "user_registrations": Metric("Accounts registered"),
    "device_registrations": Metric("Devices registered"),
    "hours_listened": Metric("Hours listened", decimals=1),
    "valid_listens": Metric("Valid listens"),
    "shows_held": Metric("Live shows"),
    "peak_concurrent_listeners": Metric("Peak of listeners in shows"),
    "music_service_signons": Metric("Music service sign-ons"),
    "voice_utterances": Metric("Voice requests"),
    "share_on_latest_firmware": Metric("On the latest firmware", decimals=1, is_share=True),
}


@dataclass(frozen=True)
class Figure:
    """One metric of the day, what it is held against, and the days up to it, oldest first."""

    metric: str
    value: float | None
    day_before: float | None
    week_before: float | None
    mean: float | None
    change: float | None
    days: list[float | None]
    is_complete: bool = True

    @property
    def label(self) -> str:
        return METRICS[self.metric].label

    def words(self, value: float | None) -> str:
        """A value as people read it; a dash where there is none."""
        kind = METRICS[self.metric]
        if value is None:
            return "–"
        return f"{value:.{kind.decimals}%}" if kind.is_share else f"{value:,.{kind.decimals}f}"

    @property
    def is_few(self) -> bool:
        """Whether it counts so few that one more or less is a large change."""
        return not METRICS[self.metric].is_share and max(self.value or 0, self.week_before or 0) < FEW

    @property
    def moved(self) -> str:
        """By how much it moved against the same weekday a week before; a share in points, a few in their number."""
        if self.value is None or self.week_before is None:
            return "new"
        if METRICS[self.metric].is_share:
            points = round(100 * (self.value - self.week_before), 1)
            return f"{_sign(points)}{abs(points):.1f} pts"
        if self.is_few:
            difference = self.value - self.week_before
            return _sign(difference) + self.words(abs(difference))
        if self.change is None:
            return "from 0"
        percent = round(100 * self.change)
        return f"{_sign(percent)}{abs(percent):,}%"

    @property
    def direction(self) -> str:
        """`down`, `up`, `steady`, or `unknown` where there is nothing to hold it against."""
        if self.value is None or self.week_before is None:
            return "unknown"
        if self.change is None:
            return "up" if self.value > 0 else "steady"
        return "down" if self.change <= -STEADY else "up" if self.change >= STEADY else "steady"

    @property
    def against(self) -> str:
        """What the value is held against, in one line."""
        so_far = "" if self.is_complete else "so far · "
        if self.week_before is None:
            return f"{so_far}no week before yet"
        # no-break spaces: a line ends between two figures, never within one
        return (
            f"{so_far}week\u00a0before\u00a0{self.words(self.week_before)} · "
            f"day\u00a0before\u00a0{self.words(self.day_before)} · "
            f"mean\u00a0of\u00a07\u00a0days\u00a0{self.words(self.mean)}"
        )

    @property
    def chart_in_words(self) -> str:
        """For who can't see the chart."""
        known = [value for value in self.days if value is not None]
        if not known:
            return f"{self.label}: nothing known"
        return f"{self.label} in {len(self.days)} days: {self.words(min(known))} to {self.words(max(known))}"


@dataclass(frozen=True)
class Flash:
    """The figures of a day, worst first, of everybody or of one partner."""

    day: date
    partner: str | None
    is_complete: bool
    figures: list[Figure]

    @property
    def title(self) -> str:
        return "Earshot daily flash" + (f" · {self.partner}" if self.partner else "")

    @property
    def dateline(self) -> str:
        return f"{self.day:%A}, {self.day.day} {self.day:%B %Y}"

    @property
    def subject(self) -> str:
        """Of a mail: the day, and the worst of it."""
        return f"{self.title}, {self.day:%a} {self.day.day} {self.day:%b}: {self.headline}"

    @property
    def partial(self) -> str | None:
        """A sentence about a day that is not over; None of a complete one."""
        if self.is_complete:
            return None
        return "Partial: events of this day are still arriving. Figures will grow, and are held against whole days."

    @property
    def headline(self) -> str:
        """What moved most for the worse and for the better."""
        moved = [figure for figure in self.figures if figure.direction in {"down", "up"}]
        known = [figure for figure in moved if not figure.is_few] or moved
        downs = [figure for figure in known if figure.direction == "down"]
        ups = [figure for figure in reversed(known) if figure.direction == "up"]
        said = [f"{figure.label} {figure.moved}" for figure in (*downs[:2], *ups[: 1 if downs else 2])]
        if said:
            return ", ".join(said)
        steady = any(figure.direction == "steady" for figure in self.figures)
        return "nothing moved by 5% or more" if steady else "no week before to hold it against yet"

    @property
    def groups(self) -> list[tuple[str, list[Figure]]]:
        """The figures under what happened to them, worst first, the steady in their own order; no empty groups."""
        titles = {"down": "Fell", "up": "Rose", "steady": "About the same", "unknown": "Nothing to hold it against yet"}
        found = [
            (title, [figure for figure in self.figures if figure.direction == direction])
            for direction, title in titles.items()
        ]
        for title, figures in found:
            if title == titles["steady"]:
                figures.sort(key=lambda figure: list(METRICS).index(figure.metric))
        return [(title, figures) for title, figures in found if figures]


def read(connection: duckdb.DuckDBPyConnection, day: date | None = None, partner: str | None = None) -> Flash:
    """The flash of a day (default the newest complete one) of everybody, or of one partner.

    Raises EarshotError when the marts have no such day or partner, or nothing at all.
    """
    scope = partner or "all"
    if partner is not None:
        known = connection.execute(
            f"select distinct partner_id from {MART} where partner_id <> 'all' order by 1"
        ).fetchall()
        if (partner,) not in known:
            raise EarshotError(
                f"There is no partner '{partner}' in the daily flash; there are: "
                f"{', '.join(row[0] for row in known) or 'none'}."
            )
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", partner):
            raise EarshotError(
                f"The partner '{partner}' cannot name a folder; "
                "name it in letters, digits and dashes in the seed clients."
            )
    rows = f"from {MART} where partner_id = $1 and client_id = 'all'"
    first, last, complete = connection.execute(
        f"select min(date_day), max(date_day), max(case when is_complete then date_day end) {rows}", [scope]
    ).fetchall()[0]
    if first is None:
        raise EarshotError("The published marts hold no activity yet, so there is no flash; land and build first.")
    shown = day or complete or last
    if not first <= shown <= last:
        raise EarshotError(f"The daily flash has no {shown}; choose a --date of what it has: {first} to {last}.")
    found = connection.execute(
        "select metric, value, day_before, same_day_last_week, mean_7d, change_vs_last_week, is_complete "
        f"{rows} and date_day = $2",
        [scope, shown],
    ).fetchall()
    began = max(first, shown - timedelta(days=DAYS - 1))
    series: dict[str, dict[date, float | None]] = {}
    for metric, date_day, value in connection.execute(
        f"select metric, date_day, value {rows} and date_day between $2 and $3", [scope, began, shown]
    ).fetchall():
        series.setdefault(metric, {})[date_day] = value
    dates = [began + timedelta(days=number) for number in range((shown - began).days + 1)]
    figures = [
        Figure(metric, value, before, week_before, mean, change, [series[metric].get(one) for one in dates], done)
        for metric, value, before, week_before, mean, change, done in found
        if metric in METRICS
    ]
    return Flash(shown, partner, all(row[6] for row in found), sorted(figures, key=_worst_first))


def html(flash: Flash, source: Any = flash_charts.as_data) -> str:
    """The page; `source` gives the address of a figure's chart, by default the PNG itself."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("flash.html.j2").render(flash=flash, source=source, days=DAYS)


def text(flash: Flash) -> str:
    """The same for a terminal, a chat, or a mail program that shows no HTML."""
    lines = [flash.title, flash.dateline, ""]
    if flash.partial:
        lines += [flash.partial, ""]
    lines += [flash.headline[:1].upper() + flash.headline[1:] + ".", ""]
    wide = max(len(figure.label) for figure in flash.figures)
    for title, figures in flash.groups:
        lines.append(title)
        for figure in figures:
            lines.append(f"  {figure.label:<{wide}} {figure.words(figure.value):>9} {figure.moved:>9}")
            lines.append(f"    {figure.against}".replace("\u00a0", " "))
        lines.append("")
    return "\n".join([*lines, _FOOT, ""])


_FOOT = "Change is against the same weekday a week before. Days are UTC."


def write(flash: Flash, out: Path) -> list[Path]:
    """Write flash.html, flash.pdf and flash.txt into a folder, each whole or not at all; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    contents = {
        "flash.html": html(flash).encode(),
        "flash.pdf": flash_pdf.render(flash),
        "flash.txt": text(flash).encode(),
    }
    for name, content in contents.items():
        temporary = out / f"{name}.unfinished"
        temporary.write_bytes(content)
        temporary.replace(out / name)
    return [out / name for name in contents]


def _worst_first(figure: Figure) -> tuple[bool, float, int]:
    """By change; what rose from nothing after all other changes, and what can't be compared at the end."""
    order = list(METRICS).index(figure.metric)
    if figure.direction == "unknown":
        return True, 0.0, order
    if figure.change is None:
        return False, float("inf") if figure.value else 0.0, order
    return False, figure.change, order


def _sign(value: float) -> str:
    return "+" if value > 0 else "−" if value < 0 else "±"
