"""The queries of analyses/ run on what was built, and say what plain Python says of the same marts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import chdir
from datetime import date, datetime, time, timedelta
from itertools import pairwise, permutations
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from serving import saved
from tests.redshift.guard import findings
from tests.warehouse.compare import read_mart, same
from tests.warehouse.houses import copy_of
from tests.warehouse.oracle import Row
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.platforms import Platform

ANALYSES = sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def platform(platform_named: Callable[[str], Platform]) -> Platform:
    return platform_named("simulated 1")


@pytest.fixture(scope="module")
def compiled(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The SQL of every analysis, by name; dbt opens the file so that nobody else can read it, hence a copy."""
    house = copy_of(platform.house, tmp_path_factory.mktemp("compiled") / "house")
    manager: Any = DuckDBConnectionManager
    places = ["--target-path", str(house.artefacts), "--log-path", str(house.artefacts)]
    with pytest.MonkeyPatch.context() as patch, chdir(ROOT):
        for name, value in house.environment.items():
            patch.setenv(name, value)
        done = dbtRunner().invoke(["--quiet", "compile", "--select", "resource_type:analysis", *places])
        # the adapter would keep the file open
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
def test_the_prompt_runs_it_as_dbt_does(platform: Platform, answers: Mapping[str, list[Row]], name: str) -> None:
    assert saved.question(name).endswith("?")
    with duckdb.connect(str(platform.house.warehouse), read_only=True) as connection:
        asked = connection.sql(saved.sql(name))
        found = [dict(zip(asked.columns, values, strict=True)) for values in asked.fetchall()]
    assert found and [list(row) for row in found] == [list(row) for row in answers[name]]
    # Sums of doubles differ in their last digit from run to run.
    assert all(same(row[key], other[key]) for row, other in zip(found, answers[name], strict=True) for key in row)


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


