"""`earshot demo`: a small platform, from its first event to the numbers people read."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import typer

from commands import checks, claims, dbt, output, settings
from commands.settings import ROOT
from loaders.errors import EarshotError

LOG = ROOT / "logs" / "demo.log"
TAIL = 40  # lines of a failed step that are shown

NEXT = """\
Next:
  ./earshot sql                  ask the marts with SQL
  ./earshot quarantine list      what was not landed, and why
  ./earshot doctor               versions, places, newest data
  . .venv/bin/activate           then `dbt build`, `dbt test` and the rest of dbt work with no flags"""


def demo(
    users: int = typer.Option(300, "--users", min=1, help="Accounts of the platform."),
    days: int = typer.Option(42, "--days", min=1, help="Days of its life, until yesterday."),
    seed: int = typer.Option(1, "--seed", help="Another seed is another platform."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show everything on a small platform.

    Simulates it, lands, builds and publishes it, writes the docs, and says where they are. Replaces what an earlier
    demo made, and nothing else.

    \b
    Examples:
      earshot demo
      earshot demo --users 1000 --days 90 --seed 7
    """
    here = settings.load()
    checks.require_possible(here)
    claims.take(here)
    steps = [
        ["simulate", "--users", str(users), "--days", str(days), "--seed", str(seed), "--mess", "0.002"],
        ["land"],
        ["build"],
        ["publish"],
        ["report"],
        ["docs"],
    ]
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    taken = []
    for step in steps:
        if not as_json:
            print(f"{step[0]:10}", end="", flush=True)
        seconds, peak = run(step)
        taken.append({"step": step[0], "seconds": round(seconds, 1), "peak_bytes": peak})
        if not as_json:
            print(f"{seconds:6.1f} s   peak memory {output.size(peak)}")
    claims.write(here)
    places = {
        "inbox": here.inbox,
        "lake": here.lake,
        "warehouse": str(here.warehouse),
        "published": str(here.serving / "earshot.duckdb"),
        "parquet": str(here.serving / "parquet"),
        "numbers": str(here.serving.parent / "reports" / "index.html"),
        "docs": str(dbt.target_folder([]) / "static_index.html"),
    }
    numbers = headline(here.serving)
    if as_json:
        output.document({"steps": taken, "places": places, "numbers": numbers})
        return
    for title, facts in (("Where it is", places), ("What it says", numbers)):
        print(f"\n{title}:")
        for name, fact in facts.items():
            print(f"  {name.replace('_', ' '):26}{_near(fact)}")
    print(f"\n{NEXT}")


def run(step: list[str]) -> tuple[float, int]:
    """Run a command of our own in a process of its own; returns its seconds and its peak memory in bytes.

    What it prints goes to the log. Raises EarshotError, after showing the end of that, when it fails.
    """
    began = time.monotonic()
    start = LOG.stat().st_size
    with LOG.open("ab") as log:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "commands", *step]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = LOG.read_bytes()[start:].decode(errors="replace").splitlines()
        output.say("\n" + "\n".join(said[-TAIL:]))
        raise EarshotError(f"The demo stopped: `earshot {' '.join(step)}` failed, see above; all of it is in {LOG}.")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.monotonic() - began, usage.ru_maxrss * unit


def headline(serving: Path) -> dict[str, Any]:
    """A few numbers of the newest complete day, read from what was published."""
    from serving import query

    connection = query.connect(serving)
    try:
        row = connection.execute(
            "select date_day, dau, mau from fct_active_users_daily where client_id = 'all' and partner_id = 'all' "
            "and country_code = 'all' and activity = 'any' and is_complete order by date_day desc limit 1"
        ).fetchone()
        if row is None:
            return {"activity": "none"}
        day, dau, mau = row
        heard = connection.execute(
            "select coalesce(sum(hours_listened), 0), coalesce(sum(plays_started), 0) from fct_listening_daily "
            "where date_day = $1",
            [day],
        ).fetchall()[0]
        show = connection.execute(
            "select coalesce(title, show_id), listeners from fct_trending_shows left join dim_shows using (show_id) "
            "where date_day = $1 and scope_type = 'all' order by rank limit 1",
            [day],
        ).fetchone()
    finally:
        connection.close()
    return {
        "newest_complete_day": str(day),
        "active_users_that_day": dau,
        "active_users_in_28_days": mau,
        "hours_listened": round(heard[0], 1),
        "plays_started": int(heard[1]),
        "top_trending_show": f"{show[0]} ({show[1]} listeners)" if show else "none",
    }


def _near(fact: Any) -> str:
    """A path below the project as one would type it there; anything else as it is."""
    return output.relative(Path(fact), ROOT) if isinstance(fact, str) and fact.startswith("/") else output.text(fact)


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
