"""The queries of analyses/ run on what was built, and say what plain Python says of the same marts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import chdir
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from tests.redshift.guard import findings
from tests.warehouse.compare import same
from tests.warehouse.oracle import Row
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.platforms import Platform

ANALYSES = sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def platform(platform_named: Callable[[str], Platform]) -> Platform:
    return platform_named("simulated 1")


@pytest.fixture(scope="module")
def compiled(platform: Platform) -> Mapping[str, str]:
    """The SQL of every analysis, by name."""
    manager: Any = DuckDBConnectionManager
    places = ["--target-path", str(platform.house.artefacts), "--log-path", str(platform.house.artefacts)]
    with pytest.MonkeyPatch.context() as patch, chdir(ROOT):
        for name, value in platform.house.environment.items():
            patch.setenv(name, value)
        done = dbtRunner().invoke(["--quiet", "compile", "--select", "resource_type:analysis", *places])
        # the adapter would keep the file open, in a way in which nobody else can read it
        manager.env().close()
        manager.close_all_connections()
    assert done.success, f"dbt compile did not succeed: {done.exception}"
    results: Any = done.result
    return {result.node.name: result.node.compiled_code for result in results}


@pytest.fixture(scope="module")
def answers(platform: Platform, compiled: Mapping[str, str]) -> Mapping[str, list[Row]]:
    """The rows of every analysis, by name."""
    with duckdb.connect(str(platform.house.warehouse), read_only=True) as connection:
        found = {}
        for name, sql in compiled.items():
            asked = connection.sql(sql)
            found[name] = [dict(zip(asked.columns, values, strict=True)) for values in asked.fetchall()]
    return found


@pytest.mark.parametrize("name", ANALYSES)
def test_says_what_it_shows(answers: Mapping[str, list[Row]], name: str) -> None:
    assert (ROOT / "analyses" / f"{name}.sql").read_text(encoding="utf-8").startswith("-- ")
    described = yaml.safe_load((ROOT / "analyses" / "_analyses.yml").read_text(encoding="utf-8"))["analyses"]
    columns = next(one for one in described if one["name"] == name)["columns"]
    assert answers[name], "no rows: nothing would be tested"
    assert [column["name"] for column in columns] == list(answers[name][0])


@pytest.mark.parametrize("name", ANALYSES)
def test_holds_on_both_engines(compiled: Mapping[str, str], name: str) -> None:
    assert [str(finding) for finding in findings(compiled[name])] == []


def test_retention_by_first_content(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    plays = [play for play in platform.expected["fct_plays"] if play["user_id"] is not None]
    plays.sort(key=lambda play: (play["started_at"], play["play_id"]))
    kind: dict[str, str] = {}
    weeks: dict[str, set[date]] = defaultdict(set)
    for play in plays:
        kind.setdefault(play["user_id"], play["content_type"])
        weeks[play["user_id"]].add(_monday(play["date_day"]))
    expected: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for user, active in weeks.items():
        week, number = min(active), 0
        while week + WEEK - timedelta(days=1) <= _last_day(platform):
            expected[kind[user], number].append(week in active)
            week, number = week + WEEK, number + 1
    found = answers["retention_by_first_content"]
    cells = {(row["first_content_type"], row["week_number"]): (row["users"], row["retained_users"]) for row in found}
    assert cells == {cell: (len(users), sum(users)) for cell, users in expected.items()}
    assert all(row["retention_rate"] == row["retained_users"] / row["users"] for row in found)
    assert any(0 < row["retention_rate"] < 1 for row in found)


def test_skip_rate_by_genre_and_source(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    last = _last_day(platform)
    plays: Counter[tuple[str, str]] = Counter()
    skips: Counter[tuple[str, str]] = Counter()
    for row in platform.expected["fct_listening_daily"]:
        if last - timedelta(days=27) <= row["date_day"] <= last:
            plays[row["genre"], row["music_source"]] += row["plays_started"]
            skips[row["genre"], row["music_source"]] += row["skips"]
    found = {(row["genre"], row["music_source"]): row for row in answers["skip_rate_by_genre_and_source"]}
    assert found.keys() == {cell for cell, count in plays.items() if count >= 30}
    for (genre, source), row in found.items():
        of_genre = [cell for cell in plays if cell[0] == genre]
        overall = sum(skips[cell] for cell in of_genre) / sum(plays[cell] for cell in of_genre)
        assert (row["plays_started"], row["skips"]) == (plays[genre, source], skips[genre, source])
        assert same(row["skip_rate"], skips[genre, source] / plays[genre, source])
        assert same(row["genre_skip_rate"], overall)


def test_listening_by_weekday_and_hour(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    hourly = platform.expected["fct_listening_hourly"]
    first = _monday(min(row["hour_start"].date() for row in hourly)) + WEEK
    heard: dict[tuple[int, int], float] = defaultdict(float)
    weeks = set()
    for row in hourly:
        week = _monday(row["hour_start"].date())
        if first <= week and week + WEEK - timedelta(days=1) <= _last_day(platform):
            heard[row["hour_start"].isoweekday(), row["hour_start"].hour] += row["hours_listened"]
            weeks.add(week)
    found = {(row["day_of_week"], row["hour_of_day"]): row for row in answers["listening_by_weekday_and_hour"]}
    assert found.keys() == heard.keys()
    for cell, row in found.items():
        assert row["weeks"] == len(weeks)
        assert same(row["hours_per_week"], heard[cell] / len(weeks))
    assert same(sum(row["share_of_week"] for row in found.values()), 1.0)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _last_day(platform: Platform) -> date:
    """The newest complete day."""
    days: list[date] = [row["date_day"] for row in platform.expected["fct_active_users_daily"] if row["is_complete"]]
    return max(days)
