"""A build reads the same wherever the lake is and whatever happens to it meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from loaders.locks import reader_lock
from loaders.store import Folder
from tests.s3 import serving
from tests.warehouse.helpers import together
from tests.warehouse.houses import House, build, copy_of, deliver_and_land, land, recomputed, require_agreement
from tests.warehouse.oracle.inbox import read_folder
from tests.warehouse.platforms import Platform
from tests.warehouse.scenarios import all_together


@dataclass(frozen=True)
class HouseInS3(House):
    """A house whose inbox and lake are in a bucket."""

    @property
    def environment(self) -> dict[str, str]:
        there = {"EARSHOT_INBOX": "s3://bucket/delivered", "EARSHOT_LAKE": "s3://bucket/some lake"}
        return {**super().environment, **there}


def test_marts_of_a_lake_in_s3(new_house: Callable[[], House], platform_named: Callable[[str], Platform]) -> None:
    house = HouseInS3(new_house().folder, new_house().artefacts)
    days = list(all_together().values())
    with serving("bucket") as server:
        # The second half comes later, so that views are made over a lake that has grown.
        for half in (days[: len(days) // 2], days[len(days) // 2 :]):
            for path, content in together(*half).items():
                server.client.put_object(Bucket="bucket", Key=f"delivered/{path}", Body=content)
            land(house)
            build(house)
        require_agreement(house, platform_named("hand-written").expected)
        assert not server.keys("bucket", "some lake/readers/")


def test_files_stay_while_a_build_reads_them(platform_named: Callable[[str], Platform], tmp_path: Path) -> None:
    house = copy_of(platform_named("hand-written").house, tmp_path / "copy")
    path = next(path for path in sorted(read_folder(house.inbox)) if "/play/" in path)
    before = parquet(house)
    with reader_lock(Folder(house.lake)):
        file = house.inbox / path
        file.write_bytes(file.read_bytes().split(b"\n", 1)[0] + b"\n")
        land(house, (0, 1), "--reland", path)
        assert set(before) < set(parquet(house))
        build(house)
        require_agreement(house, recomputed(read_folder(house.inbox)), "while the old files are still there")
    land(house)
    assert not set(before) <= set(parquet(house))
    build(house, "--full-refresh")
    require_agreement(house, recomputed(read_folder(house.inbox)), "when they are gone")


def test_what_lands_after_the_views_are_made_waits_for_the_next_build(new_house: Callable[[], House]) -> None:
    house = new_house()
    days = list(all_together().values())
    deliver_and_land(house, together(*days[:2]))
    build(house)
    raw = {"play", "devices", "shows", "loads", "load_dates"}
    before = {name: of_raw(house, name) for name in raw}
    deliver_and_land(house, together(*days[2:]))
    assert {name: of_raw(house, name) for name in raw} == before
    build(house)
    assert not [name for name in raw if of_raw(house, name) <= before[name]]


def of_raw(house: House, name: str) -> int:
    """How many rows the warehouse's view of a dataset has."""
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        row = connection.execute(f"select count(*) from raw.{name}").fetchone()
    assert row
    return int(row[0])


def test_a_warehouse_is_not_built_on_from_another_lake(
    platform_named: Callable[[str], Platform], tmp_path: Path
) -> None:
    house = copy_of(platform_named("one user").house, tmp_path / "copy")
    (house.lake / "loads").rename(house.folder / "elsewhere")
    with pytest.raises(AssertionError, match="does not have; check EARSHOT_LAKE"):
        build(house)
    (house.folder / "elsewhere").rename(house.lake / "loads")
    build(house)
    require_agreement(house, platform_named("one user").expected)


@pytest.mark.parametrize("older", [True, False])
def test_files_without_a_later_column_read_as_null(
    platform_named: Callable[[str], Platform], tmp_path: Path, older: bool
) -> None:
    house = copy_of(platform_named("hand-written").house, tmp_path / "copy")
    file = [path for path in parquet(house) if "/play/" in path.as_posix()][0 if older else -1]
    rewritten = pq.read_table(file, partitioning=None).drop_columns(["platform"])
    # Under another name: a file that was seen does not change.
    file.unlink()
    pq.write_table(rewritten, file.with_name(file.name.replace(".parquet", "-again.parquet")))
    build(house, "--select", "clients")
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        nulls, rows = connection.execute("select count(*) - count(platform), count(*) from raw.play").fetchall()[0]
        (told,) = connection.execute("select count(*) from raw.play where platform is not null").fetchall()[0]
    assert rows - told == nulls >= len(rewritten)
    assert told > 0


def parquet(house: House) -> list[Path]:
    return sorted((house.lake / "raw").rglob("*.parquet"))