def test_power_user_curve(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    last = _last_day(platform)
    days: dict[str, set[date]] = defaultdict(set)
    for row in platform.expected["fct_user_activity_daily"]:
        if last - timedelta(days=27) <= row["date_day"] <= last:
            days[row["user_id"]].add(row["date_day"])
    hours: Counter[int] = Counter()
    for play in platform.expected["fct_plays"]:
        if play["user_id"] in days and last - timedelta(days=27) <= play["date_day"] <= last:
            hours[len(days[play["user_id"]])] += play["seconds_listened"] / 3600
    users = Counter(len(active) for active in days.values())
    found = answers["power_user_curve"]
    assert [row["days_active"] for row in found] == sorted(users)
    for row in found:
        assert row["users"] == users[row["days_active"]]
        assert same(row["share_of_users"], row["users"] / len(days))
        assert same(row["hours_listened"], float(hours[row["days_active"]]))
        assert same(row["share_of_hours"], hours[row["days_active"]] / hours.total())


def test_listening_around_firmware_updates(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    plays = platform.expected["fct_plays"]
    first = datetime.combine(min(play["date_day"] for play in plays), time()) + WEEK
    last = datetime.combine(_last_day(platform) + timedelta(days=1), time()) - WEEK
    history = sorted(
        platform.expected["dim_devices_history"], key=lambda version: (version["device_id"], version["valid_from"])
    )
    heard: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for before, version in pairwise(history):
        at = version["valid_from"]
        is_update = before["device_id"] == version["device_id"] and None not in (
            before["firmware_version"],
            version["firmware_version"],
        )
        if is_update and before["firmware_version"] != version["firmware_version"] and first <= at <= last:
            own = [play for play in plays if play["device_id"] == version["device_id"]]
            heard[version["model"], version["firmware_version"]].append(
                (
                    sum(play["seconds_listened"] for play in own if at - WEEK <= play["started_at"] < at),
                    sum(play["seconds_listened"] for play in own if at <= play["started_at"] < at + WEEK),
                )
            )
    found = {(row["model"], row["firmware_version"]): row for row in answers["listening_around_firmware_updates"]}
    assert found.keys() == heard.keys()
    for key, row in found.items():
        weeks = heard[key]
        assert row["updates"] == len(weeks)
        assert same(row["hours_per_device_7d_before"], sum(before for before, _ in weeks) / 3600 / len(weeks))
        assert same(row["hours_per_device_7d_after"], sum(after for _, after in weeks) / 3600 / len(weeks))
        assert row["devices_gone_silent"] == sum(before > 0 and after == 0 for before, after in weeks)


def test_show_discovery_paths(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    columns = ["date_day", "user_id", "activity", "first_occurred_at"]
    activity = read_mart(platform.house.warehouse, "fct_user_activity_daily", columns)
    kinds = {"navigation", "notification", "promotion", "voice", "play"}
    shows: dict[str, list[datetime]] = defaultdict(list)
    for play in platform.expected["fct_plays"]:
        if play["show_id"] is not None and play["user_id"] is not None:
            shows[play["user_id"]].append(play["started_at"])
    paths: dict[str, list[bool]] = defaultdict(list)
    for user, times in shows.items():
        begun = min(times)
        if begun.date() <= _last_day(platform) - 2 * WEEK:
            steps = [
                (row["first_occurred_at"], row["activity"])
                for row in activity
                if row["user_id"] == user and row["date_day"] == begun.date() and row["activity"] in kinds
            ]
            step = max((step for step in steps if step[0] < begun), default=(begun, "nothing"))
            again = any(begun.date() < at.date() <= begun.date() + 2 * WEEK for at in times)
            paths[step[1]].append(again)
    found = {row["found_after"]: row for row in answers["show_discovery_paths"]}
    assert found.keys() == paths.keys()
    for kind, row in found.items():
        assert (row["users"], row["users_again"]) == (len(paths[kind]), sum(paths[kind]))
        assert same(row["share_of_users"], len(paths[kind]) / sum(len(users) for users in paths.values()))
        assert same(row["return_rate"], sum(paths[kind]) / len(paths[kind]))


def test_last_week_of_churned_users(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    newest = _last_day(platform)
    days: dict[str, set[date]] = defaultdict(set)
    for row in platform.expected["fct_user_activity_daily"]:
        if row["date_day"] <= newest:
            days[row["user_id"]].add(row["date_day"])
    plays: dict[str, list[Row]] = defaultdict(list)
    for play in platform.expected["fct_plays"]:
        user, day = play["user_id"], play["date_day"]
        if user in days and max(days[user]) - WEEK < day <= max(days[user]):
            plays[user].append(play)
    fates: dict[str, list[str]] = defaultdict(list)
    for user, active in days.items():
        fates["left" if max(active) <= newest - 4 * WEEK else "stayed"].append(user)
    found = {row["fate"]: row for row in answers["last_week_of_churned_users"]}
    assert found.keys() == fates.keys() == {"left", "stayed"}
    for fate, users in fates.items():
        row, own = found[fate], [play for user in users for play in plays[user]]
        week = [day for user in users for day in days[user] if day > max(days[user]) - WEEK]
        assert row["users"] == len(users)
        assert same(row["days_active_per_user"], len(week) / len(users))
        assert same(row["plays_per_user"], len(own) / len(users))
        assert same(row["hours_per_user"], sum(play["seconds_listened"] for play in own) / 3600 / len(users))
        assert same(row["skip_rate"], sum(play["end_reason"] == "skip" for play in own) / len(own))


def test_notification_fatigue(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    steps: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    for row in platform.expected["fct_notification_funnel_daily"]:
        week = _monday(row["date_day"])
        if week + timedelta(days=6) <= _last_day(platform):
            steps[week, row["client_id"]].update({step: row[step] for step in ("sent", "opened", "dismissed")})
    actives = {
        (row["date_day"], row["client_id"]): row["wau"]
        for row in platform.expected["fct_active_users_daily"]
        if row["country_code"] == "all" and row["activity"] == "any" and row["client_id"] != "all"
    }
    found = {(row["week_start"], row["client_id"]): row for row in answers["notification_fatigue"]}
    assert found.keys() == steps.keys()
    for (week, client), row in found.items():
        counts, users = steps[week, client], actives.get((week + timedelta(days=6), client))
        assert (row["sent"], row["active_users"]) == (counts["sent"], users)
        assert same(row["sent_per_user"], counts["sent"] / users if users else None)
        assert same(row["open_rate"], counts["opened"] / counts["sent"])
        assert same(row["dismiss_rate"], counts["dismissed"] / counts["sent"])


def test_time_to_first_listen(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    plays = platform.expected["fct_plays"]
    first = datetime.combine(min(play["date_day"] for play in plays), time())
    last = datetime.combine(_last_day(platform) + timedelta(days=1), time()) - WEEK
    waits: dict[str, list[timedelta | None]] = defaultdict(list)
    for user in platform.expected["dim_users"]:
        if first <= user["registered_at"] <= last:
            own = [play["started_at"] for play in plays if play["user_id"] == user["user_id"]]
            waits[user["client_id"]].append(min(own) - user["registered_at"] if own else None)
    found = {row["client_id"]: row for row in answers["time_to_first_listen"]}
    assert found.keys() == waits.keys()
    for client, row in found.items():
        within = [
            sum(wait is not None and wait <= limit for wait in waits[client])
            for limit in (timedelta(hours=1), timedelta(days=1), WEEK)
        ]
        assert row["registrations"] == len(waits[client])
        assert [row["within_1_hour"], row["within_1_day"], row["within_7_days"]] == within
        assert same(row["share_within_1_day"], within[1] / len(waits[client]))
        assert same(row["share_within_7_days"], within[2] / len(waits[client]))
    assert 0 < sum(row["within_1_hour"] for row in found.values()) < sum(row["within_7_days"] for row in found.values())


def test_genre_overlap(platform: Platform, answers: Mapping[str, list[Row]]) -> None:
    last = _last_day(platform)
    heard: dict[str, set[str]] = defaultdict(set)
    for play in platform.expected["fct_plays"]:
        recent = last - timedelta(days=27) <= play["date_day"] <= last
        if recent and play["is_valid_listen"] and play["user_id"] is not None and play["genre"] != "unknown":
            heard[play["genre"]].add(play["user_id"])
    people = len(set().union(*heard.values()))
    common = {(one, other): heard[one] & heard[other] for one, other in permutations(heard, 2)}
    found = {(row["genre"], row["other_genre"]): row for row in answers["genre_overlap"]}
    assert found.keys() == {pair for pair, users in common.items() if len(users) >= 5}
    for (one, other), row in found.items():
        share = len(common[one, other]) / len(heard[one])
        assert row["common_listeners"] == len(common[one, other])
        assert same(row["share_of_listeners"], share)
        assert same(row["times_as_likely"], share / (len(heard[other]) / people))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _last_day(platform: Platform) -> date:
    """The newest complete day."""
    days: list[date] = [row["date_day"] for row in platform.expected["fct_active_users_daily"] if row["is_complete"]]
    return max(days)
