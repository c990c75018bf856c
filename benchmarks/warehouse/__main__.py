"""One day more in the warehouse, with 30 and with 400 days of history behind it, and the same SQL without dbt.

    .venv/bin/python -m benchmarks.warehouse --out /tmp/history

README.md in the folder above says how to read what it prints.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.measure import Cost, circumstances, run
from benchmarks.platform import END, WITHOUT_TESTS, Bench, delivered_on, held_back

LAST = date.fromisoformat(END)
WHOLE_MOST = 3  # rounds of a whole build, which is long, and of which dbt is the smaller part
GROWN_MOST = 8
LATE_DATES = 20
ALL_OF_IT, A_DAY, LATE, NOTHING = "all of it", "a day", f"a day, {LATE_DATES} dates late", "nothing new"
LATE_REGION = "cn"  # what its line delivers late
# dbt writes its log as JSON, so that the statements can be taken from it.
LOG = {"DBT_LOG_FORMAT_FILE": "json", "DBT_LOG_FILE_MAX_BYTES": "0"}
One = TypeVar("One")


@dataclass(frozen=True)
class Round:
    """A build without tests, and its statements alone on a copy of the same warehouse."""

    models: Cost
    direct: Cost
    nodes: dict[str, float]  # the CPU seconds of the statements alone


@dataclass(frozen=True)
class Step:
    """The builds of one kind of one history, one a round, and one with tests."""

    history: int
    name: str
    rounds: list[Round]
    with_tests: Cost

    @property
    def models(self) -> Cost:
        return _middle([one.models for one in self.rounds], lambda cost: cost.cpu_seconds)

    @property
    def direct(self) -> Round:
        return _middle(self.rounds, lambda one: one.direct.cpu_seconds)


def histories(out: Path, inbox: Path, lengths: Sequence[int], rounds: int) -> list[Step]:
    """Cut the histories from the end of an inbox, and take each, and one without data, through the same steps."""
    benches = {0: new_bench(out / "0")}
    for length in lengths:
        benches[length] = new_bench(out / str(length))
        cut(inbox, benches[length].out / "inbox", length)
    # the one without data is built again and again as it is
    run("commands", ["build", *WITHOUT_TESTS], benches[0].settings(), benches[0].out / "bench.log")
    steps = []
    with ExitStack() as late, ExitStack() as the_day:
        for bench in list(benches.values())[1:]:
            held = bench.out / "inbox"
            late_dates = [LAST - timedelta(days=back) for back in range(2, 2 + LATE_DATES)]
            folders = [one for day in late_dates for one in held.glob(f"events/{LATE_REGION}/*/{day:%Y/%m/%d}")]
            late.enter_context(held_back(held, bench.out / "late", [*folders, *delivered_on(held, LAST)]))
            last_but_one = delivered_on(held, LAST - timedelta(days=1))
            the_day.enter_context(held_back(held, bench.out / "day", last_but_one))
        steps += in_turns(benches, ALL_OF_IT, min(rounds, WHOLE_MOST))
        the_day.close()
        steps += in_turns(benches, A_DAY, rounds)
        late.close()
        steps += in_turns(benches, LATE, rounds)
        steps += in_turns(benches, NOTHING, rounds)
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


def in_turns(benches: Mapping[int, Bench], name: str, rounds: int) -> list[Step]:
    """Land what has come, then build each history in turns, each time from the same warehouse; the last build stays."""
    for length, bench in benches.items():
        if length:
            run("commands", ["land"], bench.settings(), bench.out / "bench.log")
        if _warehouse(bench).exists():
            shutil.copy2(_warehouse(bench), _before(bench))
    taken: dict[int, list[Round]] = {length: [] for length in benches}
    for _ in range(rounds):
        for length, bench in benches.items():
            taken[length].append(built(bench, name))
    steps = []
    for length, bench in benches.items():
        _as_it_was(bench)
        with_tests = run("commands", ["build"], bench.settings(), bench.out / "bench.log")[1]
        steps.append(Step(length, name, taken[length], with_tests))
        _before(bench).unlink(missing_ok=True)
        print(shown(steps[-1]), file=sys.stderr, flush=True)
    return steps


def built(bench: Bench, name: str) -> Round:
    """Build, then execute the statements of that build alone; both give the same marts, else RuntimeError."""
    logged, words = bench.out / "logs" / "dbt.log", bench.out / "bench.log"
    _as_it_was(bench)
    logged.unlink(missing_ok=True)
    models = run("commands", ["build", *WITHOUT_TESTS], {**bench.settings(), **LOG}, words)[1]
    marts = _marts(_warehouse(bench))
    _as_it_was(bench)
    printed, cost = run("benchmarks.warehouse.direct", [str(logged), str(_warehouse(bench))], {}, words)
    if _marts(_warehouse(bench)) != marts:
        raise RuntimeError(f"{name}: the statements of the build alone gave other marts than the build")
    nodes: dict[str, float] = json.loads(printed)
    # without Python's own start and the reading of the log
    return Round(models, replace(cost, cpu_seconds=sum(nodes.values())), nodes)


def _warehouse(bench: Bench) -> Path:
    return bench.out / "earshot.duckdb"


def _before(bench: Bench) -> Path:
    return bench.out / "before.duckdb"


def _as_it_was(bench: Bench) -> None:
    _warehouse(bench).unlink(missing_ok=True)
    if _before(bench).exists():
        shutil.copy2(_before(bench), _warehouse(bench))


def _marts(warehouse: Path) -> dict[str, tuple[int, int]]:
    """The number of rows and a checksum of each mart, whatever their order."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        named = "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        return {
            name: connection.execute(f"select count(*), bit_xor(hash(mart)) from marts.{name} as mart").fetchall()[0]
            for (name,) in connection.execute(named).fetchall()
        }


