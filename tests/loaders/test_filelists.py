"""The lists of files say what the load records say, or a warehouse that reads the lake by them would lack rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from loaders.compact import compact
from tests.loaders.lake_state import records
from tests.loaders.support import HOUR, Place, play


def _filled(folder: Path) -> Place:
    """Two loads that put rows and a broken record on the same day, and a compaction of it."""
    place = Place(folder)
    for name in "ab":
        place.put(f"events/eu/play/{HOUR}/{name}", [play(eventid=name), {"broken": name}])
        place.land()
    compact(str(place.lake))
    return place


def _lists(place: Place) -> dict[str, list[dict[str, Any]]]:
    return {
        path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in sorted((place.lake / "loads" / "files").glob("*.jsonl"))
    }


def test_a_list_has_the_files_of_its_load(tmp_path: Path) -> None:
    place = _filled(tmp_path)
    lists, loads = _lists(place), records(place.lake)
    assert [load["load_id"] for load in loads] == sorted(lists)
    assert loads[-1]["removed"]
    for load in loads:
        lines = lists[load["load_id"]]
        assert {line["load_id"] for line in lines} == {load["load_id"]}
        added = [line for line in lines if not line.get("is_removed")]
        told = [{"path": line["path"], "rows": line["records"], "bytes": line["bytes"]} for line in added]
        assert told == load["files"]
        assert [line["path"] for line in lines if line.get("is_removed")] == load["removed"]


def test_a_list_has_the_columns_of_the_files(tmp_path: Path) -> None:
    place = _filled(tmp_path)
    last = [line for line in list(_lists(place).values())[-1] if not line.get("is_removed")]
    assert last
    for line in last:
        schema = pq.read_schema(place.lake / line["path"])
        assert list(json.loads(line["columns"]).items()) == [(column.name, str(column.type)) for column in schema]


def test_a_list_that_is_missing_is_made_by_the_next_writer(tmp_path: Path) -> None:
    place = _filled(tmp_path)
    before = _lists(place)
    for path in (place.lake / "loads" / "files").iterdir():
        path.unlink()
    assert place.land().load_id is None  # nothing is new
    after = _lists(place)
    gone = {path for load in records(place.lake) for path in load["removed"]}
    assert gone
    for load_id, lines in before.items():
        for line in lines:
            if line["path"] in gone and not line.get("is_removed"):
                del line["columns"]
        assert after[load_id] == lines
