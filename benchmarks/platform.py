"""Every step from an empty inbox to published marts, measured on a simulated platform, and peers on the same files.

    .venv/bin/python -m benchmarks.platform --users 4000 --days 60 --out /tmp/bench

README.md beside this file says how to read what it prints.
"""

import argparse
import json
import re
import shutil
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, circumstances, run

END = "2026-03-31"
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
STREAMS = {
    "play",
    "navigation",
    "tokenrequest",
    "musicserviceauth",
    "voicefeedback",
    "showinteraction",
    "notification",
    "promotion",
}
_DAY_OF_DUMP = re.compile(r"/([0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9]{2}-[0-9]{2}-[0-9]{2}$")


@dataclass
class Bench:
    """A run below the folder `out`: where things lie, and the steps so far."""

    out: Path
    steps: list[dict[str, Any]] = field(default_factory=list)

    def settings(self, lake: str = "lake", warehouse: str = "earshot") -> dict[str, str]:
        return {
            "EARSHOT_INBOX": str(self.out / "inbox"),
            "EARSHOT_LAKE": str(self.out / lake),
            "EARSHOT_WAREHOUSE": str(self.out / f"{warehouse}.duckdb"),
            "EARSHOT_SERVING": str(self.out / "serving"),
            "DBT_TARGET_PATH": str(self.out / "target"),
            "DBT_LOG_PATH": str(self.out / "logs"),
        }

    def step(self, name: str, arguments: Sequence[str], records: int | None = None, **where: str) -> Any:
        """Measure `earshot ARGUMENTS --json`, remember it as a step, return what it printed."""
        printed, cost = run("commands", [*arguments, "--json"], self.settings(**where), self.out / "bench.log")
        document = json.loads(printed)
        self.remember(name, cost, records if records is not None else read(document))
        return document

    def remember(self, name: str, cost: Cost, records: int | None) -> None:
        row = {"step": name, **asdict(cost), "records": records}
        row["records_per_second"] = records / cost.seconds if records else None
        self.steps.append(row)
        print(shown(row), file=sys.stderr, flush=True)


def read(document: dict[str, Any]) -> int | None:
    """How many records a simulation wrote or a load read; None for other documents."""
    if "load_id" in document:
        return sum(int(one["records_read"]) for one in document["datasets"])
    return sum(map(int, document["records"].values())) if "records" in document else None


def platform(bench: Bench, users: int, days: int) -> dict[str, int]:
    """The whole way, then one more day of it; returns how many events there are, in all and on that day."""
    made = bench.step("simulate", ["simulate", "--users", str(users), "--days", str(days), "--end", END])
    inbox = bench.out / "inbox"
    with held_back(inbox, bench.out / "held", delivered_on(inbox, date.fromisoformat(END))):
        landed = bench.step("land", ["land"])
        total = read(landed)
        bench.step("build, models alone", ["build", *WITHOUT_TESTS], total, warehouse="untested")
        bench.step("build", ["build"], total)
        bench.step("publish", ["publish"])
    landed = bench.step("land, one more day", ["land"])
    bench.step("build, one more day", ["build"], read(landed))
    bench.step("land, nothing new", ["land"], 0)
    bench.step("build, nothing new", ["build"], 0)
    bench.step("build, nothing new, models alone", ["build", *WITHOUT_TESTS], 0)
    of_the_day = sum(one["records_read"] for one in landed["datasets"] if one["dataset"] in STREAMS)
    return {"events": made["events"], "events_of_last_day": of_the_day}


@contextmanager
def held_back(inbox: Path, aside: Path, deliveries: Iterable[Path]) -> Iterator[None]:
    """The inbox without some deliveries: they lie aside meanwhile, and come back as they were."""
    moved = list(deliveries)
    for path in moved:
        _move(path, aside / path.relative_to(inbox))
    try:
        yield
    finally:
        for path in moved:
            _move(aside / path.relative_to(inbox), path)


