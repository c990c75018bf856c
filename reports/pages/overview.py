"""The overview: how the day was, and of the other pages what to see first."""

import duckdb

from reports.card import Card, Page, Table
from reports.flash import METRICS
from reports.pages import parts, sources


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    table = sources.hours_by("music_source")
    values = sources.largest(connection, table, "music_source", "hours_listened")
    return Page(
        slug="index",
        title="Overview",
        lead="What the platform's day was like, and whether that is unusual.",
        filters=("partner_id", "client_id", "country_code", "range"),
        cards=(
            Card(
                key="day",
                question="How was the day, against the same weekday a week before?",
                mart="rpt_daily_flash",
                table=_day(),
                by=("metric", "kind"),
                measures=("value", "same_day_last_week", "day_before"),
                explains=("value", "same_day_last_week"),
                against={"same_day_last_week": "a week before", "day_before": "the day before"},
                sort="place",
                wide=True,
            ),
            parts.active_users("users", "How many people use it?"),
            parts.hours("hours", "Where does the listening come from?", table, "music_source", values),
            parts.retention("return", "week", 8),
            parts.trending("trending", 8),
        ),
    )


def _day() -> Table:
    names = " ".join(f"when '{name}' then '{metric.label}'" for name, metric in METRICS.items())
    places = " ".join(f"when '{name}' then {-place}" for place, name in enumerate(METRICS))
    shares = ", ".join(f"'{name}'" for name, metric in METRICS.items() if metric.is_share)
    return Table(
        name="day",
        sql=f"""
            select
                partner_id, client_id, case metric {names} else metric end as metric,
                case when metric in ({shares}) then 'share' else 'number' end as kind,
                value, same_day_last_week, day_before, case metric {places} else -99 end as place
            from rpt_daily_flash
            where date_day = (select last_day from shown)
        """,
        by=("metric", "kind"),
        measures=("value", "same_day_last_week", "day_before", "place"),
        filters=sources.SCOPE,
    )
