"""`earshot doctor`: it always answers, and each ailment has its remedy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loaders.locks import writer_lock
from loaders.store import Folder
from serving.doctor import SCARCE, ago
from serving.publish import publish
from tests.commands.conftest import Earshot
from tests.serving import warehouses


def examined(earshot: Earshot) -> tuple[int, dict[str, dict[str, Any]]]:
    done = earshot("doctor", "--json")
    assert "Traceback" not in done.stderr
    told = json.loads(done.stdout)
    found = {f"{one['group']} {one['name']}": one for one in told["findings"]}
    assert told["attention"] == sum(1 for one in told["findings"] if one["remedy"])
    assert done.returncode == (1 if told["attention"] else 0)
    return done.returncode, found


def healthy(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "events").mkdir(parents=True)
    lake = tmp_path / "lake"
    (lake / "loads").mkdir(parents=True)
    (lake / "lake.json").write_text('{"format": 1, "lake_id": "1234"}')
    (lake / "loads" / "20260110T093001.000001Z.json").write_text("{}")
    for day in ("2026-01-09", "2026-01-10"):
        (lake / "raw" / "events" / "play" / f"event_date={day}").mkdir(parents=True)
    warehouses.make(tmp_path / "warehouse.duckdb")
    publish(tmp_path / "warehouse.duckdb", tmp_path / "serving")


def test_an_empty_machine_is_told_what_to_run(earshot: Earshot) -> None:
    code, found = examined(earshot)
    assert code == 1
    assert "./earshot demo" in found["inbox EARSHOT_INBOX"]["remedy"]
    assert "./earshot land" in found["lake EARSHOT_LAKE"]["remedy"]
    assert "./earshot build" in found["warehouse EARSHOT_WAREHOUSE"]["remedy"]
    assert "./earshot publish" in found["published EARSHOT_SERVING"]["remedy"]
    assert found["versions duckdb"]["remedy"] is None
    said = earshot("doctor").stdout
    assert "EARSHOT_LAKE: Run `./earshot land`." in said


def test_a_healthy_house_needs_nothing(earshot: Earshot, tmp_path: Path) -> None:
    healthy(tmp_path)
    code, found = examined(earshot)
    assert {name: one["remedy"] for name, one in found.items() if one["remedy"]} == {}
    assert code == 0
    assert "lake 1234, format 1" in found["lake EARSHOT_LAKE"]["found"]
    assert found["lake newest load"]["found"] == "20260110T093001.000001Z"
    assert found["lake events.play"]["found"] == "newest date 2026-01-10"
    assert found["warehouse tests"]["found"] == "all passed"
    assert found["published newest day"]["found"] == "2026-01-10"
    assert earshot("doctor").stdout.endswith("Nothing needs attention.\n")


def test_failed_tests_and_newer_loads_need_attention(earshot: Earshot, tmp_path: Path) -> None:
    healthy(tmp_path)
    (tmp_path / "lake" / "loads" / "20260111T000000.000000Z.json").write_text("{}")
    warehouses.change(
        tmp_path / "warehouse.duckdb", "update intermediate._results set status = 'fail' where name = 'pk_fct_plays'"
    )
    code, found = examined(earshot)
    assert code == 1
    assert found["warehouse tests"]["found"] == "the last build left 1 failure (pk_fct_plays)"
    assert "20260111T000000.000000Z has landed since" in found["published EARSHOT_SERVING"]["remedy"]


def test_a_running_build_is_named_and_no_ailment(earshot: Earshot, tmp_path: Path) -> None:
    healthy(tmp_path)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(tmp_path / "warehouse.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as builder:
        assert builder.stdout and builder.stdout.readline() == "open\n"
        code, found = examined(earshot)
        refused = {name: earshot(name) for name in ("publish", "build", "docs")}
    assert code == 0
    assert f"in use by process {builder.pid} (" in found["warehouse EARSHOT_WAREHOUSE"]["found"]
    for done in refused.values():
        assert done.returncode == 1
        assert f"is in use by process {builder.pid} (" in done.stderr
        assert done.stderr.count("\n") == 1


def test_who_writes_to_the_lake_is_named(earshot: Earshot, tmp_path: Path) -> None:
    healthy(tmp_path)
    assert examined(earshot)[1]["lake writer"]["found"] == "none"
    with writer_lock(Folder(tmp_path / "lake")):
        code, found = examined(earshot)
    assert (code, found["lake writer"]["found"]) == (0, f"process {os.getpid()} is landing")
    # The file still names us, and we still live; but the lock is gone.
    assert examined(earshot)[1]["lake writer"]["found"] == "none"


def test_what_cannot_be_read_is_said(earshot: Earshot, tmp_path: Path) -> None:
    healthy(tmp_path)
    (tmp_path / "lake" / "lake.json").write_text("{half")
    (tmp_path / "warehouse.duckdb").write_bytes(b"not a database" * 1000)
    (tmp_path / "serving" / "earshot.duckdb").unlink()
    (tmp_path / "serving" / "earshot.duckdb").write_bytes(b"not a database" * 1000)
    code, found = examined(earshot)
    assert code == 1
    assert "restore the file" in found["lake EARSHOT_LAKE"]["remedy"]
    assert "cannot be opened" in found["warehouse EARSHOT_WAREHOUSE"]["remedy"]
    assert "cannot be read" in found["published EARSHOT_SERVING"]["remedy"]


def test_the_hash_key_is_never_shown(earshot: Earshot) -> None:
    done = earshot("doctor", EARSHOT_HASH_KEY="sesame")
    assert "sesame" not in done.stdout + done.stderr
    assert "EARSHOT_HASH_KEY" in done.stdout


def test_impossible_settings_need_attention(earshot: Earshot, tmp_path: Path) -> None:
    done = earshot("doctor", EARSHOT_LAKE=str(tmp_path / "inbox" / "lake"))
    assert done.returncode == 1
    assert "set them to places that are apart" in done.stdout


def test_a_disk_that_is_nearly_full_needs_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving import doctor

    class Usage:
        free = SCARCE - 1

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    places = doctor.Places(tmp_path, "s3://inbox", "s3://lake", tmp_path / "w.duckdb", tmp_path / "serving")
    disks = [one for one in doctor.examine(places) if one.group == "disk"]
    assert [one.name for one in disks] == ["EARSHOT_SERVING", "EARSHOT_WAREHOUSE"]
    assert all(one.remedy and "Free some space" in one.remedy for one in disks)


def test_ages_are_in_their_largest_unit() -> None:
    from datetime import timedelta

    ages = [timedelta(seconds=5), timedelta(minutes=1), timedelta(hours=25), timedelta(days=3), timedelta(seconds=-1)]
    assert [ago(age) for age in ages] == ["5 seconds", "1 minute", "1 day", "3 days", "0 seconds"]