def delivered_on(inbox: Path, day: date) -> Iterator[Path]:
    """The folders of the deliveries and dumps of one day."""
    yield from inbox.glob(f"events/*/*/{day:%Y/%m/%d}")
    yield from inbox.glob(f"catalog/*/{day:%Y/%m/%d}")
    for folder in inbox.glob("dynamodb/*/*"):
        found = _DAY_OF_DUMP.search(folder.as_posix())
        if found and found[1] == day.isoformat():
            yield folder
    for summary in inbox.glob("dynamodb/*/AWSDynamoDB/*/manifest-summary.json"):
        if json.loads(summary.read_text())["exportTime"].startswith(day.isoformat()):
            yield summary.parent


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def peers(bench: Bench, rounds: int) -> dict[str, dict[str, float]]:
    """Landing the play events, and others doing less with them, in turns; then a copy of the lake.

    Returns the ratios of seconds and of CPU seconds, ours to theirs: the median over the rounds.
    """
    log = bench.out / "bench.log"
    inbox = bench.out / "inbox"
    ratios: dict[str, list[tuple[float, float]]] = {}
    records = None
    for number in range(rounds):
        ours = None
        for name in ("land", "decode", "read-json"):
            target = bench.out / f"peer-{name}"
            _remove(target)
            if name == "land":
                settings = bench.settings(lake=target.name)
                printed, cost = run("commands", ["land", "--dataset", "play", "--json"], settings, log)
                records, ours = read(json.loads(printed)), cost
            else:
                printed, cost = run("benchmarks.peers", [name, str(inbox), str(target)], {}, log)
                if int(printed) != records:
                    raise RuntimeError(f"{name} wrote {printed.strip()} rows of {records}")
            bench.remember(f"play events, round {number + 1}: {name}", cost, records)
            if ours and cost is not ours:
                ratios.setdefault(f"land / {name}", []).append(_ratio(ours, cost))
            _remove(target)
    target = bench.out / "peer-copy"
    _remove(target)
    printed, cost = run("benchmarks.peers", ["copy", str(bench.out / "lake"), str(target)], {}, log)
    bench.remember("copy of the lake into tables", cost, int(printed))
    _remove(target)
    for name in ("build, models alone", "build", "build, one more day"):
        of_ours = next(row for row in bench.steps if row["step"] == name)
        ratios[f"{name} / copy"] = [(of_ours["seconds"] / cost.seconds, of_ours["cpu_seconds"] / cost.cpu_seconds)]
    return {
        name: {
            "seconds": round(statistics.median(one for one, _ in found), 2),
            "cpu_seconds": round(statistics.median(one for _, one in found), 2),
        }
        for name, found in ratios.items()
    }


def _ratio(ours: Cost, theirs: Cost) -> tuple[float, float]:
    return ours.seconds / theirs.seconds, ours.cpu_seconds / theirs.cpu_seconds


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def shown(row: dict[str, Any]) -> str:
    """A step as a line of the table."""
    records = f"{row['records']:>11,}" if row["records"] is not None else " " * 11
    speed = f"{row['records_per_second']:>11,.0f}" if row["records_per_second"] else " " * 11
    memory = row["peak_bytes"] / 2**20
    return f"{row['step']:36}{row['seconds']:>9.1f}{row['cpu_seconds']:>9.1f}{memory:>9.0f}{records}{speed}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.platform", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--users", type=int, default=1000, help="accounts of the platform (default 1000)")
    parser.add_argument("--days", type=int, default=50, help="days of its life (default 50)")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure the peers (default 3)")
    parser.add_argument("--out", type=Path, required=True, help="a new folder, for everything")
    parser.add_argument("--keep", action="store_true", help="keep inbox, lake and warehouses, not only the result")
    arguments = parser.parse_args()
    out: Path = arguments.out.absolute()
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty; name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    bench = Bench(out)
    header = f"{'step':36}{'seconds':>9}{'CPU s':>9}{'MiB':>9}{'records':>11}{'records/s':>11}"
    print(header, file=sys.stderr)
    around = circumstances()
    size = platform(bench, arguments.users, arguments.days)
    ratios = peers(bench, arguments.rounds)
    given = {"users": arguments.users, "days": arguments.days, "end": END}
    result = {"circumstances": around, "platform": {**given, **size}, "steps": bench.steps, "ratios": ratios}
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print("\n".join([header, *map(shown, bench.steps), "", f"{'ratio':36}{'seconds':>9}{'CPU s':>9}"]))
    for name, ratio in ratios.items():
        print(f"{name:36}{ratio['seconds']:>9.2f}{ratio['cpu_seconds']:>9.2f}")
    print(f"\n{size['events']:,} events; all of it stands in {out / 'result.json'}")
    if not arguments.keep:
        for path in out.iterdir():
            if path.name not in ("result.json", "bench.log"):
                _remove(path)


if __name__ == "__main__":
    main()
