"""The simulated inbox: what others load and compute from must be exactly what the sources' description allows."""

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from loaders.errors import EarshotError
from loaders.simulate import Summary, simulate
from loaders.simulate.breakage import CHANGE, EVENT, ITEM, UNREADABLE
from loaders.simulate.world import CLIENTS, TRIAL
from tests.loaders.inbox_reader import contracts, dataset_of, read, unpacked

ROOT = Path(__file__).resolve().parents[2]
END = date(2026, 3, 15)
STREAM = re.compile(r"events/(eu|cn)/(\w+)/\d{4}/\d\d/\d\d(/\d\d)?/[^/]+")
CHANGES = re.compile(r"catalog/(shows|creators|firmware)/\d{4}/\d\d/\d\d/\d\d/[^/]+")
NATIVE = re.compile(r"dynamodb/(users|devices)/AWSDynamoDB/[^/]+/data/[^/]+\.json\.gz")
PIPELINE = re.compile(r"dynamodb/(users|devices)/\d{4}(-\d\d){5}/[0-9a-f-]+")
RULES = contracts()


def files(inbox: Path) -> Iterator[tuple[str, Path]]:
    """Every file, in order, with its path below the inbox."""
    for path in sorted(inbox.rglob("*")):
        if path.is_file():
            yield path.relative_to(inbox).as_posix(), path


def is_data(relative: str) -> bool:
    """Whether a path holds records that are to be read."""
    name = relative.rsplit("/", 1)[-1]
    unfinished = name.startswith(("_", ".")) or name.endswith(".tmp")
    return not unfinished and any(shape.fullmatch(relative) for shape in (STREAM, CHANGES, NATIVE, PIPELINE))


