"""One step in a process of its own: how long it took, what it cost, how much memory it had at most.

Nothing heavy is imported here: what the measuring process holds is the least that its children are seen to have.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TAIL = 2_000  # characters of a failed step's words that are shown
PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "msgspec", "pyarrow")


@dataclass(frozen=True)
class Cost:
    """Wall seconds; CPU seconds of the process and those it started; memory of the largest of them, in bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(
    module: str, arguments: Sequence[str], settings: Mapping[str, str], log: Path, python: str = sys.executable
) -> tuple[str, Cost]:
    """Run `python -m MODULE ARGUMENTS` from the project's root; returns what it printed, and its cost.

    What it said on stderr is added to the log. Raises RuntimeError, with the end of that, when it fails.
    """
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [python, "-m", module, *arguments]
    printed = log.with_suffix(".out")
    with printed.open("wb") as out, log.open("ab") as words:
        words.write(f"\n== {' '.join(command[1:])}\n".encode())
        words.flush()
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=words
        )
        # Of the child and of all that it started and waited for; a sum of time, the largest of memory.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    text = printed.read_text(errors="replace")
    if process.returncode:
        said = (log.read_text(errors="replace") + text)[-TAIL:]
        raise RuntimeError(f"{' '.join(command[1:])} ended with {process.returncode}:\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024
    return text, Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def circumstances() -> dict[str, Any]:
    """What a reader has to know to compare the figures with others."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }
