"""Shows: what is trending and why, and how each live show did."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    did = (
        "unique_listeners",
        "peak",
        "minutes_listened",
        "likes",
        "follows",
        "chats",
        "shares",
        "call_ins",
        "poll_votes",
    )
    return Page(
        slug="shows",
        title="Shows",
        lead="What is trending and why, and how live shows did.",
        filters=("country_code", "range"),
        cards=(
            parts.trending("trending", 20, wide=True),
            Card(
                key="expected",
                question="How far above what was expected?",
                mart="fct_trending_shows",
                table=sources.TRENDING,
                by=("title", "show_id"),
                measures=("recent_engagement", "expected_engagement", "trend_score"),
                explains=("recent_engagement", "expected_engagement", "trend_score"),
                sort="place",
                limit=10,
                chart=charts.against("title", ("recent_engagement", "That day"), ("expected_engagement", "Expected")),
                series=(("Engagement that day", "var(--c1)"), ("expected", "var(--ink)")),
            ),
            Card(
                key="peaks",
                question="How large do audiences of shows get?",
                mart="rpt_daily_flash",
                table=PEAKS,
                by=("date_day",),
                measures=("peak", "shows_held"),
                explains=("value",),
                chart=charts.lines("date_day", (("peak", "Listeners at once"),)),
                note="The most listeners who were in one show at once, on each day.",
            ),
            Card(
                key="crowds",
                question="Which shows drew a crowd?",
                mart="fct_show_performance",
                table=SHOWS,
                by=("date_day", "title", "show_id"),
                measures=("peak", "unique_listeners", "minutes_listened"),
                explains=("peak_concurrent_listeners", "unique_listeners", "minutes_listened"),
                sort="peak",
                limit=200,
                chart=charts.spots(
                    "date_day", ("peak", "Listeners at once"), ("minutes_listened", "Minutes listened"), "title"
                ),
                note="The 200 largest, each on the day of its start; the larger, the longer it was heard.",
            ),
            Card(
                key="categories",
                question="Which categories of shows are listened to?",
                mart="fct_show_performance",
                table=CATEGORIES,
                by=("category",),
                measures=("minutes_listened", "joins"),
                explains=("minutes_listened",),
                sort="minutes_listened",
                limit=12,
                chart=charts.ranked("category", "minutes_listened", "Minutes", ",.0f"),
            ),
            Card(
                key="performance",
                question="How did each show do?",
                mart="fct_show_performance",
                table=SHOWS,
                by=("date_day", "title", "show_id", "creator", "category"),
                measures=did,
                explains=("unique_listeners", "minutes_listened", "likes"),
                sort="unique_listeners",
                limit=100,
                note="The 100 with the most listeners, of those that started in the range.",
                wide=True,
            ),
        ),
    )


PEAKS = Table(
    name="peaks",
    sql=f"""
        select
            date_day, sum(case when metric = 'peak_concurrent_listeners' then value end) as peak,
            sum(case when metric = 'shows_held' then value end) as shows_held
        from rpt_daily_flash
        where partner_id = 'all' and client_id = 'all' and {sources.year()}
            and metric in ('peak_concurrent_listeners', 'shows_held')
        group by date_day
    """,
    by=("date_day",),
    measures=("peak", "shows_held"),
    date="date_day",
)

MOST = 2_000  # shows that the page holds

SHOWS = Table(
    name="shows",
    sql=f"""
        select
            coalesce(cast(s.started_at as date), p.first_day) as date_day, p.show_id,
            coalesce(s.title, p.show_id) as title,
            coalesce(s.creator_name, 'unknown') as creator, coalesce(s.category, 'unknown') as category,
            p.unique_listeners, p.joins, p.peak_concurrent_listeners as peak, p.minutes_listened, p.likes, p.follows,
            p.chats, p.shares, p.call_ins, p.poll_votes
        from fct_show_performance as p
        left join dim_shows as s on p.show_id = s.show_id
        where {sources.year("coalesce(cast(s.started_at as date), p.first_day)")}
        order by p.unique_listeners desc, p.show_id
        limit {MOST}
    """,
    by=("show_id", "title", "creator", "category"),
    measures=(
        "unique_listeners",
        "joins",
        "peak",
        "minutes_listened",
        "likes",
        "follows",
        "chats",
        "shares",
        "call_ins",
        "poll_votes",
    ),
    date="date_day",
)

CATEGORIES = Table(
    name="categories",
    sql=f"""
        select
            cast(date_trunc('week', coalesce(s.started_at, p.first_day)) as date) as date_day,
            coalesce(s.category, 'unknown') as category, sum(p.minutes_listened) as minutes_listened,
            sum(p.joins) as joins
        from fct_show_performance as p
        left join dim_shows as s on p.show_id = s.show_id
        where {sources.year("coalesce(cast(s.started_at as date), p.first_day)")}
        group by all
    """,
    by=("category",),
    measures=("minutes_listened", "joins"),
    date="date_day",
)
