"""What landing costs in CPU, against others on the same dirty files.

    .venv/bin/python -m benchmarks.landing --out /tmp/landing

README.md beside this file says what is measured and how to read it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.landing.generate import generate
from benchmarks.measure import Cost, circumstances, run

HERE = Path(__file__).resolve().parent
# Name of a step: what it runs, on which inbox. Those that are named by a number run in so many processes.
STEPS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "land": ("benchmarks.landing.steps", ("land",), "dirty"),
    "land, gzip": ("benchmarks.landing.steps", ("land",), "gz"),
    "land, two processes": ("benchmarks.landing.steps", ("land",), "dirty"),
    "land, 1,440 files": ("benchmarks.landing.steps", ("land",), "minutes"),
    "DuckDB read_json": ("benchmarks.peers", ("by-day",), "dirty"),
    "DuckDB read_json, gzip": ("benchmarks.peers", ("by-day",), "gz"),
    "DuckDB read_json, clean": ("benchmarks.peers", ("by-day",), "clean"),
    "msgspec and Arrow, clean": ("benchmarks.peers", ("decode",), "clean"),
    "dlt, a quarter, clean": ("benchmarks.landing.steps", ("dlt",), "quarter"),
}
PROCESSES = {"land, two processes": "2"}
# Two steps, and how much more of the bytes the second read.
RATIOS = {
    "land / DuckDB read_json": ("land", "DuckDB read_json", 1.0),
    "land, gzip / DuckDB read_json, gzip": ("land, gzip", "DuckDB read_json, gzip", 1.0),
    "land / msgspec and Arrow": ("land", "msgspec and Arrow, clean", 1.0),
    "dlt / land": ("dlt, a quarter, clean", "land", 4.0),
    "two processes / one: CPU": ("land, two processes", "land", 1.0),
    "1,440 files / 12 files": ("land, 1,440 files", "land", 1.0),
}


@dataclass
class Bench:
    """A run below the folder `out`, and the costs of the steps so far, round by round."""

    out: Path
    python_with_dlt: str
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    def step(self, name: str) -> None:
        """Measure a step."""
        module, arguments, inbox = STEPS[name]
        target = self.out / "target"
        shutil.rmtree(target, ignore_errors=True)
        target.unlink(missing_ok=True)
        given = [*arguments, str(self.out / "data" / inbox), str(target)]
        if name.startswith("land"):
            given.append(PROCESSES.get(name, "1"))
        python = self.python_with_dlt if name.startswith("dlt") else sys.executable
        settings = {"EARSHOT_HASH_KEY": "benchmark"}
        printed, cost = run(module, given, settings, self.out / "bench.log", python)
        self.costs.setdefault(name, []).append(cost)
        self.records[name] = int(printed.split()[-1])
        print(f"{name:30}{cost.seconds:>8.2f} s{cost.cpu_seconds:>8.2f} CPU s", file=sys.stderr, flush=True)


def with_dlt(out: Path) -> str:
    """A Python that has dlt, which the project does not need: its path."""
    folder = out / "dlt"
    subprocess.run([sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    wanted = ["--python", python, "--requirement", str(HERE / "dlt.txt")]
    subprocess.run([sys.executable, "-m", "uv", "pip", "install", "--quiet", *wanted], check=True)
    return python


def table(bench: Bench, size: int) -> str:
    """The medians and ratios as Markdown."""
    lines = [
        "| step | CPU s | seconds | MB/CPU s | MiB a process | records |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, costs in bench.costs.items():
        cpu = statistics.median(cost.cpu_seconds for cost in costs)
        seconds = statistics.median(cost.seconds for cost in costs)
        memory = max(cost.peak_bytes for cost in costs) / 2**20
        speed = size / 1e6 / cpu / (4 if name.startswith("dlt") else 1)
        row = f"{cpu:.2f} | {seconds:.2f} | {speed:.0f} | {memory:.0f} | {bench.records[name]:,}"
        lines.append(f"| {name} | {row} |")
    lines += ["", "| ratio | median of the rounds | least | most |", "| --- | ---: | ---: | ---: |"]
    for name, found in ratios(bench).items():
        lines.append(f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} | {max(found):.2f} |")
    return "\n".join(lines)


def ratios(bench: Bench) -> dict[str, list[float]]:
    """CPU seconds of one step to those of another, round by round; and how two processes shorten the time."""
    costs = bench.costs
    found = {}
    for name, (one, other, factor) in RATIOS.items():
        pairs = zip(costs.get(one, ()), costs.get(other, ()), strict=True)
        found[name] = [factor * first.cpu_seconds / second.cpu_seconds for first, second in pairs]
    pairs = zip(costs["land"], costs["land, two processes"], strict=True)
    found["one process / two: seconds"] = [one.seconds / two.seconds for one, two in pairs]
    return {name: values for name, values in found.items() if values}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.landing", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--records", type=int, default=840_000, help="play events in all (default 840000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each step is measured, in turns (default 5)")
    parser.add_argument("--out", type=Path, required=True, help="a new folder, for everything")
    given = parser.parse_args(arguments)
    out: Path = given.out.absolute()
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty; name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    around = circumstances()
    data = generate(out / "data", given.records)
    bench = Bench(out, with_dlt(out))
    for _ in range(given.rounds):
        for name in STEPS:
            bench.step(name)
    result: dict[str, Any] = {
        "circumstances": around,
        "data": data,
        "steps": {name: [asdict(cost) for cost in costs] for name, costs in bench.costs.items()},
        "records": bench.records,
        "ratios": ratios(bench),
    }
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print(table(bench, data["bytes"]))
    for path in (out / "data", out / "dlt", out / "target"):
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    main()