def _middle(measured: Sequence[One], cost: Callable[[One], float]) -> One:
    """The one in the middle by its cost, of two the cheaper."""
    return sorted(measured, key=cost)[(len(measured) - 1) // 2]


def of_step(steps: Sequence[Step], name: str) -> dict[int, Step]:
    """A step of each history, that without data too."""
    return {step.history: step for step in steps if step.name == name}


def dbt_itself(empty: Step) -> float:
    """CPU seconds of a build with no data and nothing new, without those of its statements."""
    return statistics.median(one.models.cpu_seconds - one.direct.cpu_seconds for one in empty.rounds)


def ratios(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """What dbt takes by itself, and, for each step of a history, what is left in proportion to its statements alone.

    The medians of the rounds; dbt itself as it was in the turns of the same step.
    """
    found = []
    for step in steps:
        itself = dbt_itself(of_step(steps, step.name)[0])
        by_round = [(one.models.cpu_seconds - itself) / one.direct.cpu_seconds for one in step.rounds]
        if step.history:
            found.append(
                {
                    "history": step.history,
                    "step": step.name,
                    "dbt itself": round(itself, 2),
                    "dbt / direct": round(statistics.median(by_round), 2),
                }
            )
    return found


def growth(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Each step with the longest history in proportion to the same with the shortest, and the nodes that grew most.

    The medians of the rounds: a round's builds stood beside each other.
    """
    lengths = [step.history for step in steps if step.history]
    found = []
    for name in dict.fromkeys(step.name for step in steps):
        short, long = (of_step(steps, name)[length] for length in (min(lengths), max(lengths)))
        grown = {node: (short.direct.nodes.get(node, 0.0), spent) for node, spent in long.direct.nodes.items()}
        most = sorted(grown, key=lambda node: grown[node][0] - grown[node][1])[:GROWN_MOST]
        pairs = list(zip(short.rounds, long.rounds, strict=True))
        found.append(
            {
                "step": name,
                "models": _times([(one.models.cpu_seconds, other.models.cpu_seconds) for one, other in pairs]),
                "with tests": _times([(short.with_tests.cpu_seconds, long.with_tests.cpu_seconds)]),
                "direct": _times([(one.direct.cpu_seconds, other.direct.cpu_seconds) for one, other in pairs]),
                "grown most": {node: [round(spent, 3) for spent in grown[node]] for node in most},
            }
        )
    return found


def _times(pairs: Iterable[tuple[float, float]]) -> float:
    return round(statistics.median(long / short for short, long in pairs), 2)


HEADER = (
    f"{'history':>7}  {'step':24}{'models: s':>10}{'CPU s':>8}{'MiB':>7}{'with tests: s':>15}{'CPU s':>8}{'MiB':>7}"
    f"{'direct: CPU s':>15}{'MiB':>7}"
)


def shown(step: Step) -> str:
    """A step as a line of the table."""
    models, tests, direct = step.models, step.with_tests, step.direct.direct
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
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often to build each (default 5; all of it at most 3 times)"
    )
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
        "ratios": ratios(steps),
        "growth": growth(steps),
    }
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print("\n".join([HEADER, *map(shown, steps)]))
    print(f"\n{'history':>7}  {'step':24}{'dbt itself: CPU s':>18}{'the rest in proportion to direct':>35}")
    for row in ratios(steps):
        print(f"{row['history']:>7}  {row['step']:24}{row['dbt itself']:>18.1f}{row['dbt / direct']:>35.2f}")
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
