"""One day more in the warehouse, with 30 and with 400 days of history behind it, and the same SQL without dbt.

    .venv/bin/python -m benchmarks.warehouse --out /tmp/history

README.md in the folder above says how to read what it prints.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, circumstances, run
from benchmarks.platform import END, WITHOUT_TESTS, Bench, delivered_on, held_back

LAST = date.fromisoformat(END)
A_DAY = "a day"
NOTHING = "nothing new"
GROWN_MOST = 8
LATE_DATES = 20
LATE_REGION = "cn"  # what its line delivers late
# dbt writes its log as JSON, so that the statements can be taken from it.
LOG = {"DBT_LOG_FORMAT_FILE": "json", "DBT_LOG_FILE_MAX_BYTES": "0"}


@dataclass(frozen=True)
class Step:
    """A build of one history: what it cost with and without tests, and what its statements without tests cost alone."""

    history: int
    name: str
    models: Cost
    with_tests: Cost
    direct: Cost
    nodes: dict[str, float]  # the CPU seconds of the statements alone


def histories(out: Path, inbox: Path, lengths: Sequence[int], rounds: int) -> list[Step]:
    """Cut the histories from the end of an inbox, and measure each; first of all none."""
    empty = new_bench(out / "0")
    run("commands", ["build", *WITHOUT_TESTS], empty.settings(), empty.out / "bench.log")
    steps = [measured(empty, 0, NOTHING, rounds)]
    for length in lengths:
        bench = new_bench(out / str(length))
        cut(inbox, bench.out / "inbox", length)
        steps += history(bench, length, rounds)
    return steps


def simulated(bench: Bench, users: int, length: int) -> Path:
    """An inbox of so many days, and two more: the day that is added, and the day on which others come late."""
    days = ["--days", str(length + 2), "--end", END]
    run("commands", ["simulate", "--users", str(users), *days], bench.settings(), bench.out / "bench.log")
    return bench.out / "inbox"


def new_bench(out: Path) -> Bench:
    """A folder of its own, and the project parsed there."""
    out.mkdir()
    bench = Bench(out)
    run("dbt.cli.main", ["parse"], bench.settings(), out / "bench.log")
    return bench


def cut(inbox: Path, target: Path, length: int) -> None:
    """Another inbox with the deliveries of the last so many days, and of the two after; the files are the same."""
    for back in range(length + 2):
        for folder in delivered_on(inbox, LAST - timedelta(days=back)):
            shutil.copytree(folder, target / folder.relative_to(inbox), copy_function=os.link)


def history(bench: Bench, length: int, rounds: int) -> list[Step]:
    """A warehouse from nothing, a day more, a day with others that come late, and nothing more."""
    inbox = bench.out / "inbox"
    late = [LAST - timedelta(days=back) for back in range(2, 2 + LATE_DATES)]
    late_folders = [folder for day in late for folder in inbox.glob(f"events/{LATE_REGION}/*/{day:%Y/%m/%d}")]
    steps = []
    with held_back(inbox, bench.out / "late", [*late_folders, *delivered_on(inbox, LAST)]):
        with held_back(inbox, bench.out / "day", delivered_on(inbox, LAST - timedelta(days=1))):
            land(bench)
            steps.append(measured(bench, length, "all of it", 1))
        land(bench)
        steps.append(measured(bench, length, A_DAY, rounds))
    land(bench)
    steps.append(measured(bench, length, f"a day, {LATE_DATES} dates late", rounds))
    steps.append(measured(bench, length, NOTHING, rounds))
    return steps


def land(bench: Bench) -> None:
    run("commands", ["land"], bench.settings(), bench.out / "bench.log")


def measured(bench: Bench, length: int, name: str, rounds: int) -> Step:
    """Build, in turns with the statements alone, each time from the same warehouse; the last build stays."""
    warehouse, before = bench.out / "earshot.duckdb", bench.out / "before.duckdb"
    logged, words = bench.out / "logs" / "dbt.log", bench.out / "bench.log"
    settings = {**bench.settings(), **LOG}
    if warehouse.exists():
        shutil.copy2(warehouse, before)
    models: list[Cost] = []
    alone: list[tuple[Cost, dict[str, float]]] = []
    for _ in range(rounds):
        _as_it_was(warehouse, before)
        logged.unlink(missing_ok=True)
        models.append(run("commands", ["build", *WITHOUT_TESTS], settings, words)[1])
        built = _marts(warehouse)
        _as_it_was(warehouse, before)
        printed, cost = run("benchmarks.warehouse.direct", [str(logged), str(warehouse)], {}, words)
        nodes: dict[str, float] = json.loads(printed)
        # without Python's own start and the reading of the log
        alone.append((replace(cost, cpu_seconds=sum(nodes.values())), nodes))
        if _marts(warehouse) != built:
            raise RuntimeError(f"{name}: the statements of the build alone gave other marts than the build")
    _as_it_was(warehouse, before)
    with_tests = run("commands", ["build"], settings, words)[1]
    before.unlink(missing_ok=True)
    direct, nodes = _middle(alone, lambda one: one[0])
    step = Step(length, name, _middle(models, lambda cost: cost), with_tests, direct, nodes)
    print(shown(step), file=sys.stderr, flush=True)
    return step


def _as_it_was(warehouse: Path, before: Path) -> None:
    warehouse.unlink(missing_ok=True)
    if before.exists():
        shutil.copy2(before, warehouse)


def _marts(warehouse: Path) -> dict[str, tuple[int, int]]:
    """The number of rows and a checksum of each mart, whatever their order."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        named = "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        return {
            name: connection.execute(f"select count(*), bit_xor(hash(mart)) from marts.{name} as mart").fetchall()[0]
            for (name,) in connection.execute(named).fetchall()
        }


