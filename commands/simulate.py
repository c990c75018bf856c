"""`earshot simulate`: fill the inbox with what a believable platform writes."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from commands import output, settings
from loaders.errors import EarshotError

if TYPE_CHECKING:
    from loaders.simulate import Summary


def simulate(
    users: int = typer.Option(300, "--users", min=0, help="Accounts there will ever be."),
    days: int = typer.Option(42, "--days", min=1, help="Days of its life, in UTC."),
    end: datetime = typer.Option(
        None, "--end", metavar="DATE", formats=["%Y-%m-%d"], show_default="yesterday", help="The last of them."
    ),
    seed: int = typer.Option(1, "--seed", help="Another seed is another platform."),
    mess: float = typer.Option(
        0.0, "--mess", metavar="RATE", min=0, max=1, help="Share of records to break, glue, repeat and drift, 0 to 1."
    ),
    broken_files: int = typer.Option(
        0, "--broken-files", min=0, help="Files and exports to damage, so that landing them is refused."
    ),
    force: bool = typer.Option(False, "--force", help="Replace what an earlier simulation wrote."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Fill the inbox with what a believable platform writes.

    The same arguments give the same bytes. With --mess or --broken-files, truth.json beside the inbox says what
    stands in each file and what was broken.

    \b
    Examples:
      earshot simulate
      earshot simulate --users 4000 --days 60 --end 2026-03-31
      earshot simulate --mess 0.01 --broken-files 2 --force
    """
    inbox = settings.load().inbox
    if "://" in inbox:
        raise EarshotError(
            f"simulate writes to a folder, but the inbox is {inbox}; set EARSHOT_INBOX to a folder and copy the files.",
            2,
        )
    summary = _fill(Path(inbox), users, days, end, seed, mess, broken_files, force)
    if as_json:
        output.document(_document(summary))
    else:
        _words(summary)


def _fill(
    inbox: Path, users: int, days: int, end: datetime | None, seed: int, mess: float, broken_files: int, force: bool
) -> "Summary":
    from rich.console import Console
    from rich.progress import Progress

    from loaders.simulate import simulate as fill

    last_day = end.date() if end else datetime.now(UTC).date() - timedelta(days=1)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulating", total=days)
        return fill(
            inbox,
            users=users,
            days=days,
            end=last_day,
            seed=seed,
            mess=mess,
            broken_files=broken_files,
            force=force,
            progress=lambda done, _: bar.update(task, completed=done),
        )


def _document(summary: "Summary") -> dict[str, object]:
    return {
        "inbox": str(summary.inbox),
        "truth": str(summary.truth) if summary.truth else None,
        "first_day": summary.first_day,
        "last_day": summary.last_day,
        "records": summary.records,
        "events": summary.events,
        "dumps": summary.dumps,
        "files": summary.files,
        "bytes": summary.bytes,
    }


def _words(summary: "Summary") -> None:
    output.table(["dataset", "records"], summary.records.items())
    print(
        f"{summary.events} events and {summary.dumps} dumps from {summary.first_day} to {summary.last_day} in "
        f"{summary.files} files, {output.size(summary.bytes)}, in {summary.inbox}"
    )
    if summary.truth:
        print(f"what was broken stands in {summary.truth}")


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)
