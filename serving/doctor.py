"""What a maintainer would ask first: versions, places, locks, newest data. It looks only, and never raises."""

import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import duckdb

from loaders import loads, locks
from loaders.errors import EarshotError
from loaders.lake import MARKER, check_format
from loaders.store import open_store
from serving import query, results, warehouse

PACKAGES = ("dbt-core", "dbt-duckdb", "dbt-redshift", "duckdb", "pyarrow", "msgspec")
SCARCE = 2_000_000_000  # bytes: less may not do for a build's spill files


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and, when it needs attention, what to do about it."""

    group: str
    name: str
    found: str
    remedy: str | None = None


@dataclass(frozen=True)
class Places:
    """Where to look; inbox and lake may be `s3://` addresses."""

    root: Path
    inbox: str
    lake: str
    warehouse: Path
    serving: Path


def examine(places: Places) -> list[Finding]:
    """All findings, in the order in which data flows."""
    parts: list[tuple[str, Callable[[Places], Iterator[Finding]]]] = [
        ("versions", _versions),
        ("inbox", _inbox),
        ("lake", _lake),
        ("warehouse", _warehouse),
        ("published", _published),
        ("disk", _disk),
    ]
    found: list[Finding] = []
    for group, look in parts:
        try:
            found.extend(look(places))
        except Exception as error:  # the doctor reports what it cannot see, too
            said = f"could not be looked at ({type(error).__name__}: {warehouse.first_line(error)})"
            found.append(Finding(group, group, said, "Check that the place can be read by you."))
    return found


def _versions(places: Places) -> Iterator[Finding]:
    project = tomllib.loads((places.root / "pyproject.toml").read_text())["project"]
    yield Finding("versions", "earshot", str(project["version"]))
    yield Finding("versions", "python", f"{sys.version.split()[0]} ({sys.executable})")
    locked = {}
    for line in (places.root / "requirements.lock").read_text().splitlines():
        name, given, rest = line.partition("==")
        if given and not name.startswith(" "):
            locked[name.partition("[")[0]] = rest.split()[0].rstrip(";")
    for name in PACKAGES:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding("versions", name, "not installed", "Delete .venv and run `./earshot doctor` again.")
            continue
        wanted = locked.get(name, version)
        remedy = (
            None if version == wanted else f"The lock says {wanted}: delete .venv and run `./earshot doctor` again."
        )
        yield Finding("versions", name, version, remedy)


def _inbox(places: Places) -> Iterator[Finding]:
    inbox = open_store(places.inbox, "EARSHOT_INBOX")
    if not inbox.exists():
        remedy = "Set EARSHOT_INBOX to the folder that the platform writes to, or try `./earshot demo`."
        yield Finding("inbox", "EARSHOT_INBOX", f"{inbox.address} is not there", remedy)
        return
    sources = [name for name in inbox.folders() if not name.startswith(".")]
    yield Finding(
        "inbox",
        "EARSHOT_INBOX",
        f"{inbox.address}: {', '.join(sources) or 'empty'}",
        None if sources else "Nothing has been delivered; check EARSHOT_INBOX.",
    )


def _lake(places: Places) -> Iterator[Finding]:
    lake = open_store(places.lake, "EARSHOT_LAKE")
    if lake.info(MARKER) is None:
        yield Finding("lake", "EARSHOT_LAKE", f"{lake.address} holds no lake", "Run `./earshot land`.")
        return
    try:
        check_format(lake)
    except EarshotError as error:
        yield Finding("lake", "EARSHOT_LAKE", f"{lake.address} can't be used", str(error))
        return
    told = json.loads(lake.read(MARKER))
    yield Finding("lake", "EARSHOT_LAKE", f"{lake.address}: lake {told.get('lake_id')}, format {told.get('format')}")
    newest = newest_load(places.lake)
    remedy = None if newest else "Nothing has landed yet; run `./earshot land`."
    yield Finding("lake", "newest load", newest or "none", remedy)
    writer = locks.writer(lake)
    yield Finding("lake", "writer", f"{writer} is landing" if writer else "none")
    for source in lake.folders("raw"):
        for dataset in lake.folders(f"raw/{source}"):
            dates = [name.partition("=")[2] for name in lake.folders(f"raw/{source}/{dataset}") if "=" in name]
            if dates and source != "lake":
                yield Finding("lake", f"{source}.{dataset}", f"newest date {max(dates)}")


def newest_load(address: str) -> str | None:
    """The id of the newest committed load of a lake."""
    return max(loads.ids(open_store(address, "EARSHOT_LAKE")), default=None)


def _warehouse(places: Places) -> Iterator[Finding]:
    file = places.warehouse
    if not file.is_file():
        yield Finding("warehouse", "EARSHOT_WAREHOUSE", f"{file} is not there", "Run `./earshot build`.")
        return
    size = f"{file}: {file.stat().st_size / 1e6:.1f} MB"
    connection = duckdb.connect()
    try:
        catalog = warehouse.attach(connection, file)
        nodes = results.read(connection, catalog, file)
        yield Finding("warehouse", "EARSHOT_WAREHOUSE", f"{size}, last run {max(node.ran_at for node in nodes)} UTC")
        wrong = results.complaint(nodes)
        remedy = "Mend it and run `./earshot build`; publish refuses until then." if wrong else None
        yield Finding("warehouse", "tests", wrong or "all passed", remedy)
    except EarshotError as error:
        holder = lock_of(error)
        if holder:  # a running build is no ailment
            yield Finding("warehouse", "EARSHOT_WAREHOUSE", f"{size}, in use by {holder}")
        else:
            yield Finding("warehouse", "EARSHOT_WAREHOUSE", size, str(error))
    finally:
        connection.close()


def lock_of(error: EarshotError) -> warehouse.Holder | None:
    """The process that an error about a lock speaks of."""
    return warehouse.lock_holder(error.__cause__) if isinstance(error.__cause__, duckdb.Error) else None


def _published(places: Places) -> Iterator[Finding]:
    try:
        connection = query.connect(places.serving)
    except EarshotError as error:
        yield Finding("published", "EARSHOT_SERVING", f"{places.serving} has no published marts", str(error))
        return
    try:
        at = query.published_at(connection)
        (source, load) = connection.execute("select source, newest_load_id from main._publish").fetchall()[0]
        marts = query.marts(connection)
        newest = None
        if any(mart.name == "fct_active_users_daily" for mart in marts):
            newest = connection.execute("select max(date_day) from fct_active_users_daily").fetchall()[0][0]
    finally:
        connection.close()
    age = datetime.now(UTC).replace(tzinfo=None) - at
    newest_landed = newest_load(places.lake)
    remedy = None
    if newest_landed and (load is None or load < newest_landed):
        remedy = f"Load {newest_landed} has landed since: run `./earshot build` and `./earshot publish`."
    said = f"{places.serving}: {len(marts)} marts from {source}, {ago(age)} ago, with load {load or 'none'}"
    yield Finding("published", "EARSHOT_SERVING", said, remedy)
    yield Finding("published", "newest day", str(newest or "no activity yet"))


def ago(age: timedelta) -> str:
    """An age in its largest unit: 3 days."""
    seconds = max(0, int(age.total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}{'s' if seconds >= 2 * length else ''}"
    return f"{seconds} seconds"


def _disk(places: Places) -> Iterator[Finding]:
    local = {"EARSHOT_WAREHOUSE": places.warehouse, "EARSHOT_SERVING": places.serving}
    if "://" not in places.lake:
        local["EARSHOT_LAKE"] = Path(places.lake)
    for name, path in sorted(local.items()):
        there = path
        while not there.exists():
            there = there.parent
        free = shutil.disk_usage(there).free
        remedy = f"Free some space there, or set {name} to a larger disk." if free < SCARCE else None
        yield Finding("disk", name, f"{free / 1e9:.1f} GB free", remedy)
