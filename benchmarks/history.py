"""The history of a dumped table: its dumps applied one build at a time, and made anew from all of them in one.

    .venv/bin/python -m benchmarks.history --dumps 30 --rows 20000 --out /tmp/history

README.md beside this file says how to read what it prints.
"""

import argparse
import json
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, circumstances, run

FIRST = date(2026, 3, 1)
# On a day, of a hundred: accounts that change something, that go, that are new.
CHANGED, GONE, NEW = 2, 0.5, 0.6


def dumps(count: int, rows: int) -> Iterator[tuple[date, list[dict[str, Any]]]]:
    """The users table on one day after the other, as a Data Pipeline writes it."""
    chance = random.Random(1)
    users = {f"u{number}": _user(chance, f"u{number}") for number in range(rows)}
    made = rows
    for number in range(count):
        yield FIRST + timedelta(days=number), list(users.values())
        for id in chance.sample(sorted(users), int(rows * GONE / 100)):
            del users[id]
        for id in chance.sample(sorted(users), int(rows * CHANGED / 100)):
            users[id] = {**users[id], "country": {"s": chance.choice(["DE", "FR", "SE", "GB"])}}
        for _ in range(int(rows * NEW / 100)):
            users[f"u{made}"] = _user(chance, f"u{made}")
            made += 1


def _user(chance: random.Random, id: str) -> dict[str, Any]:
    return {
        "id": {"s": id},
        "createdAt": {"s": f"2026-02-{chance.randint(1, 28):02}T10:00:00Z"},
        "clientId": {"s": chance.choice(["earshot-ios", "earshot-web", "velora-car"])},
        "country": {"s": chance.choice(["DE", "FR", "SE", "GB"])},
        "language": {"s": chance.choice(["de", "fr", "sv", "en"])},
        "musicServices": {"sS": ["tidal"]},
        "status": {"s": "active"},
    }


def write(inbox: Path, day: date, items: list[dict[str, Any]]) -> None:
    folder = inbox / "dynamodb" / "users" / f"{day}-03-00-00"
    folder.mkdir(parents=True)
    (folder / "part-1").write_text("".join(json.dumps(item) + "\n" for item in items))
    (folder / "_SUCCESS").touch()


def measured(out: Path, count: int, rows: int) -> dict[str, Cost]:
    """Land and apply one dump after the other, then once more with nothing new; then the history anew from all."""
    settings = {
        "EARSHOT_INBOX": str(out / "inbox"),
        "EARSHOT_LAKE": str(out / "lake"),
        "EARSHOT_WAREHOUSE": str(out / "earshot.duckdb"),
        "DBT_TARGET_PATH": str(out / "target"),
        "DBT_LOG_PATH": str(out / "logs"),
    }
    log = out / "bench.log"

    def step(name: str, *arguments: str) -> Cost:
        _, cost = run("commands", [*arguments, "--json"], settings, log)
        print(shown(name, cost), file=sys.stderr, flush=True)
        return cost

    one_by_one = []
    for day, items in dumps(count, rows):
        write(out / "inbox", day, items)
        run("commands", ["land", "--json"], settings, log)
        one_by_one.append(step(f"snapshot, dump of {day}", "snapshot"))
    return {
        "one by one, all dumps": Cost(
            sum(cost.seconds for cost in one_by_one),
            sum(cost.cpu_seconds for cost in one_by_one),
            max(cost.peak_bytes for cost in one_by_one),
        ),
        "nothing new": step("snapshot, nothing new", "snapshot"),
        "anew from all": step("snapshot --rebuild", "snapshot", "--rebuild"),
    }


def shown(name: str, cost: Cost) -> str:
    return f"{name:36}{cost.seconds:>9.1f}{cost.cpu_seconds:>9.1f}{cost.peak_bytes / 2**20:>9.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--dumps", type=int, default=30, help="dumps, one a day (default 30)")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the first dump (default 20000)")
    parser.add_argument("--out", type=Path, required=True, help="a new folder, for everything")
    arguments = parser.parse_args()
    out: Path = arguments.out.absolute()
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty; name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    around = circumstances()
    costs = measured(out, arguments.dumps, arguments.rows)
    replayed, rebuilt, idle = costs["one by one, all dumps"], costs["anew from all"], costs["nothing new"]
    ratio = replayed.cpu_seconds / rebuilt.cpu_seconds
    steps = {name: asdict(cost) for name, cost in costs.items()}
    given = {"dumps": arguments.dumps, "rows": arguments.rows}
    result = {"circumstances": around, **given, "steps": steps, "cpu_ratio": round(ratio, 2)}
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{'step':36}{'seconds':>9}{'CPU s':>9}{'MiB':>9}")
    print("\n".join(shown(name, cost) for name, cost in costs.items()))
    print(
        f"one by one / anew: {ratio:.1f} of CPU seconds; "
        f"anew takes {rebuilt.cpu_seconds - idle.cpu_seconds:.1f} CPU s more than nothing new"
    )
    for path in out.iterdir():
        if path.name not in ("result.json", "bench.log"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    main()
