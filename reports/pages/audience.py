"""Audience: who is active, who comes, who stays, who goes."""

import duckdb

from reports import charts
from reports.card import Card, Page, Table
from reports.pages import parts, sources


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    growth = (
        ("retained_users", "Stayed"),
        ("new_users", "New"),
        ("resurrected_users", "Back again"),
        ("left_users", "Gone"),
    )
    registered = (("users", "Accounts"), ("devices", "Devices"))
    return Page(
        slug="audience",
        title="Audience",
        lead="Who is active, who comes, who stays and who goes.",
        filters=("partner_id", "client_id", "country_code", "range"),
        cards=(
            parts.active_users("active", "How many people use it?", wide=True),
            Card(
                key="stickiness",
                question="How often do those who use it come?",
                mart="fct_active_users_daily",
                table=sources.ACTIVE,
                by=("date_day",),
                measures=("dau", "mau"),
                ratios={"stickiness": ("dau", "mau")},
                explains=("stickiness",),
                chart=charts.lines("date_day", (("stickiness", "Share"),), ".1%", ".0%"),
                note="Of the people of 28 days, the share that came on the day.",
            ),
            Card(
                key="growth",
                question="Does the audience grow, and out of what?",
                mart="fct_user_growth",
                table=GROWTH,
                by=("period_start",),
                measures=("retained_users", "new_users", "resurrected_users", "left_users"),
                explains=("new_users", "retained_users", "resurrected_users", "churned_users"),
                chart=charts.bars("period_start", growth, GROWTH_COLOURS),
                series=parts.legend([heading for _, heading in growth], GROWTH_COLOURS),
                note="By week from Monday; who went hangs below the line.",
            ),
            parts.retention("weeks", "week", sources.WEEKLY_COHORTS, wide=True),
            parts.retention("months", "month", 12),
            Card(
                key="registrations",
                question="How many accounts and devices are registered?",
                mart="fct_registrations_daily",
                table=REGISTRATIONS,
                by=("date_day",),
                measures=("users", "devices"),
                explains=("registrations",),
                chart=charts.bars("date_day", registered),
                series=parts.legend([heading for _, heading in registered]),
                note=parts.WEEKS,
            ),
            Card(
                key="countries",
                question="Where are accounts registered?",
                mart="fct_registrations_daily",
                table=COUNTRIES,
                by=("country",),
                measures=("users",),
                explains=("registrations", "country_code"),
                sort="users",
                limit=15,
                chart=charts.ranked("country", "users", "Accounts"),
                note="The 15 countries with the most in the range.",
            ),
        ),
    )


GROWTH_COLOURS = ("var(--c0)", "var(--c1)", "var(--c3)", "var(--c2)")

GROWTH = Table(
    name="growth",
    sql=f"""
        select
            period_start, partner_id, client_id, active_users, new_users, retained_users, resurrected_users,
            churned_users, -churned_users as left_users
        from fct_user_growth
        where period_type = 'week' and {sources.year("period_start")} and is_complete
    """,
    by=("period_start",),
    measures=("active_users", "new_users", "retained_users", "resurrected_users", "churned_users", "left_users"),
    filters=sources.SCOPE,
    date="period_start",
)

_REGISTERED = """
    sum(case when entity = 'user' then registrations else 0 end) as users,
    sum(case when entity = 'device' then registrations else 0 end) as devices
"""

REGISTRATIONS = Table(
    name="registrations",
    sql=f"""
        select
            {sources.WEEK}, partner_id, client_id, country_code, {_REGISTERED}
        from {sources.by_country("fct_registrations_daily")}
        where {sources.year()}
        group by all
        having sum(registrations) > 0
    """,
    by=("date_day",),
    measures=("users", "devices"),
    filters={**sources.PARTS, "country_code": "part"},
    date="date_day",
)

COUNTRIES = Table(
    name="registrations_by_country",
    sql=f"""
        select
            cast(date_trunc('week', r.date_day) as date) as date_day, r.partner_id, r.client_id,
            coalesce(c.name, r.country_code) as country, sum(r.registrations) as users
        from fct_registrations_daily as r
        left join dim_countries as c on r.country_code = c.country_code
        where r.entity = 'user' and {sources.year("r.date_day")}
        group by all
        having sum(r.registrations) > 0
    """,
    by=("country",),
    measures=("users",),
    filters=sources.PARTS,
    date="date_day",
)
