"""What stage_raw does when something is wrong: a sentence, no load by halves, and all of it once it is mended."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dbt_common.events.base_types import EventMsg

from tests.redshift.rig.houses import dbt, empty, stage
from tests.redshift.rig.lakes import Stage, lines, write_lines
from tests.redshift.rig.server import Rig
from tests.redshift.rig.spectrum import scan
from tests.warehouse.houses import House, environment, parsed

Stager = Callable[..., tuple[bool, str]]


@pytest.fixture
def late(lakes: dict[str, Stage], tmp_path: Path) -> House:
    """A copy of the lake after the second landing, to be broken."""
    house = House(tmp_path / "late", tmp_path)
    shutil.copytree(lakes["late"].house.lake, house.lake)
    return house


@pytest.fixture
def staging(rig: Rig, manifest: Any, tmp_path: Path) -> Iterator[Stager]:
    """stage_raw on a house's lake in an empty warehouse; of both ways, by COPY unless the other is named."""
    empty(rig)

    def run(house: House, layer: str = "copy", contracts: Any = manifest) -> tuple[bool, str]:
        done = stage(rig, house, tmp_path / "target", layer, contracts)
        scan(rig)
        return done

    yield run
    empty(rig)


def _sql(rig: Rig, sql: str) -> list[tuple[Any, ...]]:
    with closing(rig.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def _last_file(house: House) -> Path:
    """A file of the second load, which is copied when most of it has been: batches go by the names of folders."""
    return max((house.lake / "raw" / "lake" / "loads").rglob("*.parquet"))


def test_a_copy_that_fails_in_the_middle_leaves_nothing_of_its_load(
    rig: Rig, lakes: dict[str, Stage], late: House, staging: Stager
) -> None:
    assert staging(lakes["landed"].house)[0]
    file = _last_file(late)
    whole = file.read_bytes()
    file.write_bytes(b"x" * len(whole))
    before = len(rig.proxy.sent)
    done, said = staging(late)
    assert not done
    assert "a file is no Parquet file" in said
    copied = [sent for sent in rig.proxy.sent[before:] if sent.sql.endswith("format as parquet") and not sent.refusal]
    assert len(copied) > 10
    assert not lakes["landed"].unlike(rig)
    file.write_bytes(whole)
    assert staging(late)[0]
    assert not lakes["late"].unlike(rig)


def test_another_number_of_rows_than_was_landed_is_refused(
    rig: Rig, lakes: dict[str, Stage], late: House, staging: Stager
) -> None:
    assert staging(lakes["landed"].house)[0]
    [*_, (path, told)] = lines(late).items()
    line = next(line for line in told if line["path"].startswith("raw/events/play/"))
    write_lines(path, [one | {"records": one["records"] + 1} if one is line else one for one in told])
    done, said = staging(late)
    assert not done
    assert "rows into raw.play, but the lists of the lake tell of" in said
    assert "nothing was staged" in said
    assert not lakes["landed"].unlike(rig)
    write_lines(path, told)
    assert staging(late)[0]
    assert not lakes["late"].unlike(rig)


@pytest.mark.parametrize("layer", ["copy", "spectrum"])
def test_a_contract_may_gain_a_column(
    layer: str, rig: Rig, manifest: Any, lakes: dict[str, Stage], late: House, staging: Stager
) -> None:
    """By COPY it is null in rows that were there before; an external table has what the files have."""
    assert staging(lakes["landed"].house, layer, _without(manifest, "play", "contentid"))[0]
    assert staging(late, layer)[0]
    before = {"copy": 0, "spectrum": lakes["landed"].rows()["raw.play"]}[layer]
    new = lakes["late"].rows()["raw.play"] - lakes["landed"].rows()["raw.play"]
    assert new > 0
    assert _sql(rig, "select count(contentid) from raw.play") == [(before + new,)]


@pytest.mark.parametrize("layer", ["copy", "spectrum"])
def test_a_column_that_an_older_file_lacks_is_null(
    layer: str, rig: Rig, lakes: dict[str, Stage], late: House, staging: Stager
) -> None:
    [(path, told), *_] = lines(late).items()
    line = next(line for line in told if line["path"].startswith("raw/events/play/"))
    file = late.lake / line["path"]
    pq.write_table(pq.ParquetFile(file).read().drop_columns("contentid"), file, store_schema=False)
    columns = line["columns"].replace('"contentid": "string", ', "")
    assert columns != line["columns"]
    changed = line | {"bytes": file.stat().st_size, "columns": columns}
    write_lines(path, [changed if one is line else one for one in told])
    done, said = staging(late, layer)
    assert done, said
    whole = lakes["late"].rows()["raw.play"]
    assert _sql(rig, "select count(*), count(contentid) from raw.play") == [(whole, whole - line["records"])]


@pytest.mark.parametrize(("layer", "schema"), [("copy", "raw"), ("spectrum", "raw_ext")])
def test_a_column_of_another_type_or_of_none_is_refused(
    layer: str, schema: str, rig: Rig, manifest: Any, lakes: dict[str, Stage], late: House, staging: Stager
) -> None:
    assert staging(lakes["landed"].house, layer)[0]
    done, said = staging(late, layer, _with_type(manifest, "play", "contentid", "integer"))
    assert not done
    assert f"Column contentid of {schema}.play is varchar(65535) in the warehouse, but bigint in the contract" in said
    done, said = staging(late, layer, _without(manifest, "play", "contentid"))
    assert not done
    assert (
        f"Column contentid of {schema}.play is varchar(65535) in the warehouse, but not there in the contract" in said
    )
    assert f"`drop table {schema}.play`, and the next stage_raw makes it anew from the lake" in said
    assert not lakes["landed"].unlike(rig)
    # The remedy that it names.
    _sql(rig, f"drop table {schema}.play cascade")
    assert staging(late, layer)[0]
    assert not lakes["late"].unlike(rig)


@pytest.mark.parametrize("layer", ["copy", "spectrum"])
def test_files_of_another_type_than_the_contract_are_refused(
    layer: str, rig: Rig, manifest: Any, late: House, staging: Stager
) -> None:
    done, said = staging(late, layer, _with_type(manifest, "play", "contentid", "integer"))
    assert not done
    assert (
        "Column contentid of raw.play is bigint in the contract, but varchar(65535) in files of the lake, such as"
        in said
    )
    assert _sql(rig, "select count(*) from raw._lake_files") == [(0,)]


def _with_type(manifest: Any, table: str, column: str, type: str) -> Any:
    changed = manifest.deepcopy()
    changed.sources[f"source.earshot.events.{table}"].columns[column].config.meta["type"] = type
    changed.build_flat_graph()  # which is what macros see
    return changed


def _without(manifest: Any, table: str, column: str) -> Any:
    changed = manifest.deepcopy()
    del changed.sources[f"source.earshot.events.{table}"].columns[column]
    changed.build_flat_graph()
    return changed


def test_a_lake_without_lists_is_told_of(late: House, staging: Stager) -> None:
    shutil.rmtree(late.lake / "loads" / "files")
    done, said = staging(late)
    assert not done
    assert "Reading s3://house/lake/loads/files/* with the role" in said
    assert "run `earshot land` if it has no lists yet" in said
    assert "The specified S3 prefix 'lake/loads/files/' does not exist" in said


@pytest.mark.parametrize(
    ("layer", "settings", "words"),
    [
        (
            "copy",
            {"EARSHOT_LAKE": "var/lake"},
            "EARSHOT_LAKE is 'var/lake', but Redshift reads from S3 alone; set it to",
        ),
        ("copy", {"EARSHOT_LAKE": ""}, "EARSHOT_LAKE is '', but Redshift reads from S3 alone"),
        ("copy", {"EARSHOT_REDSHIFT_IAM_ROLE": ""}, "EARSHOT_REDSHIFT_IAM_ROLE is ''; set it to the ARN of a role"),
        ("copy", {"EARSHOT_REDSHIFT_IAM_ROLE": "earshot"}, "EARSHOT_REDSHIFT_IAM_ROLE is 'earshot'; set it to the ARN"),
        (
            "spectrum",
            {"EARSHOT_REDSHIFT_CATALOG": ""},
            "EARSHOT_REDSHIFT_CATALOG is ''; with raw_layer spectrum set it",
        ),
        ("both", {}, "The var raw_layer is 'both'; set it to copy or spectrum."),
    ],
)
def test_a_setting_that_is_missing_is_named(
    layer: str, settings: dict[str, str], words: str, rig: Rig, manifest: Any, tmp_path: Path
) -> None:
    empty(rig)
    said: list[str] = []
    options = ["run-operation", "stage_raw", "--vars", f"{{raw_layer: {layer}}}"]
    done = dbt(rig, tmp_path, *options, manifest=manifest, said=said, settings=settings)
    assert not done.success
    assert words in " ".join(said)
    assert _sql(rig, "select count(*) from pg_namespace where nspname in ('raw', 'raw_ext')") == [(0,)]


def test_a_build_knows_the_ways_too(rig: Rig, manifest: Any, tmp_path: Path) -> None:
    said: list[str] = []
    options = ["build", "--select", "clients", "--vars", "{raw_layer: both}"]
    done = dbt(rig, tmp_path, *options, manifest=manifest, said=said)
    assert not done.success
    messages = [str(done.exception), *[str(result.message) for result in getattr(done.result, "results", [])]]
    assert "The var raw_layer is 'both'; set it to copy or spectrum." in " ".join(messages)


def test_a_right_that_is_missing_is_named(rig: Rig, lakes: dict[str, Stage], staging: Stager) -> None:
    _sql(rig, "alter database earshot owner to postgres")
    try:
        done, said = staging(lakes["landed"].house)
        assert not done
        assert "There is no schema raw in earshot, and dbt may not make one; `grant create on database" in said
        _sql(rig, "create schema raw; grant usage on schema raw to dbt")
        done, said = staging(lakes["landed"].house)
        assert not done
        assert (
            "dbt may not make tables in the schema raw of earshot; `grant usage, create on schema raw to dbt`" in said
        )
    finally:
        _sql(rig, "alter database earshot owner to dbt")


def test_on_duckdb_it_says_that_there_is_nothing_to_do(artefacts: Path, tmp_path: Path) -> None:
    from dbt.cli.main import dbtRunner

    said: list[str] = []

    def listen(event: EventMsg) -> None:
        info: Any = event.info
        said.append(info.msg)

    folders = ["--target-path", str(tmp_path), "--log-path", str(tmp_path)]
    with environment({"EARSHOT_LAKE": str(tmp_path / "lake"), "EARSHOT_WAREHOUSE": str(tmp_path / "w.duckdb")}):
        done = dbtRunner(manifest=parsed(artefacts), callbacks=[listen]).invoke(
            ["run-operation", "stage_raw", *folders]
        )
    assert done.success
    assert any("on DuckDB every build makes the views of the lake by itself" in words for words in said)
