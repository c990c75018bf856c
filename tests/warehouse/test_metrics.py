"""The metrics in the YAML of marts, asked by `mf query`, say what their marts say."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from dbt_metricflow.cli.main import cli

from loaders import dbt_plugin
from tests.warehouse.compare import same
from tests.warehouse.houses import House
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.platforms import Platform

DAY, WEEK, MONTH = "metric_time__day", "metric_time__week", "metric_time__month"
PLAYS = "{{ Dimension('user_activity__activity') }} = 'play'"

# Of a mart with rows `all`: the scope that a metric answers for, by what it is grouped by.
SCOPES = {
    (DAY,): "partner_id = 'all' and country_code = 'all'",
    (DAY, "user_activity__partner_id"): "partner_id <> 'all' and client_id = 'all' and country_code = 'all'",
    (DAY, "client"): "client_id <> 'all' and country_code = 'all'",
    (DAY, "country"): "partner_id = 'all' and country_code <> 'all'",
    (DAY, "client", "country"): "client_id <> 'all' and country_code <> 'all'",
}
COLUMNS = {
    DAY: "date_day",
    WEEK: "date_trunc('week', date_day)",
    MONTH: "date_trunc('month', date_day)",
    "user_activity__partner_id": "partner_id",
    "client": "client_id",
    "country": "country_code",
    "firmware__model": "model",
}
COHORTS = (
    "select cohort_start, {} from fct_retention_cohorts where cohort_kind = 'first_active' and period_type = 'week' "
    "and period_number = 4 and is_complete and partner_id = 'all' and country_code = 'all'"
)
NEWEST_DAYS = (
    "select {0}, {1} from fct_firmware_uptake_daily where date_day in (select max(date_day) from "
    "fct_firmware_uptake_daily group by date_trunc('month', date_day)) group by {0}"
)
ON_LATEST = "sum(case when is_latest_stable then active_devices else 0 end)"


@dataclass(frozen=True)
class Question:
    """A metric by some dimensions, and the SQL on its mart that has these and the value as its columns."""

    metric: str
    by: Sequence[str]
    sql: str
    where: str = ""


def _of_rows(metric: str, expression: str, mart: str, *by: str) -> Question:
    """A question that is answered by adding up rows of the mart."""
    columns = ", ".join(COLUMNS[name] for name in by)
    return Question(metric, by, f"select {columns}, {expression} from {mart} group by {columns}")


def _of_people(metric: str, activity: str, *by: str) -> Question:
    """A question whose answer stands in a row of fct_active_users_daily; where nobody was active there is no answer."""
    columns = ", ".join(COLUMNS[name] for name in by)
    value = "dau" if metric == "active_users" else metric
    sql = f"select {columns}, {value} from fct_active_users_daily where activity = '{activity}' and {SCOPES[by]}"
    return Question(metric, by, f"{sql} and {value} > 0", PLAYS if activity == "listening" else "")


QUESTIONS = (
    *(_of_people(metric, "any", *by) for metric in ("dau", "wau", "mau") for by in SCOPES),
    *(_of_people(metric, "listening", DAY, "client", "country") for metric in ("dau", "wau", "mau")),
    _of_people("active_users", "any", DAY),
    Question(
        "active_users",
        [WEEK],
        "select date_trunc('week', date_day), count(distinct user_id) from fct_user_activity_daily group by 1",
    ),
    Question(
        "mau",
        [MONTH],
        "select date_trunc('month', date_day), max_by(mau, date_day) from fct_active_users_daily "
        "where partner_id = 'all' and country_code = 'all' and activity = 'any' group by 1",
    ),
    _of_rows("hours_listened", "sum(hours_listened)", "fct_listening_daily", DAY, "client", "country"),
    _of_rows("plays_started", "sum(plays_started)", "fct_listening_daily", DAY),
    _of_rows("valid_listens", "sum(valid_listens)", "fct_listening_daily", WEEK, "country"),
    _of_rows("skips", "sum(skips)", "fct_listening_daily", WEEK),
    _of_rows("skip_rate", "sum(skips) / nullif(sum(plays_started), 0)", "fct_listening_daily", WEEK, "client"),
    Question(
        "hours_listened",
        ["country__continent", "client__partner_name"],
        "select continent, partner_name, sum(hours_listened) from fct_listening_daily "
        "left join dim_countries using (country_code) left join dim_clients using (client_id) group by all",
    ),
    Question(
        "new_users",
        [WEEK],
        "select period_start, new_users from fct_user_growth "
        "where period_type = 'week' and partner_id = 'all' and client_id = 'all'",
    ),
    Question("week_4_newcomers", [DAY], COHORTS.format("cohort_users")),
    Question("week_4_retained_users", [DAY], COHORTS.format("retained_users")),
    Question("week_4_retention", [DAY], COHORTS.format("retention_rate")),
    Question(
        "week_4_retention",
        [],
        f"select sum(retained_users) / sum(cohort_users) from ({COHORTS.format('retained_users, cohort_users')})",
    ),
    _of_rows("notifications_sent", "sum(sent)", "fct_notification_funnel_daily", DAY, "client"),
    _of_rows("notifications_opened", "sum(opened)", "fct_notification_funnel_daily", DAY, "client"),
    _of_rows("notification_open_rate", "sum(opened) / sum(sent)", "fct_notification_funnel_daily", MONTH),
    _of_rows("voice_utterances", "sum(utterances)", "fct_voice_daily", DAY, "country"),
    _of_rows("voice_understood", "sum(understood)", "fct_voice_daily", DAY, "country"),
    _of_rows("voice_understood_share", "sum(understood) / sum(utterances)", "fct_voice_daily", WEEK, "client"),
    _of_rows("active_devices", "sum(active_devices)", "fct_firmware_uptake_daily", DAY, "firmware__model"),
    _of_rows("active_devices_on_latest_firmware", ON_LATEST, "fct_firmware_uptake_daily", DAY, "firmware__model"),
    Question(
        "latest_firmware_share",
        [DAY, "firmware__model"],
        "select date_day, model, case when sum(active_devices) > 0 "
        "then sum(case when is_latest_stable then share_of_active else 0 end) end "
        "from fct_firmware_uptake_daily group by date_day, model",
    ),
    Question("active_devices", [MONTH], NEWEST_DAYS.format("date_trunc('month', date_day)", "sum(active_devices)")),
)


Answers = Mapping[tuple[str, ...], float | None]  # values by what they are grouped by


@pytest.fixture(scope="module")
def house(platform_named: Callable[[str], Platform]) -> House:
    return platform_named("simulated 1").house


@pytest.fixture(scope="module")
def marts(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts of a copy of the warehouse, since the adapter holds the file itself."""
    copy = shutil.copy(house.warehouse, tmp_path_factory.mktemp("copy"))
    with duckdb.connect(str(copy), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


@pytest.fixture(scope="module")
def ask(
    house: House, marts: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Question], Answers]]:
    """A function that asks `mf query` as in the root of the project."""
    project = tmp_path_factory.mktemp("project")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project / name)
    (project / "target").mkdir()  # where mf looks, wherever dbt was told to write
    shutil.copy(house.artefacts / "semantic_manifest.json", project / "target")
    answer = project / "answer.csv"
    manager: Any = DuckDBConnectionManager
    configuration = CLIConfiguration()

    def asked(question: Question) -> Answers:
        answer.unlink(missing_ok=True)
        words = ["--metrics", question.metric, "--csv", str(answer), "--quiet"]
        words += ["--group-by", ",".join(question.by)] if question.by else []
        words += ["--where", question.where] if question.where else []
        # not by way of `mf` itself: that would ask the package index for a newer version first
        done = CliRunner().invoke(cli.commands["query"], words, obj=configuration)
        assert done.exit_code == 0, f"{done.output}\n{done.exception}"
        with answer.open(encoding="utf-8", newline="") as lines:
            return {
                tuple(row[name] for name in question.by): float(row[question.metric]) if row[question.metric] else None
                for row in csv.DictReader(lines)
            }

    with pytest.MonkeyPatch.context() as patch, chdir(project):
        for name, value in house.environment.items():
            patch.setenv(name, value)
        configuration.setup(configure_file_logging=False)  # the log would take pytest's own handlers away
        yield asked
        # the adapter would keep the file open, in a way in which nobody else can read it
        manager.env().close()
        manager.close_all_connections()
        dbt_plugin.release()


def test_every_metric_is_asked(house: House) -> None:
    manifest = json.loads((house.artefacts / "semantic_manifest.json").read_text(encoding="utf-8"))
    assert {metric["name"] for metric in manifest["metrics"]} == {question.metric for question in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: " by ".join([question.metric, *question.by]))
def test_metric_equals_its_mart(
    ask: Callable[[Question], Answers], marts: duckdb.DuckDBPyConnection, question: Question
) -> None:
    found = ask(question)
    rows = marts.execute(question.sql).fetchall()
    expected = {_key(row[:-1], question.by): row[-1] for row in rows}
    assert expected, "no rows: nothing would be tested"
    assert found.keys() == expected.keys()
    assert [
        key for key, value in expected.items() if not same(None if value is None else float(value), found[key])
    ] == []


def _key(values: Sequence[Any], by: Sequence[str]) -> tuple[str, ...]:
    """What `mf query` writes for these: moments for dates, nothing for null."""
    return tuple(
        f"{str(value)[:10]} 00:00:00" if name.startswith("metric_time") else "" if value is None else str(value)
        for name, value in zip(by, values, strict=True)
    )
