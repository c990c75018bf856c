"""What readers get: whole, sorted, described, and only when the tests passed."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as parquet
import pytest

from loaders.errors import EarshotError
from serving.publish import publish, sort_columns
from tests.serving import warehouses


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    warehouses.make(path)
    return path


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_mart_is_published_with_its_comments(warehouse: Path, tmp_path: Path) -> None:
    done = publish(warehouse, tmp_path / "serving")
    file = tmp_path / "serving" / "earshot.duckdb"
    tables = query(file, "select schema_name || '.' || table_name from duckdb_tables() order by 1")
    assert [name for (name,) in tables] == ["main._publish", *sorted(f"marts.{name}" for name in warehouses.MARTS)]
    assert done.rows["fct_plays"] == 200
    assert query(file, "select comment from duckdb_tables() where table_name = 'fct_plays'") == [
        ("One row per fct_plays. And it's more than that.",)
    ]
    assert query(file, "select comment from duckdb_columns() where column_name = 'play_id'") == [("The play's id.",)]
    for name in warehouses.MARTS:
        same = f"from marts.{name} order by all"
        assert query(file, same) == query(warehouse, same)


def test_publish_tells_its_source_and_newest_load(warehouse: Path, tmp_path: Path) -> None:
    done = publish(warehouse, tmp_path / "serving")
    row = query(tmp_path / "serving" / "earshot.duckdb", "from main._publish")
    assert row == [(done.published_at, "warehouse.duckdb", "20260110T093001.000001Z", None)]


def test_files_are_read_only_and_readable_by_older_drivers(warehouse: Path, tmp_path: Path) -> None:
    publish(warehouse, tmp_path / "serving")
    file = tmp_path / "serving" / "earshot.duckdb"
    assert file.stat().st_mode & 0o777 == 0o444
    assert (tmp_path / "serving" / "parquet" / "fct_plays.parquet").stat().st_mode & 0o777 == 0o444
    assert query(file, "select tags['storage_version'] from duckdb_databases() where path is not null") == [
        ("v1.0.0+",)
    ]


def test_parquet_is_sorted_by_date_then_grain(warehouse: Path, tmp_path: Path) -> None:
    publish(warehouse, tmp_path / "serving")
    folder = tmp_path / "serving" / "parquet"
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.parquet" for name in warehouses.MARTS)
    plays = parquet.read_table(folder / "fct_plays.parquet").to_pylist()
    order = [(row["date_day"], row["play_id"]) for row in plays]
    assert order == sorted(order)
    days = parquet.read_table(folder / "fct_active_users_daily.parquet").to_pylist()
    grain = [(row["date_day"], row["partner_id"], row["client_id"]) for row in days]
    assert grain == sorted(grain)
    assert parquet.ParquetFile(folder / "fct_plays.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_sort_columns_leave_measures_for_last() -> None:
    columns = [("period_type", "VARCHAR", None), ("cohort_start", "DATE", None), ("rate", "DOUBLE", None)]
    assert sort_columns("fct_retention_cohorts", columns) == ["cohort_start", "period_type"]
    # A dimension's date is an attribute, not what it is looked up by.
    assert sort_columns("dim_users", columns) == ["period_type", "cohort_start"]


def test_a_mart_that_is_no_more_leaves_no_parquet_behind(warehouse: Path, tmp_path: Path) -> None:
    publish(warehouse, tmp_path / "serving")
    warehouses.make(warehouse, 2, {name: warehouses.MARTS[name] for name in ("dim_clients", "dim_dates")})
    publish(warehouse, tmp_path / "serving")
    left = sorted(path.name for path in (tmp_path / "serving" / "parquet").iterdir())
    assert left == ["dim_clients.parquet", "dim_dates.parquet"]


def test_a_table_that_no_model_makes_is_left_out(warehouse: Path, tmp_path: Path) -> None:
    warehouses.change(warehouse, "create table marts.fct_plays__dbt_backup as from marts.fct_plays")
    done = publish(warehouse, tmp_path / "serving")
    assert list(done.left_out) == ["fct_plays__dbt_backup"]
    assert not (tmp_path / "serving" / "parquet" / "fct_plays__dbt_backup.parquet").exists()


def test_a_view_among_the_marts_is_published_as_a_table(warehouse: Path, tmp_path: Path) -> None:
    # Views name the warehouse's catalog, which is its file's stem.
    warehouses.change(warehouse, "drop table marts.dim_shows")
    warehouses.change(warehouse, "create view marts.dim_shows as from warehouse.staging.secret")
    publish(warehouse, tmp_path / "serving")
    assert query(tmp_path / "serving" / "earshot.duckdb", "from marts.dim_shows") == [("not for readers",)]


def test_a_reader_keeps_its_state_and_the_next_one_sees_the_new(warehouse: Path, tmp_path: Path) -> None:
    publish(warehouse, tmp_path / "serving")
    file = tmp_path / "serving" / "earshot.duckdb"
    with duckdb.connect(str(file), read_only=True) as early:
        warehouses.make(warehouse, 2)
        publish(warehouse, tmp_path / "serving")
        # A process of its own would see the new file; in this one DuckDB shares what is open under the same path.
        link = tmp_path / "again.duckdb"
        link.symlink_to(file)
        assert early.execute("select distinct seconds_listened from marts.fct_plays").fetchall() == [(1.0,)]
    assert query(link, "select distinct seconds_listened from marts.fct_plays") == [(2.0,)]


def test_what_a_killed_publish_left_is_removed(warehouse: Path, tmp_path: Path) -> None:
    work = tmp_path / "serving" / ".publishing" / "parquet"
    work.mkdir(parents=True)
    (work / "fct_gone.unfinished").write_bytes(b"half")
    (tmp_path / "serving" / ".publishing" / "earshot.duckdb").write_bytes(b"half")
    publish(warehouse, tmp_path / "serving")
    assert not (tmp_path / "serving" / ".publishing").exists()
    assert not (tmp_path / "serving" / "parquet" / "fct_gone.parquet").exists()


def test_what_is_published_is_the_finished_file_itself(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A copy would be seen half by whoever opens it meanwhile; a rename cannot be.
    finished: dict[int, str] = {}
    monkeypatch.setattr("serving.publish._sync", lambda path: finished.setdefault(path.stat().st_ino, path.name))
    for _ in range(2):
        finished.clear()
        publish(warehouse, tmp_path / "serving")
        assert finished[(tmp_path / "serving" / "earshot.duckdb").stat().st_ino] == "earshot.duckdb"
        for name in warehouses.MARTS:
            file = tmp_path / "serving" / "parquet" / f"{name}.parquet"
            assert finished[file.stat().st_ino] == f"{name}.unfinished"


def test_the_log_of_somebody_who_wrote_into_the_published_file_is_not_replayed(warehouse: Path, tmp_path: Path) -> None:
    publish(warehouse, tmp_path / "serving")
    (tmp_path / "serving" / "earshot.duckdb.wal").write_bytes(b"not this file's log")
    publish(warehouse, tmp_path / "serving")
    assert query(tmp_path / "serving" / "earshot.duckdb", "select count(*) from marts.fct_plays") == [(200,)]


def test_a_full_disk_leaves_what_was_published(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(warehouse, tmp_path / "serving")
    before = {path: path.read_bytes() for path in (tmp_path / "serving").rglob("*.*") if path.is_file()}
    warehouses.make(warehouse, 2)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.publish._sync", full)
    with pytest.raises(EarshotError, match=r"No space left on device.*readers keep what was published before"):
        publish(warehouse, tmp_path / "serving")
    assert {path: path.read_bytes() for path in (tmp_path / "serving").rglob("*.*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        ("update intermediate._results set status = 'fail' where name = 'pk_fct_plays'", r"1 failure \(pk_fct_plays\)"),
        ("update intermediate._results set status = 'error' where name = 'fct_plays'", r"1 failure \(fct_plays\)"),
        ("update intermediate._results set status = 'fail' where name like 'pk_%'", r"8 failures \(.*and 3 more\)"),
        ("update intermediate._results set status = 'running'", "2026-01-11 08:00:00 UTC did not finish"),
        ("update intermediate._results set status = 'skipped' where name = 'dim_dates'", r"skipped 1 node"),
        ("update intermediate._results set status = 'not run' where name = 'dim_dates'", r"no build has made 1 mart"),
        (
            "update intermediate._results set status = 'not run' where name = 'pk_fct_plays'",
            r"tests have not run since the build of 1 mart \(fct_plays\)",
        ),
        (
            "update intermediate._results set ran_at = timestamp '2026-01-11 09:00' where name = 'fct_plays'",
            r"tests have not run since the build of 1 mart \(fct_plays\)",
        ),
        ("drop table intermediate._results", "does not say whether its tests passed"),
    ],
)
def test_nothing_is_published_unless_everything_passed(
    warehouse: Path, tmp_path: Path, happened: str, why: str
) -> None:
    publish(warehouse, tmp_path / "serving")
    before = query(tmp_path / "serving" / "earshot.duckdb", "from main._publish")
    warehouses.change(warehouse, happened)
    with pytest.raises(EarshotError, match=why) as refused:
        publish(warehouse, tmp_path / "serving")
    assert "./earshot build" in str(refused.value)
    assert query(tmp_path / "serving" / "earshot.duckdb", "from main._publish") == before


def test_a_warning_is_no_failure(warehouse: Path, tmp_path: Path) -> None:
    warehouses.change(warehouse, "update intermediate._results set status = 'warn' where name = 'pk_fct_plays'")
    assert publish(warehouse, tmp_path / "serving").rows


def test_no_warehouse_and_no_duckdb_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EarshotError, match=r"There is no warehouse at .*run `\./earshot build`"):
        publish(tmp_path / "none.duckdb", tmp_path / "serving")
    (tmp_path / "text.duckdb").write_text("not a database" * 1000)
    with pytest.raises(EarshotError, match=r"cannot be opened.*not a valid DuckDB database file"):
        publish(tmp_path / "text.duckdb", tmp_path / "serving")
    assert not (tmp_path / "serving").exists()


def test_the_warehouse_is_never_its_own_target(tmp_path: Path) -> None:
    warehouses.make(tmp_path / "earshot.duckdb")
    with pytest.raises(EarshotError, match="are the same"):
        publish(tmp_path / "earshot.duckdb", tmp_path)


def test_a_partner_gets_its_own_rows_alone(warehouse: Path, tmp_path: Path) -> None:
    done = publish(warehouse, tmp_path / "serving", "borea")
    folder = tmp_path / "serving" / "partners" / "borea"
    file = folder / "earshot.duckdb"
    assert done.folder == folder
    assert query(file, "select distinct partner_id, client_id from marts.fct_active_users_daily order by 2") == [
        ("borea", "all"),
        ("borea", "web"),
    ]
    assert query(file, "select partner_id from marts.dim_clients") == [("borea",)]
    assert query(file, "select count(*) from marts.fct_plays") == [(0,)]
    # What belongs to nobody is whole; what was counted over all partners is not there at all.
    assert done.rows["dim_dates"] == 10
    assert done.rows["dim_shows"] == 3
    assert sorted(done.left_out) == ["fct_landing_loads", "fct_trending_shows"]
    assert sorted(path.stem for path in (folder / "parquet").iterdir()) == sorted(done.rows)
    # Not in the bytes of any file either: neither freed blocks nor statistics of the others' rows.
    for path in folder.rglob("*.*"):
        assert path.is_dir() or b"acme" not in path.read_bytes()
    assert not (tmp_path / "serving" / "earshot.duckdb").exists()


@pytest.mark.parametrize("name", ["nobody", "all", "unassigned", "../acme", "", "ACME"])
def test_an_unknown_partner_is_told_the_known(warehouse: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(EarshotError, match="the clients belong to: acme, borea"):
        publish(warehouse, tmp_path / "serving", name)
    assert not (tmp_path / "serving").exists()
