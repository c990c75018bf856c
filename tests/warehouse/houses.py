"""Scratch platforms: an inbox, a lake and a warehouse in a folder of their own, landed and built as users do it."""

import fcntl
import json
import os
import pickle
import random
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from dbt_common.events.base_types import EventMsg

from loaders import dbt_plugin
from tests.warehouse.builders import Files, write
from tests.warehouse.compare import differences, read_mart
from tests.warehouse.helpers import SEEDS, together
from tests.warehouse.oracle import KEYS, Row, recompute
from tests.warehouse.oracle.contract import ROOT
from tests.warehouse.oracle.inbox import read_inbox
from tests.warehouse.oracle.platform import make_platform

WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

Tables = dict[str, list[Any]]
# Which loads a build saw is not what it says; a raw dataset has fewer copies after a compaction.
BOOKKEEPING = {"_builds", "_seen_builds", "_changed_dates", "_results"}


@dataclass(frozen=True)
class House:
    """Where one scratch platform lives; `artefacts` is where dbt keeps what it parsed of the project, shared by all."""

    folder: Path
    artefacts: Path
    project: Path = ROOT

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def warehouse(self) -> Path:
        return self.folder / "earshot.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "EARSHOT_INBOX": str(self.inbox),
            "EARSHOT_LAKE": str(self.lake),
            "EARSHOT_WAREHOUSE": str(self.warehouse),
            "EARSHOT_SERVING": str(self.folder / "serving"),
        }


def land(house: House, codes: Collection[int] = (0,), *arguments: str) -> None:
    """`earshot land` with these arguments, inside this process; it must end with one of the exit codes: 1 says that a
    file was refused."""
    from typer.testing import CliRunner

    from commands.__main__ import app

    house.inbox.mkdir(parents=True, exist_ok=True)
    with environment(house.environment), chdir(ROOT):
        done = CliRunner().invoke(app, ["land", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), f"land failed: {done.exception}"
    assert done.exit_code in codes, f"land ended with {done.exit_code}:\n{done.output}"


def build(house: House, *arguments: str, comments: bool = False) -> list[str]:
    """`dbt build` without tests unless other arguments are given, inside this process; returns what macros log.

    Comments of tables and columns take a quarter of the time, so they are left out unless they are wanted.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    manager: Any = DuckDBConnectionManager
    folders = ["--target-path", str(house.artefacts), "--log-path", str(house.artefacts)]
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json"]
    said: list[str] = []

    def listen(event: EventMsg) -> None:
        info: Any = event.info  # a message of protobuf: its fields are unknown to the type checker
        if info.name == "JinjaLogInfo":
            said.append(info.msg)

    with environment(house.environment), chdir(house.project):
        manifest = parsed(house.artefacts, house.project) if comments else _silent(house.artefacts, house.project)
        runner = dbtRunner(manifest=manifest, callbacks=[listen])
        done = runner.invoke(["build", *folders, *quiet, *(arguments or WITHOUT_TESTS)])
        # the adapter would keep the file open for its next run, and nobody else could read it
        manager.env().close()
        manager.close_all_connections()
        dbt_plugin.release()
    results: Any = getattr(done.result, "results", None) or []
    failed = [f"{result.node.name}: {result.message}" for result in results if result.status in ("error", "fail")]
    assert done.success, "\n".join([f"dbt build did not succeed: {done.exception}", *failed])
    return said


def deliver_and_land(house: House, files: Mapping[str, bytes], codes: Collection[int] = (0,)) -> None:
    """Files arrive and are landed; see `land`."""
    write(files, house.inbox)
    land(house, codes)


def recomputed(files: Mapping[str, bytes]) -> Mapping[str, list[Row]]:
    """The marts of an inbox, recomputed from its text."""
    inbox = read_inbox(files)
    return recompute(inbox, make_platform(inbox, SEEDS))


def require_agreement(
    house: House, expected: Mapping[str, list[Row]], when: str = "", ignored: Collection[str] = ()
) -> None:
    """Fail with the differences in words unless the warehouse's marts, all but the ignored ones, are these."""
    found = [
        differences(mart, rows, read_mart(house.warehouse, mart, list(rows[0]) if rows else KEYS[mart]))
        for mart, rows in expected.items()
        if mart not in ignored
    ]
    wrong = "\n".join(text for text in found if text)
    assert not wrong, f"{when}\n{wrong}"


def tables(house: House) -> Tables:
    """Every row of every table and view in staging, intermediate, snapshots and marts."""
    with duckdb.connect(str(house.warehouse), read_only=True) as connection:
        named = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('staging', 'intermediate', 'snapshots', 'marts') order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": sorted(connection.execute(f'select * from "{schema}"."{name}"').fetchall(), key=repr)
            for schema, name in named
            if name not in BOOKKEEPING
        }


