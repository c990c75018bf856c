"""The overview shows what the marts say, of the day asked for, and opens without asking anybody anything."""

import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from loaders.errors import EarshotError
from reports import overview

DAY = date(2026, 1, 14)

TABLES = """
create schema marts;
set search_path = 'marts,main';
create table marts.fct_active_users_daily (date_day date, partner_id varchar, client_id varchar, country_code varchar,
    activity varchar, dau bigint, wau bigint, mau bigint, is_complete boolean);
create table marts.fct_listening_daily (date_day date, hours_listened double, plays_started bigint,
    valid_listens bigint, skips bigint);
create table marts.fct_trending_shows (date_day date, scope_type varchar, show_id varchar, recent_engagement double,
    expected_engagement double, listeners bigint, rank bigint);
create table marts.dim_shows (show_id varchar, title varchar, category varchar);
create table marts.fct_firmware_uptake_daily (date_day date, model varchar, firmware_version varchar, devices bigint,
    active_devices bigint, share_of_active double, is_latest_stable boolean);
create table marts.fct_retention_cohorts (cohort_kind varchar, period_type varchar, cohort_start date,
    period_number bigint, partner_id varchar, client_id varchar, country_code varchar, cohort_users bigint,
    retention_rate double, is_complete boolean);
"""


@pytest.fixture
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLES)
    return connection


def fill(marts: duckdb.DuckDBPyConnection) -> None:
    for back in range(-1, 8):
        day = DAY - timedelta(days=back)
        for scope in (("all", "all", "all"), ("p", "app", "de")):
            marts.execute(
                "insert into fct_active_users_daily values ($1, $2, $3, $4, 'any', $5, 1000, 4321, $6)",
                [day, *scope, 150 if back == 0 and scope[0] == "all" else 100, back >= 0],
            )
        marts.execute("insert into fct_listening_daily values ($1, 10.25, 3, 2, 1), ($1, 2, 1, 1, 0)", [day])
    marts.execute("insert into fct_trending_shows values ($1, 'all', '<s1>', 42, 3.5, 9, 1)", [DAY])
    marts.execute("insert into fct_trending_shows values ($1, 'country', 's2', 42, 3.5, 9, 1)", [DAY])
    marts.execute(
        "insert into fct_firmware_uptake_daily values ($1, 'One', '1.0', 10, 6, 0.6, false), "
        "($1, 'One', '2.0', 5, 4, 0.4, true)",
        [DAY],
    )
    marts.execute(
        "insert into fct_retention_cohorts values "
        "('first_active', 'week', '2026-01-05', 0, 'all', 'all', 'all', 50, 1.0, true), "
        "('first_active', 'week', '2026-01-05', 1, 'all', 'all', 'all', 50, 0.62, true), "
        "('first_active', 'week', '2026-01-05', 2, 'all', 'all', 'all', 50, 0.13, false)"
    )


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))


def test_the_newest_complete_day_against_a_week_before(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    fill(marts)
    page, day = overview.write(marts, tmp_path / "out")
    assert (page, day) == (tmp_path / "out" / "index.html", DAY)
    text = text_of(page)
    assert "Wednesday, 14 January 2026 A complete day" in text
    assert "Active users 150 +50% day before 100" in text
    assert "Active users in 28 days 4,321 +0% day before 4,321" in text
    assert "Hours listened 12.2 +0% day before 12.2" in text
    assert "Plays started 4 " in text
    assert "1 &lt;s1&gt; unknown 9 42 3.5" in text and "s2" not in text
    assert "2026-01-05 50 62% " in text and "13%" not in text
    assert "One 15 10 2.0 40%" in text
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_a_day_asked_for_may_be_partial(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    fill(marts)
    page, day = overview.write(marts, tmp_path, DAY + timedelta(days=1))
    assert day == date(2026, 1, 15)
    text = text_of(page)
    assert "This day is partial" in text
    assert "Active users 100 +0% day before 150" in text
    assert "No show had enough listeners" in text and "No dump has shown a device" in text


def test_a_day_the_marts_do_not_have_is_refused(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    fill(marts)
    with pytest.raises(EarshotError, match=r"no 2025-06-01; choose a --date .* 2026-01-07 to 2026-01-15"):
        overview.write(marts, tmp_path, date(2025, 6, 1))


def test_nothing_to_show_is_said(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    page, day = overview.write(marts, tmp_path)
    assert day is None
    assert "hold no activity yet" in text_of(page)


def test_the_page_asks_nothing_of_the_network(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    fill(marts)
    html = overview.write(marts, tmp_path)[0].read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|<script|<img|<link|url\(", html)
