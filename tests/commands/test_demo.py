"""The whole house on a tiny platform, by the commands that a newcomer types; somebody reads all the while."""

import json
from pathlib import Path

import duckdb

from tests.commands.conftest import Earshot


def test_demo_and_the_days_after(earshot: Earshot, tmp_path: Path) -> None:
    done = earshot("demo", "--users", "30", "--days", "8", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [step["step"] for step in told["steps"]] == ["simulate", "land", "build", "publish", "report", "docs"]
    assert all(step["peak_bytes"] > 10_000_000 for step in told["steps"])
    for name in ("inbox", "lake", "warehouse", "published", "parquet", "numbers", "docs"):
        assert Path(told["places"][name]).exists(), name
    numbers = told["numbers"]
    with duckdb.connect(told["places"]["published"], read_only=True) as reader:
        day = numbers["newest_complete_day"]
        people = "select count(distinct user_id) from marts.fct_user_activity_daily where date_day = $1"
        assert reader.execute(people, [day]).fetchall() == [(numbers["active_users_that_day"],)]
        assert numbers["hours_listened"] > 0
        before = reader.execute("select published_at from _publish").fetchall()

        # The reader above stays, and stands in nobody's way.
        assert json.loads(earshot("doctor", "--json").stdout)["attention"] == 0
        snapshot = earshot("snapshot", "--json")
        assert snapshot.returncode == 0, snapshot.stderr
        assert json.loads(snapshot.stdout)["failed"] == []
        publish = earshot("publish", "--json")
        assert publish.returncode == 0, publish.stderr
        assert reader.execute("select published_at from _publish").fetchall() == before
    published = json.loads(publish.stdout)
    assert f"{before[0][0].isoformat()}" < published["published_at"]
    assert published["newest_load_id"] == max(path.stem for path in (tmp_path / "lake" / "loads").glob("*.json"))

    # A second demo replaces the first, and nothing that somebody added to it.
    (tmp_path / "inbox" / "events" / "mine.json").write_text("{}\n")
    refused = earshot("demo")
    assert refused.returncode == 1
    assert (tmp_path / "inbox" / "events" / "mine.json").exists()