def shuffled_batches(files: Mapping[str, bytes], count: int, seed: int) -> list[Files]:
    """All files in some order and in some batches; the files of one dump stay together, as exports are complete."""
    parts = units(files)
    order = sorted(parts)
    random.Random(seed).shuffle(order)
    return [together(*[parts[unit] for unit in order[start::count]]) for start in range(count)]


def batches_in_order(files: Mapping[str, bytes], count: int) -> list[Files]:
    """All files in the order of the hours in which they were delivered, cut into some batches."""
    parts = units(files)
    order = sorted(parts, key=lambda unit: (_delivered(unit, parts[unit]), unit))
    size = -(-len(order) // count)
    return [together(*[parts[unit] for unit in order[start : start + size]]) for start in range(0, len(order), size)]


def units(files: Mapping[str, bytes]) -> dict[str, Files]:
    """What is delivered at once: a file, or all files of a dump."""
    found: dict[str, Files] = {}
    for path, data in files.items():
        parts = path.split("/")
        unit = path
        if parts[0] == "dynamodb":
            unit = "/".join(parts[:4] if parts[2] == "AWSDynamoDB" else parts[:3])
        found.setdefault(unit, {})[path] = data
    return found


def _delivered(unit: str, files: Mapping[str, bytes]) -> str:
    """Date, and hour where it is known, of a unit's delivery, as its digits."""
    parts = unit.split("/")
    if parts[0] != "dynamodb":
        return "".join(part for part in parts[2:-1] if part.isdigit())
    summary = files.get(f"{unit}/manifest-summary.json")
    times = json.loads(summary) if summary else {}
    exported = times.get("exportTime") or times.get("exportToTime") or parts[-1]
    return "".join(character for character in exported if character.isdigit())[:10]


def delivered_again(files: Mapping[str, bytes]) -> Files:
    """The same content under other paths: what another delivery of everything looks like. Data Pipeline dumps are
    left out, because the path is what says when such a dump was made; so is what is still being written."""
    again: Files = {}
    for path, data in files.items():
        folder, _, name = path.rpartition("/")
        parts = path.split("/")
        if parts[0] != "dynamodb":
            stem, dot, ending = name.partition(".")
            if stem and not stem.startswith("_") and not name.endswith(".tmp"):
                again[f"{folder}/{stem}-again{dot}{ending}"] = data
        elif parts[2] == "AWSDynamoDB":
            again["/".join([*parts[:3], f"{parts[3]}-again", *parts[4:]])] = data
    return again


def copy_of(house: House, folder: Path) -> House:
    """Another house with the same inbox, lake and warehouse, to change without harm to the first."""
    shutil.copytree(house.folder, folder, dirs_exist_ok=True)
    return replace(house, folder=folder)


@cache
def parsed(artefacts: Path, project: Path = ROOT) -> Any:
    """The project as dbt parses it, once for all builds of a session; processes with the same artefacts share it."""

    def parse() -> Any:
        from dbt.cli.main import dbtRunner

        folders = ["--target-path", str(artefacts), "--log-path", str(artefacts)]
        with chdir(project):
            return dbtRunner().invoke(["--quiet", "parse", *folders])

    return parsed_once(artefacts / "parsed", parse)


def parsed_once(file: Path, parse: Callable[[], Any]) -> Any:
    """The manifest that this run of `dbt parse` finds; see `made_once`."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser import manifest as own  # how dbt keeps one itself; it can't be pickled

    def found() -> Any:
        done = parse()
        assert done.success, f"dbt parse did not succeed: {done.exception}"
        return done.result.to_msgpack(own.extended_mashumaro_encoder)

    manifest: Any = Manifest.from_msgpack(made_once(file, found), decoder=own.extended_mashumuro_decoder)
    manifest.build_flat_graph()  # which is what macros see
    return manifest


def made_once(file: Path, make: Callable[[], Any]) -> Any:
    """What the function returns, kept in a file: of several processes that want it the first makes it, others wait."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_bytes(pickle.dumps(make()))
    return pickle.loads(file.read_bytes())


@cache
def _silent(artefacts: Path, project: Path) -> Any:
    return without_comments(parsed(artefacts, project))


def without_comments(manifest: Any) -> Any:
    """The same project, whose builds write no comments."""
    copy = manifest.deepcopy()
    for node in copy.nodes.values():
        node.config.persist_docs = {}
    return copy


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """With these variables set, for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
