"""Cards that stand on several pages, and words that several cards use."""

from reports import charts
from reports.card import Card, Table
from reports.pages import sources

WEEKS = "Weeks from Monday; the last may not be over."


def legend(
    values: tuple[str, ...] | list[str], colours: tuple[str, ...] = charts.PALETTE
) -> tuple[tuple[str, str], ...]:
    """Each value and its colour."""
    return tuple(zip(values, colours, strict=False))


def active_users(key: str, question: str, wide: bool = False) -> Card:
    """People active in a day, in 7 days, in 28 days, over time."""
    measures = (("mau", "In 28 days"), ("wau", "In 7 days"), ("dau", "That day"))
    return Card(
        key=key,
        question=question,
        mart="fct_active_users_daily",
        table=sources.ACTIVE,
        by=("date_day",),
        measures=("dau", "wau", "mau"),
        explains=("dau", "wau", "mau"),
        chart=charts.lines("date_day", measures),
        series=legend([heading for _, heading in measures]),
        wide=wide,
    )


def hours(key: str, question: str, table: Table, column: str, values: tuple[str, ...]) -> Card:
    """Hours listened by week, divided by one dimension."""
    return Card(
        key=key,
        question=question,
        mart="fct_listening_daily",
        table=table,
        by=("date_day", column),
        measures=("hours_listened",),
        explains=("hours_listened", column),
        chart=charts.weekly("date_day", "hours_listened", column, values, "Hours"),
        series=legend(values),
        note=WEEKS,
    )


def retention(key: str, kind: str, most: int, wide: bool = False) -> Card:
    """Of those who began in a week or month, the share that came in each later one."""
    return Card(
        key=key,
        question="Who comes back?" if kind == "week" else "Who is still here months later?",
        mart="fct_retention_cohorts",
        table=sources.retention(kind, most),
        by=("cohort_start", "period_number"),
        measures=("cohort_users", "retained_users"),
        ratios={"retention_rate": ("retained_users", "cohort_users")},
        explains=("retained_users", "retention_rate"),
        chart=charts.heat(
            ("period_number", f"{kind.capitalize()}s later"),
            ("cohort_start", "Began in"),
            ("retention_rate", "Came", ".1%"),
            text=".0%",
            more=(("retained_users", "People", ","), ("cohort_users", "Of", ",")),
        ),
        note=f"Of those who were first active in a {kind}, the share active in each {kind} after it.",
        wide=wide,
    )


def trending(key: str, limit: int, wide: bool = False) -> Card:
    """The shows whose engagement most exceeds what the week before let expect."""
    return Card(
        key=key,
        question="Which shows are trending?",
        mart="fct_trending_shows",
        table=sources.TRENDING,
        by=("title", "show_id", "category", "why") if wide else ("title", "show_id"),
        measures=("listeners", "recent_engagement", "expected_engagement"),
        explains=("recent_engagement", "expected_engagement", "trend_score"),
        sort="place",
        limit=limit,
        note="By how far the day's engagement lies above what the week before let expect.",
        wide=wide,
    )
