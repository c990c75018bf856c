"""The raw layer that stage_raw makes, by COPY and by Spectrum: at every time it has the rows of DuckDB's raw views."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.redshift.rig.houses import empty, stage
from tests.redshift.rig.lakes import Stage
from tests.redshift.rig.server import Rig
from tests.redshift.rig.spectrum import scan
from tests.warehouse.houses import House

STEPS = ["landed", "late", "compacted", "late again", "landed again"]


@contextmanager
def _fresh(rig: Rig) -> Iterator[None]:
    empty(rig)
    yield
    empty(rig)


@pytest.fixture(scope="module", params=["copy", "spectrum"])
def staged(
    request: pytest.FixtureRequest, rig: Rig, manifest: Any, lakes: dict[str, Stage], tmp_path_factory: Any
) -> dict[str, list[str]]:
    """How the raw relations differ from DuckDB's after each step; and what is sent when nothing has happened since."""
    target = tmp_path_factory.mktemp("target")
    found: dict[str, list[str]] = {}
    with _fresh(rig):
        for name in STEPS:
            done, said = stage(rig, lakes[name].house, target, request.param, manifest)
            assert done, said
            scan(rig)
            found[name] = lakes[name].unlike(rig)
        before = len(rig.proxy.sent)
        done, said = stage(rig, lakes[STEPS[-1]].house, target, request.param, manifest)
        assert done and "Staged 0 new loads" in said
        found["sent again"] = [sent.sql for sent in rig.proxy.sent[before:]]
        scan(rig)
        found["again"] = lakes[STEPS[-1]].unlike(rig)
    return found


@pytest.mark.parametrize("step", [*STEPS, "again"])
def test_raw_relations_have_the_rows_of_duckdb(staged: dict[str, list[str]], step: str) -> None:
    assert not staged[step], "\n".join(staged[step])


def test_nothing_is_read_or_changed_twice(staged: dict[str, list[str]]) -> None:
    sent = [sql for sql in staged["sent again"] if "temporary table" not in sql]
    assert not [sql for sql in sent if "format as parquet" in sql or "unload" in sql]
    assert not [sql for sql in sent if "external table" in sql or "partition (" in sql or "create view" in sql]
    assert not [sql for sql in sent if sql.lstrip().startswith(("delete", "create table raw.", "alter"))]


def test_the_steps_are_what_they_say(lakes: dict[str, Stage]) -> None:
    """Otherwise equal rows would prove little: a dataset is empty at first, and later each has rows; rows go, too."""
    rows = {name: lakes[name].rows() for name in STEPS}
    assert rows["landed"]["raw.promotion"] == 0
    assert all(rows["late again"].values())
    assert sum(rows["compacted"].values()) < sum(rows["late"].values())
    assert rows["landed again"]["raw.play"] < rows["late again"]["raw.play"]


@pytest.mark.parametrize("layer", ["copy", "spectrum"])
def test_a_grown_lake_is_staged_at_once(
    layer: str, rig: Rig, manifest: Any, lakes: dict[str, Stage], tmp_path: Path
) -> None:
    """Of its first loads the files are gone, but their lists are read."""
    with _fresh(rig):
        done, said = stage(rig, lakes["landed again"].house, tmp_path, layer, manifest)
        assert done, said
        scan(rig)
        assert not lakes["landed again"].unlike(rig)


@pytest.mark.parametrize("layer", ["copy", "spectrum"])
def test_files_of_no_load_are_not_seen(
    layer: str, rig: Rig, manifest: Any, lakes: dict[str, Stage], tmp_path: Path
) -> None:
    """Those of a load that is not committed, and those that one has taken away but that somebody still reads."""
    before, house = lakes["late"].house.lake, House(tmp_path / "odd", tmp_path)
    shutil.copytree(lakes["compacted"].house.lake, house.lake)
    gone = next(path for path in (before / "raw" / "events" / "play").rglob("*.parquet"))
    again = house.lake / gone.relative_to(before)
    assert not again.exists()
    for path in (again, again.with_name("20990101T000000.000000Z-0.parquet")):
        path.write_bytes(gone.read_bytes())
    with _fresh(rig):
        assert stage(rig, house, tmp_path / "target", layer, manifest)[0]
        scan(rig)
        assert not lakes["compacted"].unlike(rig)


def test_the_other_way_is_not_mixed_in(rig: Rig, manifest: Any, lakes: dict[str, Stage], tmp_path: Path) -> None:
    with _fresh(rig):
        for first, other in (("copy", "spectrum"), ("spectrum", "copy")):
            assert stage(rig, lakes["landed"].house, tmp_path, first, manifest)[0]
            done, said = stage(rig, lakes["landed"].house, tmp_path, other, manifest)
            assert not done
            assert (
                "raw.creators was made with the other raw_layer; `drop schema raw cascade` and run this again" in said
            )
            with closing(rig.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("drop schema raw cascade")
