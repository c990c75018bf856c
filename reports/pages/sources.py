"""Tables that several pages show, and what their queries share."""

import duckdb

from reports.card import Mode, Table

OTHERS = "all others"  # what a chart has no colour for

SCOPE: dict[str, Mode] = {"partner_id": "total", "client_id": "total"}
PARTS: dict[str, Mode] = {"partner_id": "part", "client_id": "part"}


def year(column: str = "date_day") -> str:
    """The condition that a date lies in the year that pages show; `shown` is made by reports/site.py."""
    return f"{column} > (select last_day from shown) - 365 and {column} <= (select last_day from shown)"


WEEK = "cast(date_trunc('week', date_day) as date) as date_day"

# Of marts with total rows, those of the countries that are told apart; of others, all with the rest as one.
COUNTRY_TOTALS = "(country_code = 'all' or country_code in (select country_code from shown_countries))"


def by_country(mart: str) -> str:
    """A mart whose other countries than those told apart are one."""
    return (
        f"(select m.* replace (coalesce(c.country_code, '{OTHERS}') as country_code) from {mart} as m "
        "left join shown_countries as c on m.country_code = c.country_code)"
    )


def largest(connection: duckdb.DuckDBPyConnection, table: Table, column: str, measure: str) -> tuple[str, ...]:
    """A column's values in a table, that with most of a measure first."""
    rows = connection.execute(
        f"select cast({column} as varchar) from ({table.sql}) group by {column} "
        f"order by round(coalesce(sum({measure}), 0), 3) desc, {column}"
    ).fetchall()
    return tuple(row[0] for row in rows)


def fewer(sql: str, column: str, measure: str, most: int, keys: tuple[str, ...], measures: tuple[str, ...]) -> str:
    """A query whose values of a column, beyond so many with the most of a measure, are one."""
    sums = ", ".join(f"sum({name}) as {name}" for name in measures)
    return f"""
        with given as ({sql}),
        ranked as (
            select {column} as value, row_number() over (order by round(sum({measure}), 3) desc, {column}) as place
            from given group by {column}
        )
        select {", ".join(keys)}, {sums}
        from (
            select
                given.* replace (
                    case when ranked.place <= {most} then given.{column} else '{OTHERS}' end as {column}
                )
            from given inner join ranked on given.{column} = ranked.value
        )
        group by {", ".join(keys)}
    """


ACTIVE = Table(
    name="active_users",
    sql=f"""
        select date_day, partner_id, client_id, country_code, dau, wau, mau
        from fct_active_users_daily
        where activity = 'any' and {COUNTRY_TOTALS} and {year()}
    """,
    by=("date_day",),
    measures=("dau", "wau", "mau"),
    filters={**SCOPE, "country_code": "total"},
    date="date_day",
)

WEEKLY_COHORTS = 16  # and as many weeks later: what a screen can show, and a partner's question asks

_RETENTION = """
    select cohort_start, period_number, partner_id, client_id, country_code, cohort_users, retained_users
    from fct_retention_cohorts
    where
        cohort_kind = 'first_active' and period_type = '{kind}' and period_number between 1 and {most} and is_complete
        and {countries} and cohort_start <= (select last_day from shown)
        and cohort_start > (select date_trunc('{kind}', last_day) from shown) - interval '{most} {kind}s'
"""


def retention(kind: str, most: int) -> Table:
    """Cohorts by first activity, and who of them came in each complete later period."""
    return Table(
        name=f"retention_by_{kind}",
        sql=_RETENTION.format(kind=kind, most=most, countries=COUNTRY_TOTALS),
        by=("cohort_start", "period_number"),
        measures=("cohort_users", "retained_users"),
        filters={**SCOPE, "country_code": "total"},
    )


HOURS_KEYS = ("date_day", "partner_id", "client_id", "country_code")


def hours_by(column: str, measures: tuple[str, ...] = ("hours_listened",), most: int = 7) -> Table:
    """Listening by one of its dimensions, its smaller values as one. By week, for a year of days by country is much."""
    keys = (*HOURS_KEYS, column)
    sums = ", ".join(f"sum({name}) as {name}" for name in measures)
    sql = f"""
        select {WEEK}, partner_id, client_id, country_code, {column}, {sums}
        from {by_country("fct_listening_daily")} where {year()} group by all
    """
    return Table(
        name=f"listening_by_{column}",
        sql=fewer(sql, column, "hours_listened", most, keys, measures),
        by=("date_day", column),
        measures=measures,
        filters={**PARTS, "country_code": "part"},
        date="date_day",
    )


TRENDING = Table(
    name="trending_shows",
    sql="""
        select
            t.date_day, case when t.scope_type = 'all' then 'all' else t.scope_value end as country_code, t.show_id,
            -- a chart has a bar for each title, so that shows of one title must be told apart
            coalesce(s.title, t.show_id) || case
                when count(*) over (partition by t.scope_type, t.scope_value, coalesce(s.title, t.show_id)) > 1
                    then ' (' || t.show_id || ')'
                else ''
            end as title,
            coalesce(s.category, 'unknown') as category, t.rank, t.listeners, t.recent_engagement,
            t.expected_engagement, t.trend_score, -t.rank as place,
            case
                when t.expected_engagement = 0 then 'nobody in the week before'
                else round(t.recent_engagement / t.expected_engagement, 1) || ' times what was expected'
            end as why
        from fct_trending_shows as t
        left join dim_shows as s on t.show_id = s.show_id
        where
            (
                t.scope_type = 'all'
                or (t.scope_type = 'country' and t.scope_value in (select country_code from shown_countries))
            )
            and t.date_day = (select last_day from shown)
    """,
    by=("show_id", "title", "category", "why"),
    measures=("rank", "listeners", "recent_engagement", "expected_engagement", "trend_score", "place"),
    filters={"country_code": "total"},
)