def events(inbox: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every event record of a clean inbox as (region, stream, record)."""
    for relative, path in files(inbox):
        if relative.startswith("events/"):
            for line in unpacked(path).splitlines():
                yield relative.split("/")[1], relative.split("/")[2], json.loads(line)


def moment(value: str | int) -> datetime:
    """A timestamp of a record, in UTC."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value)).astimezone(UTC)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    inbox = tmp_path_factory.mktemp("clean") / "inbox"
    return inbox, simulate(inbox, users=80, days=12, end=END, seed=7)


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    inbox = tmp_path_factory.mktemp("messy") / "inbox"
    summary = simulate(inbox, users=80, days=15, end=END, seed=3, mess=0.2, broken_files=8)
    assert summary.truth == inbox.parent / "truth.json"
    truth: dict[str, Any] = json.loads(summary.truth.read_bytes())
    return inbox, truth


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    """Each run is a process of its own: the order of a set differs between processes, not within one."""
    program = (
        "import sys; from datetime import date; from pathlib import Path; from loaders.simulate import simulate;"
        "simulate(Path(sys.argv[1]), users=20, days=3, end=date(2026, 3, 15), seed=int(sys.argv[2]), mess=0.05,"
        " broken_files=2)"
    )

    def content(name: str, seed: int, hash_seed: str) -> dict[str, bytes]:
        command = [sys.executable, "-c", program, str(tmp_path / name / "inbox"), str(seed)]
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        return {relative: path.read_bytes() for relative, path in files(tmp_path / name)}

    first = content("first", 1, "1")
    assert first == content("second", 1, "2")
    assert first.keys() != content("third", 2, "1").keys()


def test_every_record_of_a_clean_inbox_is_valid_by_its_contract(clean: tuple[Path, Summary]) -> None:
    inbox, summary = clean
    counts: Counter[str] = Counter()
    for relative, path in files(inbox):
        if is_data(relative):
            dataset = dataset_of(relative)
            reading = read(path, relative, RULES[dataset])
            assert (reading.broken_lines, reading.blank_lines, reading.glued) == ([], 0, 0), relative
            counts[dataset] += len(reading.valid)
            undeclared = {name for record in reading.valid for name in record} - RULES[dataset].keys()
            assert not undeclared, relative
    assert summary.truth is None
    assert set(counts) == set(RULES) - {"loads", "load_dates", "states", "quarantine"}, "every dataset has records"
    assert {name: counts[name] for name in summary.records} == summary.records


def test_every_file_stands_where_its_source_puts_it(clean: tuple[Path, Summary]) -> None:
    inbox, summary = clean
    paths = [relative for relative, _ in files(inbox)]
    others = [path for path in paths if not is_data(path)]
    manifests = re.compile(
        r"dynamodb/\w+/(AWSDynamoDB/[^/]+/(_started|manifest-(files|summary)\.(json|md5))|[-\d]+/_SUCCESS)"
    )
    assert [path for path in others if not manifests.fullmatch(path)] == [".simulated.json"]
    assert summary.files == len(paths) - 1
    streams = [match for path in paths if (match := STREAM.fullmatch(path))]
    assert {bool(match[3]) for match in streams} == {True, False}, "deliveries by the hour and by the day"
    endings = {"".join(Path(match[0]).suffixes[-2:]) for match in streams}
    assert {".json", ".jsonl", ".json.gz"} <= endings
    hidden = [path for path in paths if (inbox / path).read_bytes()[:2] == b"\x1f\x8b" and not path.endswith(".gz")]
    assert hidden, "some gzip files do not say so"


def test_native_exports_list_their_data_files_truly(clean: tuple[Path, Summary]) -> None:
    inbox, summary = clean
    summaries = sorted(inbox.glob("dynamodb/*/AWSDynamoDB/*/manifest-summary.json"))
    empty = 0
    for path in summaries:
        about = json.loads(path.read_bytes())
        listing = [json.loads(line) for line in (path.parent / "manifest-files.json").read_bytes().splitlines()]
        assert (about["exportType"], about["outputFormat"]) == ("FULL_EXPORT", "DYNAMODB_JSON")
        assert about["itemCount"] == sum(entry["itemCount"] for entry in listing)
        assert {Path(entry["dataFileS3Key"]).name for entry in listing} == {
            data.name for data in (path.parent / "data").iterdir()
        }
        for entry in listing:
            content = (path.parent / "data" / Path(entry["dataFileS3Key"]).name).read_bytes()
            assert base64.b64decode(entry["md5Checksum"]) == hashlib.md5(content).digest()
            assert len(gzip.decompress(content).splitlines()) == entry["itemCount"]
            empty += entry["itemCount"] == 0
        assert len(listing) > 1
    older = sorted(inbox.glob("dynamodb/*/*/_SUCCESS"))
    assert empty and older and len(summaries) + len(older) == summary.dumps


def test_tables_lose_items_and_get_some_back(tmp_path: Path) -> None:
    """Deletions are what histories of accounts and devices are about."""
    inbox = tmp_path / "inbox"
    simulate(inbox, users=200, days=50, end=END, seed=1)
    tables: dict[str, list[set[str]]] = {"users": [], "devices": []}
    for table, dumps in tables.items():
        folders = [path.parent for path in inbox.glob(f"dynamodb/{table}/*/_SUCCESS")]
        folders = sorted(folders) + sorted(path for path in inbox.glob(f"dynamodb/{table}/AWSDynamoDB/*"))
        for folder in folders:
            ids = set()
            for relative, path in files(folder):
                if relative.startswith("data/") or not relative.startswith(("_", "manifest")):
                    ids |= set(re.findall(r'"id":\{"[sS]":"([^"]+)"\}', unpacked(path).decode()))
            dumps.append(ids)
    for dumps in tables.values():
        pairs = list(pairwise(dumps))
        assert 40 < len(dumps) < 50, "some days have no dump"
        assert any(before - after for before, after in pairs), "something was deleted"
        assert len(dumps[-1]) > len(dumps[0]), "it grows"
    users = tables["users"]
    gone: set[str] = set()
    returned: set[str] = set()
    for before, after in pairwise(users):
        gone |= before - after
        returned |= gone & after
    assert returned, "somebody comes back"


def test_clocks_retries_and_delays_are_as_wrong_as_in_life(clean: tuple[Path, Summary]) -> None:
    inbox, _ = clean
    ids: Counter[str] = Counter()
    first_received: dict[str, datetime] = {}
    seen: Counter[str] = Counter()
    for region, stream, record in events(inbox):
        received, happened = moment(record["receivedtime"]), moment(record["eventtime"])
        seen[region] += 1
        seen["unsent"] += "senttime" not in record
        if "senttime" in record:
            sent = moment(record["senttime"])
            seen["late"] += received - happened > timedelta(hours=1) and received - sent < timedelta(minutes=1)
            seen["wrong clock"] += abs(received - sent) > timedelta(minutes=1)
            seen["days wrong"] += abs(received - sent) > timedelta(days=1)
            seen["set back"] += sent < happened
        seen["other day"] += received.date() > happened.date()
        seen["no user"] += record.get("userid") is None
        seen["no device"] += record.get("deviceid") is None
        seen["null"] += "userid" in record and record["userid"] is None
        seen["no country"] += record.get("countrycode") is None
        seen["upper"] += record.get("countrycode", "") not in (None, "") and record["countrycode"].isupper()
        seen["lower"] += record.get("countrycode", "") not in (None, "") and record["countrycode"].islower()
        seen["integer"] += isinstance(record["eventtime"], int)
        seen["offset"] += bool(re.search(r"[+-]\d\d:\d\d$", str(record["eventtime"])))
        seen["compact offset"] += bool(re.search(r"[+-]\d{4}$", str(record["eventtime"])))
        seen["nanoseconds"] += bool(re.search(r"\.\d{9}", str(record["eventtime"])))
        seen["whole seconds"] += bool(re.search(r":\d\dZ$", str(record["eventtime"])))
        assert record["receivedtime"][:10] <= END.isoformat()
        key = f"{stream}/{record['eventid']}"
        ids[key] += 1
        before = first_received.setdefault(key, received)
        seen["retry"] += ids[key] > 1
        seen["retry across midnight"] += before.date() != received.date()
    wanted = (
        "eu", "cn", "unsent", "late", "wrong clock", "days wrong", "set back", "other day", "no user", "no device",
        "null", "no country", "upper", "lower", "integer", "offset", "compact offset", "nanoseconds", "whole seconds",
        "retry", "retry across midnight",
    )  # fmt: skip
    assert [name for name in wanted if not seen[name]] == []
    assert seen["retry"] < 0.05 * sum(ids.values())


def test_plays_tell_seconds_once_and_never_more_than_passed(clean: tuple[Path, Summary]) -> None:
    inbox, _ = clean
    plays: dict[str, dict[str, dict[str, Any]]] = {}
    for _, stream, record in events(inbox):
        if stream == "play":
            plays.setdefault(record["playid"], {})[record["eventid"]] = record
    endings: Counter[str] = Counter()
    across = 0
    for by_id in plays.values():
        steps = sorted(by_id.values(), key=lambda step: moment(step["eventtime"]))
        if steps[0]["action"] != "play":
            continue  # its first event is not received yet, or at the same time as another
        assert "secondslistened" not in steps[0]
        heard = sum(step.get("secondslistened", 0) for step in steps)
        passed = (moment(steps[-1]["eventtime"]) - moment(steps[0]["eventtime"])).total_seconds()
        assert heard <= passed + 1.01 * len(steps)
        endings[steps[-1]["action"]] += 1
        across += moment(steps[0]["eventtime"]).date() != moment(steps[-1]["eventtime"]).date()
    assert across and min(endings[action] for action in ("stop", "skip", "play", "heartbeat")) > 0
    per_active_user = Counter[tuple[str, str]]()
    for _, _, record in events(inbox):
        if record.get("userid"):
            per_active_user[record["userid"], record["receivedtime"][:10]] += 1
    assert 25 <= sum(per_active_user.values()) / len(per_active_user) <= 60


def test_listening_follows_the_day_of_the_listeners(clean: tuple[Path, Summary]) -> None:
    """A chart by local hour must show an evening, also for China, whose evening is Europe's noon."""
    inbox, _ = clean
    zones = {"cn": 8, "eu": 1}
    hours = {region: Counter[int]() for region in zones}
    for region, stream, record in events(inbox):
        european = (record.get("countrycode") or "").lower() in ("de", "fr", "se", "nl", "it", "pl", "gb", "es")
        if stream == "play" and record["action"] == "play" and (region == "cn" or european):
            hours[region][(moment(record["receivedtime"]) + timedelta(hours=zones[region])).hour] += 1
    for counts in hours.values():
        assert sum(counts[hour] for hour in (17, 18, 19, 20, 21)) > 3 * sum(counts[hour] for hour in (1, 2, 3, 4, 5))


def test_a_show_breaks_out(clean: tuple[Path, Summary]) -> None:
    """Without a show that draws far more people than the others there would be nothing to trend."""
    inbox, _ = clean
    audience: dict[str, set[str]] = {}
    for _, stream, record in events(inbox):
        if stream == "showinteraction" and record["kind"] == "join" and record.get("userid"):
            audience.setdefault(record["showid"], set()).add(record["userid"])
    sizes = sorted(len(people) for people in audience.values())
    assert sizes[-1] >= 10 and sizes[-1] > 3 * sizes[len(sizes) // 2]


def test_the_catalog_changes_and_comes_out_of_order(clean: tuple[Path, Summary]) -> None:
    inbox, _ = clean
    messages: list[dict[str, Any]] = []
    for relative, path in files(inbox):
        if relative.startswith("catalog/shows/"):
            messages += [json.loads(line) for line in unpacked(path).splitlines()]
    times = [moment(message["updatedat"]) for message in messages]
    assert times != sorted(times)
    assert {message["op"] for message in messages} == {"upsert", "delete"}
    statuses = {message["status"] for message in messages if message["op"] == "upsert"}
    assert statuses == {"scheduled", "live", "ended", "cancelled"}
    titles: dict[str, set[str]] = {}
    for message in messages:
        titles.setdefault(message["showid"], set()).add(message.get("title", ""))
    assert any(len(names - {""}) > 1 for names in titles.values()), "one was given another title"


def test_the_account_of_a_mess_is_what_stands_in_the_files(messy: tuple[Path, dict[str, Any]]) -> None:
    inbox, truth = messy
    left = {relative for relative, _ in files(inbox) if is_data(relative)}
    left = {path for path in left if path not in truth["refused"]}
    left = {path for path in left if not path.startswith((*truth["waiting"], *truth["refused"]))}
    assert left == set(truth["files"])
    totals: Counter[str] = Counter()
    for relative, account in truth["files"].items():
        reading = read(inbox / relative, relative, RULES[dataset_of(relative)])
        assert reading.broken_lines == [broken["line"] for broken in account["broken"]], relative
        assert len(reading.valid) == account["valid"], relative
        assert account["records"] == account["valid"] + len(account["broken"])
        assert (reading.blank_lines, reading.glued) == (account["blank_lines"], account["glued"]), relative
        assert reading.duplicates == account["duplicates"], relative
        undeclared = [record for record in reading.valid if record.keys() - RULES[dataset_of(relative)].keys()]
        assert len(undeclared) == account["drifted"], relative
        totals.update(
            files=1,
            records=account["records"],
            valid=account["valid"],
            broken=len(account["broken"]),
            blank_lines=account["blank_lines"],
            duplicates=account["duplicates"],
        )
    assert dict(totals) == truth["totals"]


def test_a_mess_has_every_kind_of_trouble(messy: tuple[Path, dict[str, Any]]) -> None:
    inbox, truth = messy
    accounts = truth["files"].values()
    kinds = {broken["kind"] for account in accounts for broken in account["broken"]}
    assert kinds == {*UNREADABLE, *EVENT, *CHANGE, *ITEM}
    oddities = {oddity for account in accounts for oddity in account["oddities"]}
    assert oddities == {"crlf", "bom", "no_final_newline", "several_members", "zero_padding", "empty"}
    assert sum(account["glued"] for account in accounts) and sum(account["drifted"] for account in accounts)
    assert truth["ignored"] and all((inbox / path).is_file() for path in truth["ignored"])
    assert truth["waiting"]
    for folder in truth["waiting"]:
        assert not (inbox / folder / "manifest-summary.json").exists() and not (inbox / folder / "_SUCCESS").exists()
    assert any("/copy-" in path for path in truth["files"])


def test_changes_lead_from_one_export_to_the_next(messy: tuple[Path, dict[str, Any]]) -> None:
    inbox, truth = messy
    kinds: Counter[str] = Counter()
    for path in sorted(inbox.glob("dynamodb/*/AWSDynamoDB/*/manifest-summary.json")):
        about = json.loads(path.read_bytes())
        if about["exportType"] != "INCREMENTAL_EXPORT":
            continue
        begin, end = moment(about["exportFromTime"]), moment(about["exportToTime"])
        exported = set()
        for other in inbox.glob(f"{path.parent.parent.relative_to(inbox)}/*/manifest-summary.json"):
            if other.parent.relative_to(inbox).as_posix() not in truth["refused"]:
                summary = json.loads(other.read_bytes())
                exported.add(moment(summary.get("exportTime") or summary["exportToTime"]))
        assert max(at for at in exported if at < end) == begin, "nothing between the two is missing"
        for data in (path.parent / "data").iterdir():
            for line in unpacked(data).splitlines():
                change = json.loads(line)
                written = int(change["Metadata"]["WriteTimestampMicros"]["N"]) / 1_000_000
                assert begin.timestamp() <= written < end.timestamp()
                kinds["".join(image[:3] for image in ("NewImage", "OldImage") if image in change)] += 1
    assert set(kinds) <= {"New", "NewOld", "Old"} and kinds["NewOld"] and kinds["New"]


def test_damaged_files_are_damaged_and_no_others(messy: tuple[Path, dict[str, Any]]) -> None:
    inbox, truth = messy
    exports = {path: reason for path, reason in truth["refused"].items() if path.startswith("dynamodb/")}
    assert len(truth["refused"]) == 8 and len(exports) == 2
    for path in truth["refused"].keys() - exports.keys():
        with pytest.raises((EOFError, gzip.BadGzipFile)):
            gzip.decompress((inbox / path).read_bytes())
    for folder, reason in exports.items():
        listing = [json.loads(line) for line in (inbox / folder / "manifest-files.json").read_bytes().splitlines()]
        wrong = Counter[str]()
        for entry in listing:
            content = (inbox / folder / "data" / Path(entry["dataFileS3Key"]).name).read_bytes()
            wrong["md5"] += base64.b64decode(entry["md5Checksum"]) != hashlib.md5(content).digest()
            wrong["item_count"] += entry["itemCount"] != len(gzip.decompress(content).strip().splitlines())
        assert +wrong == {reason: 1}


@pytest.mark.parametrize(
    ("users", "days", "end"),
    [
        (0, 1, date(2026, 3, 15)),
        (0, 3, date(2026, 1, 1)),
        (1, 1, date(2024, 2, 29)),
        (3, 2, date(2026, 1, 1)),
        (3, 40, date(2024, 3, 1)),
    ],
)
def test_small_platforms_and_odd_days_work(tmp_path: Path, users: int, days: int, end: date) -> None:
    inbox = tmp_path / "inbox"
    summary = simulate(inbox, users=users, days=days, end=end, seed=1, mess=0.1, broken_files=1)
    assert (summary.first_day, summary.last_day) == (end - timedelta(days=days - 1), end)
    present = {path.name for path in inbox.iterdir() if path.is_dir()}
    assert present == ({"catalog", "events", "dynamodb"} if users else {"catalog"})
    assert (summary.events > 0) == (users > 0)
    assert summary.records["creators"] > 0 and summary.records["firmware"] > 0


def test_only_a_simulation_is_ever_replaced(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    simulate(inbox, users=2, days=2, end=END, seed=1, mess=0.1)
    with pytest.raises(EarshotError, match="already holds a simulation; add --force"):
        simulate(inbox, users=2, days=2, end=END, seed=1)
    simulate(inbox, users=0, days=1, end=END, seed=1, force=True)
    assert not (inbox / "events").exists()
    assert not (tmp_path / "truth.json").exists(), "the account of another inbox would mislead"
    precious = tmp_path / "mine"
    precious.mkdir()
    (precious / "notes.txt").write_text("keep")
    with pytest.raises(EarshotError, match="no simulation wrote"):
        simulate(precious, users=1, days=1, end=END, force=True)
    assert (precious / "notes.txt").read_text() == "keep"
    (tmp_path / "truth.json").write_text("mine")
    with pytest.raises(EarshotError, match="no account of a simulation"):
        simulate(tmp_path / "other", users=1, days=1, end=END)


@pytest.mark.parametrize("wrong", [{"users": -1}, {"days": 0}, {"mess": 1.5}, {"broken_files": -1}, {"days": 99_999}])
def test_impossible_arguments_are_named_and_leave_nothing(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(EarshotError) as caught:
        simulate(tmp_path / "inbox", **{"users": 1, "days": 1, "end": END, **wrong})
    assert caught.value.code == 2
    assert not (tmp_path / "inbox").exists()


def test_the_clients_are_those_of_the_seed_but_for_one_in_a_mess() -> None:
    seed = ROOT / "seeds" / "clients.csv"
    known = {line.split(",")[0] for line in seed.read_text(encoding="utf-8").splitlines()[1:]}
    assert {client.id for client in CLIENTS} == known
    assert TRIAL.id not in known
