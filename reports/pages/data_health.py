"""Data health: is everything here, is it fresh, and what was put aside."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    datasets = sources.largest(connection, LOADS, "dataset", "records_landed")
    rejected = sources.largest(connection, REJECTS, "dataset", "records")
    return Page(
        slug="data-health",
        title="Data health",
        lead="Whether the data is here, fresh and whole, and what was put aside.",
        filters=("range",),
        cards=(
            Card(
                key="datasets",
                question="Is every dataset fresh and whole?",
                mart="rpt_dataset_health",
                table=HEALTH,
                by=("dataset", "status", "newest_event_at", "newest_load_at"),
                measures=("rows_last_day", "rows_expected", "late_share_7d", "reject_share_7d"),
                explains=("status", "rows_expected", "late_share_7d", "reject_share_7d"),
                shown_as={"late_share_7d": "share", "reject_share_7d": "share"},
                note="Those that need somebody first.",
                sort="urgency",
                wide=True,
            ),
            Card(
                key="loads",
                question="How much was landed?",
                mart="fct_landing_loads",
                table=LOADS,
                by=("date_day", "dataset"),
                measures=("records_landed", "records_read"),
                explains=("records_read", "records_landed"),
                chart=charts.weekly("date_day", "records_landed", "dataset", datasets, "Records"),
                series=parts.legend(datasets),
                note="By the week in which it was landed; loads of a whole history show as one bar.",
            ),
            Card(
                key="files",
                question="Was every record of every file landed or put aside?",
                mart="fct_landing_loads",
                table=FILES,
                by=("dataset",),
                measures=("files", "records_read", "records_landed", "records_quarantined", "missing"),
                explains=("records_read", "records_landed", "records_quarantined"),
                note="Read is landed and put aside; what is missing must be nought.",
            ),
            Card(
                key="reasons",
                question="Why were records put aside?",
                mart="fct_landing_rejects_daily",
                table=REJECTS,
                by=("reason",),
                measures=("records",),
                explains=("reason", "records"),
                sort="records",
                limit=15,
                chart=charts.ranked("reason", "records", "Records"),
            ),
            Card(
                key="rejects",
                question="Of which datasets, and when?",
                mart="fct_landing_rejects_daily",
                table=REJECTS,
                by=("date_day", "dataset"),
                measures=("records",),
                explains=("records",),
                chart=charts.weekly("date_day", "records", "dataset", rejected, "Records"),
                series=parts.legend(rejected),
                note=parts.WEEKS,
            ),
        ),
    )


HEALTH = Table(
    name="health",
    sql="""
        select
            dataset, status, strftime(newest_event_at, '%Y-%m-%d %H:%M') as newest_event_at,
            strftime(newest_load_at, '%Y-%m-%d %H:%M') as newest_load_at, rows_last_day, rows_expected, late_share_7d,
            reject_share_7d, case status when 'ok' then 0 else 1 end as urgency
        from rpt_dataset_health
    """,
    by=("dataset", "status", "newest_event_at", "newest_load_at"),
    measures=("rows_last_day", "rows_expected", "late_share_7d", "reject_share_7d", "urgency"),
)

_LOADS = """
    select cast(date_trunc('week', landed_at) as date) as date_day, dataset,
        sum(records_landed) as records_landed, sum(records_read) as records_read
    from fct_landing_loads
    group by all
"""

LOADS = Table(
    name="loads",
    sql=sources.fewer(
        _LOADS, "dataset", "records_landed", 7, ("date_day", "dataset"), ("records_landed", "records_read")
    ),
    by=("date_day", "dataset"),
    measures=("records_landed", "records_read"),
    date="date_day",
)

FILES = Table(
    name="files",
    sql="""
        select
            dataset, count(*) as files, sum(records_read) as records_read, sum(records_landed) as records_landed,
            sum(records_quarantined) as records_quarantined,
            sum(records_read - records_landed - records_quarantined) as missing
        from fct_landing_loads
        group by all
    """,
    by=("dataset",),
    measures=("files", "records_read", "records_landed", "records_quarantined", "missing"),
)

REJECTS = Table(
    name="rejects",
    sql=sources.fewer(
        "select cast(date_trunc('week', \"date\") as date) as date_day, dataset, reason, sum(records) as records "
        "from fct_landing_rejects_daily group by all",
        "dataset",
        "records",
        7,
        ("date_day", "dataset", "reason"),
        ("records",),
    ),
    by=("date_day", "dataset", "reason"),
    measures=("records",),
    date="date_day",
)
