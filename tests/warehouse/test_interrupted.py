"""A build that is killed at any moment, and run again, says what an undisturbed one says, in every table."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.warehouse.houses import (
    WITHOUT_TESTS,
    House,
    batches_in_order,
    build,
    copy_of,
    deliver_and_land,
    require_agreement,
    tables,
)
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.platforms import Platform

# What a build is about to send when it dies, in the order of a build, and which of several.
EARLIER = [
    ('insert into .*_builds" values', 1),
    ("create or replace view raw", 7),
    ("delete from .*stg_events__play", 1),
    ("select 'stg_events__show_interaction', null, build_id", 1),
    ("select 'stg_dynamodb__users', null, build_id", 1),
    ("insert into .*snapshots.*users_snapshot", 1),  # its rows are deleted, and come anew
]
LATER = [
    ("insert into .*_applied_dumps.*'users_snapshot'", 1),
    ('drop table if exists "users_snapshot__dbt_tmp', 1),
    ("alter table .*dim_users__dbt_tmp. rename", 1),  # the old one is renamed
    ("select 'fct_plays', null, build_id", 1),  # its rows are replaced
    ("delete from .*fct_listening_hourly", 1),
    ("select 'fct_active_users_daily', null, build_id", 1),
    ("create or replace table .*_results", 2),
]


@pytest.fixture(scope="module")
def half(new_house: Callable[[], House], platform_named: Callable[[str], Platform]) -> House:
    """The small town, of which half was built and all has landed since."""
    house = new_house()
    first, second = batches_in_order(platform_named("small town").files, 2)
    deliver_and_land(house, first)
    build(house)
    deliver_and_land(house, second)
    return house


@pytest.fixture(scope="module")
def undisturbed(half: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Every table of an undisturbed build."""
    house = copy_of(half, tmp_path_factory.mktemp("undisturbed"))
    build(house)
    return tables(house)


def killed(house: House, statement: str, number: int, *arguments: str, after: float | None = None) -> None:
    """A build in a process of its own that dies when it is about to send the n-th statement like this, or some seconds
    `after` it has sent it."""
    child = os.fork()
    if child == 0:
        try:
            _die_at(re.compile(statement, re.IGNORECASE), number, after)
            build(house, *arguments)
        finally:
            os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == -signal.SIGKILL, f"it never sent {statement}"


def _die_at(statement: re.Pattern[str], number: int, after: float | None) -> None:
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

    wrapper: Any = DuckDBCursorWrapper
    execute = wrapper.execute
    met = 0

    def watched(self: Any, sql: str, bindings: Any = None) -> Any:
        nonlocal met
        met += bool(statement.search(" ".join(re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL).split())))
        if met >= number:
            if after is None:
                os.kill(os.getpid(), signal.SIGKILL)
            Timer(after or 0, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return execute(self, sql, bindings)

    wrapper.execute = watched


def require_made_good(house: House, expected: dict[str, list[Any]]) -> None:
    build(house)
    found = tables(house)
    assert found.keys() == expected.keys() and len(found) > 40
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.mark.parametrize("points", [EARLIER, LATER], ids=["earlier", "later"])
def test_killed_again_and_again(
    half: House, undisturbed: dict[str, list[Any]], tmp_path: Path, points: list[tuple[str, int]]
) -> None:
    house = copy_of(half, tmp_path / "copy")
    for statement, number in points:
        killed(house, statement, number)
    require_made_good(house, undisturbed)


def test_killed_in_the_middle_of_a_statement(half: House, undisturbed: dict[str, list[Any]], tmp_path: Path) -> None:
    house = copy_of(half, tmp_path / "copy")
    for statement in ("delete from .*stg_events__navigation", "delete from .*fct_plays", "create table .*dim_shows"):
        killed(house, statement, 1, after=0.001)
    require_made_good(house, undisturbed)


def test_a_first_build_and_a_refresh_that_are_killed(
    half: House, platform_named: Callable[[str], Platform], tmp_path: Path
) -> None:
    house = copy_of(half, tmp_path / "copy")
    house.warehouse.unlink()
    for statement in ("create table .*_changed_dates", "create table .*stg_events__play", "create table .*fct_plays"):
        killed(house, statement, 1)
    build(house)
    require_agreement(house, platform_named("small town").expected, "after the first build")
    for statement in ("insert into .*users_snapshot", "create table .*fct_listening_daily"):
        killed(house, statement, 1, "--full-refresh", *WITHOUT_TESTS)
    build(house)
    require_agreement(house, platform_named("small town").expected, "after a refresh")


def test_dbt_itself_killed_from_outside(half: House, undisturbed: dict[str, list[Any]], tmp_path: Path) -> None:
    """As the command that people type, once it writes."""
    house = copy_of(half, tmp_path / "copy")
    log = house.warehouse.with_name(f"{house.warehouse.name}.wal")
    process = subprocess.Popen(
        [Path(sys.executable).parent / "dbt", "--quiet", "build", *WITHOUT_TESTS, "--target-path", tmp_path / "target"],
        cwd=ROOT,
        env={**os.environ, **house.environment, "DBT_LOG_PATH": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None and not (log.exists() and log.stat().st_size > 200_000):
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    require_made_good(house, undisturbed)
