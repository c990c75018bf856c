"""`earshot simulate`: fill the inbox with a believable platform."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from commands import settings
from loaders.errors import EarshotError

if TYPE_CHECKING:
    from loaders.simulate import Summary


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("simulate")(simulate)


def simulate(
    users: Annotated[int, typer.Option(help="Accounts there will ever be.")] = 300,
    days: Annotated[int, typer.Option(help="Days of life, each a UTC day.")] = 42,
    end: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.", show_default="yesterday")] = "",
    seed: Annotated[int, typer.Option(help="Another seed is another platform.")] = 1,
    mess: Annotated[float, typer.Option(help="Share of records to break, glue, repeat, drift; 0 to 1.")] = 0.0,
    broken_files: Annotated[int, typer.Option(help="Files or exports to damage, so that they are refused.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier simulation wrote.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fill the inbox with what a believable audio platform writes; the same arguments give the same bytes.

    \b
    earshot simulate                                        300 users, 42 days until yesterday
    earshot simulate --users 4000 --days 60 --end 2026-03-31   about five million events
    earshot simulate --mess 0.01 --force                    again, with one record in a hundred broken or odd
    """
    location = settings.load().inbox
    if "://" in location:
        raise EarshotError(
            f"simulate writes to a local folder, but EARSHOT_INBOX is {location}; set it to a folder and copy the "
            "files from there.",
            2,
        )
    summary = _with_progress(Path(location), users, days, _last_day(end), seed, mess, broken_files, force)
    _print_json(summary) if as_json else _print_table(summary)


def _last_day(end: str) -> date:
    if not end:
        return datetime.now(UTC).date() - timedelta(days=1)
    try:
        return datetime.strptime(end, "%Y-%m-%d").date()
    except ValueError:
        raise EarshotError(f"--end {end} is no date; write it as YYYY-MM-DD.", 2) from None


def _with_progress(
    inbox: Path, users: int, days: int, end: date, seed: int, mess: float, broken_files: int, force: bool
) -> "Summary":
    from loaders.simulate import simulate as fill  # not at the top: its tables would slow every other command

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulating", total=days)
        return fill(
            inbox,
            users=users,
            days=days,
            end=end,
            seed=seed,
            mess=mess,
            broken_files=broken_files,
            force=force,
            progress=lambda done, _: bar.update(task, completed=done),
        )


def _print_json(summary: "Summary") -> None:
    document = {
        "inbox": str(summary.inbox),
        "truth": str(summary.truth) if summary.truth else None,
        "first_day": summary.first_day.isoformat(),
        "last_day": summary.last_day.isoformat(),
        "records": summary.records,
        "events": summary.events,
        "dumps": summary.dumps,
        "files": summary.files,
        "bytes": summary.bytes,
    }
    print(json.dumps(document, indent=2))


def _print_table(summary: "Summary") -> None:
    console = Console()
    table = Table("dataset", box=None, pad_edge=False)
    table.add_column("records", justify="right")
    for name, count in summary.records.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    console.print(
        f"{summary.events:,} events, {summary.dumps} dumps, {summary.files:,} files, {summary.bytes / 1e6:,.0f} MB, "
        f"{summary.first_day} to {summary.last_day}",
        highlight=False,
    )
    console.print(f"inbox  {summary.inbox}", highlight=False, soft_wrap=True)
    if summary.truth:
        console.print(f"truth  {summary.truth}", highlight=False, soft_wrap=True)