def _middle(measurements: Sequence[Any], cost: Callable[[Any], Cost]) -> Any:
    """The one in the middle by CPU seconds, of two the cheaper."""
    return sorted(measurements, key=lambda one: cost(one).cpu_seconds)[(len(measurements) - 1) // 2]


def ratios(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """What dbt takes by itself, and, for each step of a history, what is left in proportion to its statements alone."""
    itself = dbt_itself(steps)
    return [
        {
            "history": step.history,
            "step": step.name,
            "dbt / direct": round((step.models.cpu_seconds - itself) / step.direct.cpu_seconds, 2),
        }
        for step in steps
        if step.history
    ]


def dbt_itself(steps: Sequence[Step]) -> float:
    """CPU seconds of a build with no data and nothing new, without those of its statements."""
    empty = next(step for step in steps if not step.history)
    return empty.models.cpu_seconds - empty.direct.cpu_seconds


def growth(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Each step with the longest history in proportion to the same with the shortest, and the nodes that grew most."""
    shortest, longest = min(one.history for one in steps if one.history), max(one.history for one in steps)
    found = []
    for name in dict.fromkeys(step.name for step in steps if step.history):
        short, long = (
            next(one for one in steps if (one.history, one.name) == (length, name)) for length in (shortest, longest)
        )
        nodes = {node: [round(short.nodes.get(node, 0.0), 3), round(spent, 3)] for node, spent in long.nodes.items()}
        most = sorted(nodes, key=lambda node: nodes[node][0] - nodes[node][1])[:GROWN_MOST]
        found.append(
            {
                "step": name,
                "models": round(long.models.cpu_seconds / short.models.cpu_seconds, 2),
                "with tests": round(long.with_tests.cpu_seconds / short.with_tests.cpu_seconds, 2),
                "direct": round(long.direct.cpu_seconds / short.direct.cpu_seconds, 2),
                "grown most": {
                    node: [round(short.nodes.get(node, 0.0), 3), round(long.nodes[node], 3)] for node in most
                },
            }
        )
    return found


HEADER = (
    f"{'history':>7}  {'step':24}{'models: s':>10}{'CPU s':>8}{'MiB':>7}{'with tests: s':>15}{'CPU s':>8}{'MiB':>7}"
    f"{'direct: CPU s':>15}{'MiB':>7}"
)


def shown(step: Step) -> str:
    """A step as a line of the table."""
    models, tests, direct = step.models, step.with_tests, step.direct
    return (
        f"{step.history:>7}  {step.name:24}{models.seconds:>10.1f}{models.cpu_seconds:>8.1f}{_mib(models):>7}"
        f"{tests.seconds:>15.1f}{tests.cpu_seconds:>8.1f}{_mib(tests):>7}{direct.cpu_seconds:>15.2f}{_mib(direct):>7}"
    )


def _mib(cost: Cost) -> str:
    return f"{cost.peak_bytes / 2**20:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warehouse", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--users", type=int, default=1000, help="accounts of the platform (default 1000)")
    parser.add_argument("--days", type=int, nargs="+", default=[30, 120, 400], help="histories (default 30 120 400)")
    parser.add_argument("--rounds", type=int, default=2, help="how often to measure a day (default 2)")
    parser.add_argument("--inbox", type=Path, help="what an earlier run simulated, with the same --users and --days")
    parser.add_argument("--out", type=Path, required=True, help="a new folder, for everything")
    parser.add_argument("--keep", action="store_true", help="keep inboxes, lakes and warehouses, not only the result")
    arguments = parser.parse_args()
    out: Path = arguments.out.absolute()
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty; name a new folder")
    if min(arguments.days) < LATE_DATES + 1:
        parser.error(f"a history has at least {LATE_DATES + 1} days, because so many of its dates are late")
    out.mkdir(parents=True, exist_ok=True)
    around = circumstances()
    print(HEADER, file=sys.stderr)
    inbox = arguments.inbox or simulated(Bench(out), arguments.users, max(arguments.days))
    steps = histories(out, inbox.absolute(), sorted(arguments.days), arguments.rounds)
    result = {
        "circumstances": around,
        "platform": {"users": arguments.users, "days": sorted(arguments.days), "end": END},
        "steps": [asdict(step) for step in steps],
        "dbt_itself_cpu_seconds": round(dbt_itself(steps), 2),
        "ratios": ratios(steps),
        "growth": growth(steps),
    }
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print("\n".join([HEADER, *map(shown, steps)]))
    print(f"\ndbt itself: {result['dbt_itself_cpu_seconds']} CPU s, then in proportion to the statements alone:")
    for row in ratios(steps):
        print(f"{row['history']:>7}  {row['step']:24}{row['dbt / direct']:>10.2f}")
    print(f"\n{max(arguments.days)} days in proportion to {min(arguments.days)}, CPU s:")
    for row in growth(steps):
        kinds = ", ".join(f"{kind} {row[kind]:.2f}" for kind in ("models", "with tests", "direct"))
        print(f"{row['step']:24}{kinds}")
        for node, (short, long) in row["grown most"].items():
            print(f"    {node:34}{short:>8.3f}{long:>8.3f}")
    if not arguments.keep:
        for path in out.iterdir():
            if path.is_dir():
                shutil.rmtree(path)


if __name__ == "__main__":
    main()
