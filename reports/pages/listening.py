"""Listening: what is heard, from where, when, and how much of it is heard out."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    by_source = sources.hours_by("music_source")
    by_genre = sources.hours_by("genre", ("hours_listened", "plays_started", "skips"))
    by_type = sources.hours_by("content_type", ("hours_listened", "plays_started", "valid_listens", "skips"))
    heard = {
        table.by[1]: sources.largest(connection, table, table.by[1], "hours_listened")
        for table in (by_source, by_genre, by_type)
    }
    rates = (("valid_rate", "Valid listens"), ("skip_rate", "Skips"))
    return Page(
        slug="listening",
        title="Listening",
        lead="What is heard, from where, when, and whether people stay with it.",
        filters=("partner_id", "client_id", "country_code", "range"),
        cards=(
            parts.hours(
                "sources", "Where does the listening come from?", by_source, "music_source", heard["music_source"]
            ),
            parts.hours("genres", "Which genres are heard?", by_genre, "genre", heard["genre"]),
            Card(
                key="week",
                question="When in the week do people listen?",
                mart="fct_listening_totals",
                table=HOURS_OF_WEEK,
                by=("weekday", "hour"),
                measures=("hours_listened",),
                shares={"share": "hours_listened"},
                explains=("hours_listened",),
                chart=charts.heat(
                    ("hour", "Hour of the day, UTC"),
                    ("weekday", "Weekday"),
                    ("share", "Of all hours", ".2%"),
                    order=WEEKDAYS,
                ),
                note="The share of all hours heard that falls into each hour of the week; 13 weeks at most.",
                wide=True,
            ),
            Card(
                key="rates",
                question="Do people stay with what they start?",
                mart="fct_listening_daily",
                table=by_type,
                by=("date_day",),
                measures=("plays_started", "valid_listens", "skips"),
                ratios={"valid_rate": ("valid_listens", "plays_started"), "skip_rate": ("skips", "plays_started")},
                explains=("valid_listens", "skips"),
                chart=charts.lines("date_day", rates, ".1%", ".0%"),
                series=parts.legend([heading for _, heading in rates]),
                note="Of the plays started in a week, the shares that were a valid listen, and that were skipped.",
            ),
            Card(
                key="listeners",
                question="How many people listen each day?",
                mart="fct_listening_totals",
                table=LISTENERS,
                by=("date_day",),
                measures=("listeners", "hours_listened"),
                ratios={"hours_each": ("hours_listened", "listeners")},
                shown_as={"hours_each": "number"},
                explains=("listeners",),
                chart=charts.lines("date_day", (("listeners", "Listeners"),)),
            ),
            parts.hours("types", "What kind of content is heard?", by_type, "content_type", heard["content_type"]),
            Card(
                key="skipped",
                question="Which genres are skipped most?",
                mart="fct_listening_daily",
                table=by_genre,
                by=("genre",),
                measures=("plays_started", "skips"),
                ratios={"skip_rate": ("skips", "plays_started")},
                explains=("skips", "genre"),
                sort="skip_rate",
                chart=charts.ranked("genre", "skip_rate", "Skipped", ".1%"),
                note="Of the plays started, the share that was skipped.",
            ),
        ),
    )


LISTENERS = Table(
    name="listeners",
    sql=f"""
        select cast(period_start as date) as date_day, partner_id, client_id, listeners, hours_listened
        from fct_listening_totals
        where period_type = 'day' and {sources.year("cast(period_start as date)")}
    """,
    by=("date_day",),
    measures=("listeners", "hours_listened"),
    filters=sources.SCOPE,
    date="date_day",
)

HOURS_OF_WEEK = Table(
    name="hours_of_week",
    sql=f"""
        select
            cast(date_trunc('week', period_start) as date) as week_start, partner_id, client_id,
            dayname(period_start) as weekday, lpad(cast(hour(period_start) as varchar), 2, '0') as hour,
            sum(hours_listened) as hours_listened
        from fct_listening_totals
        where
            period_type = 'hour' and {sources.year("cast(period_start as date)")}
            and cast(period_start as date) > (select last_day from shown) - 91
        group by all
    """,
    by=("weekday", "hour"),
    measures=("hours_listened",),
    filters=sources.SCOPE,
    date="week_start",
)
