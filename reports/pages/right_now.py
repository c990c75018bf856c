"""Right now: the newest day so far, against the same time of the day before and of a week before."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources

LABELS = {
    "active_users": "Active users",
    "hours_listened": "Hours listened",
    "tracks_started": "Tracks started",
    "show_joins": "Joins of shows",
}
DAYS = ("Newest day", "Day before", "A week before")


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    newest = connection.execute("select max(as_of) from rpt_so_far_today").fetchone()
    told = f"{newest[0]:%A, %-d %B %Y, %H:%M} UTC" if newest and newest[0] else "nothing yet"
    colours = ("var(--c1)", "var(--c2)", "var(--c0)")
    return Page(
        slug="right-now",
        title="Right now",
        lead=f"The newest day so far. The newest event in the data: {told}.",
        filters=("partner_id", "client_id"),
        cards=(
            Card(
                key="so_far",
                question="How is the day going, against the same time a day and a week before?",
                mart="rpt_so_far_today",
                table=SO_FAR,
                by=("metric", "kind"),
                measures=("value", "same_time_last_week", "same_time_yesterday"),
                explains=("value", "same_time_yesterday", "same_time_last_week"),
                against={"same_time_last_week": "a week before", "same_time_yesterday": "the day before"},
                sort="place",
                wide=True,
            ),
            Card(
                key="hours",
                question="How many people are active, hour by hour?",
                mart="fct_active_users_hourly",
                table=HOURS,
                by=("day", "hour"),
                measures=("active_users",),
                explains=("active_users",),
                chart=charts.curves(("hour", "Hour of the day, UTC"), "active_users", "day", DAYS, "", colours),
                series=parts.legend(DAYS, colours),
                note="The newest hour is not over.",
                wide=True,
            ),
            Card(
                key="fortnight",
                question="And in the fortnight before?",
                mart="fct_active_users_hourly",
                table=FORTNIGHT,
                by=("date", "hour_of_day"),
                measures=("active_users",),
                explains=("active_users",),
                chart=charts.heat(
                    ("hour_of_day", "Hour of the day, UTC"),
                    ("date", "Day"),
                    ("active_users", "Active users", ","),
                    order=_days(connection),
                ),
                wide=True,
            ),
        ),
    )


_PLACES = " ".join(f"when '{name}' then {-place}" for place, name in enumerate(LABELS))
_NAMES = " ".join(f"when '{name}' then '{label}'" for name, label in LABELS.items())

SO_FAR = Table(
    name="so_far",
    sql=f"""
        select
            partner_id, client_id, case metric {_NAMES} else metric end as metric, 'number' as kind, value,
            same_time_yesterday, same_time_last_week, case metric {_PLACES} else -99 end as place
        from rpt_so_far_today
    """,
    by=("metric", "kind"),
    measures=("value", "same_time_yesterday", "same_time_last_week", "place"),
    filters=sources.SCOPE,
)

_NEWEST = "(select cast(max(as_of) as date) from rpt_so_far_today)"

HOURS = Table(
    name="hours",
    sql=f"""
        select
            partner_id, client_id, hour(hour_start) as hour, active_users,
            case date_diff('day', cast(hour_start as date), {_NEWEST})
                when 0 then '{DAYS[0]}' when 1 then '{DAYS[1]}' else '{DAYS[2]}'
            end as day
        from fct_active_users_hourly
        where date_diff('day', cast(hour_start as date), {_NEWEST}) in (0, 1, 7)
    """,
    by=("day", "hour"),
    measures=("active_users",),
    filters=sources.SCOPE,
)

FORTNIGHT = Table(
    name="fortnight",
    sql=f"""
        select
            partner_id, client_id, cast(hour_start as date) as date,
            lpad(cast(hour(hour_start) as varchar), 2, '0') as hour_of_day, active_users
        from fct_active_users_hourly
        where date_diff('day', cast(hour_start as date), {_NEWEST}) between 0 and 14
    """,
    by=("date", "hour_of_day"),
    measures=("active_users",),
    filters=sources.SCOPE,
)


def _days(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The days of the fortnight, the newest on top."""
    rows = connection.execute(f"select distinct date from ({FORTNIGHT.sql}) order by 1 desc").fetchall()
    return tuple(str(row[0]) for row in rows)
