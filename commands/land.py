"""`earshot land`: the inbox into the lake."""

import sys
from typing import TYPE_CHECKING

import typer

from commands import output, settings
from loaders.errors import EarshotError

if TYPE_CHECKING:
    from loaders.land import Report


def land(
    dataset: list[str] = typer.Option([], "--dataset", metavar="NAME", help="Only this dataset; may be repeated."),
    reland: list[str] = typer.Option(
        [], "--reland", metavar="PATH", help="Replace the rows of this landed file (or dump) by those it holds now."
    ),
    everything: bool = typer.Option(False, "--all", help="Look at deliveries of any age, where the inbox is in S3."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Land everything new in the inbox.

    Exit code 0 also when records were quarantined; 1 when a file or an export was refused: it stays unlanded, is
    named, and is tried again. Of an inbox in S3 the deliveries of the last days before the newest landed one are
    looked at, of each stream and table, and new dumps; --all looks at older ones, too.

    \b
    Examples:
      earshot land
      earshot land --dataset play --dataset users --json
      earshot land --all
      earshot land --reland events/eu/play/2026/03/01/09/late.json.gz
    """
    from rich.console import Console

    from loaders.land import land as land_inbox

    if len(reland) > 1:
        raise EarshotError(f"--reland takes one path, not {len(reland)}; land one after the other again.", 2)
    again = reland[0] if reland else None
    here = settings.load()
    terminal = Console(stderr=True)
    if terminal.is_terminal:
        with terminal.status("landing") as status:
            report = land_inbox(
                here.inbox,
                here.lake,
                dataset,
                lambda done, total: status.update(f"landing, {100 * done // max(total, 1)} %"),
                again=again,
                everything=everything,
            )
    else:
        report = land_inbox(here.inbox, here.lake, dataset, again=again, everything=everything)
    if as_json:
        output.document(_document(report))
    else:
        _words(report)
    if report.refused:
        sys.exit(1)


def _document(report: "Report") -> dict[str, object]:
    def named(kind: list[tuple[str, str]]) -> list[dict[str, str]]:
        return [{"path": path, "reason": why} for path, why in kind]

    return {
        "load_id": report.load_id,
        "landed_at": report.landed_at,
        "datasets": [
            {
                "dataset": name,
                "files": counts.files,
                "records_read": counts.read,
                "records_landed": counts.landed,
                "records_quarantined": counts.quarantined,
            }
            for name, counts in report.datasets.items()
        ],
        "refused": named(report.refused),
        "waiting": named(report.waiting),
        "unknown": named(report.unknown),
        "listed_from": report.listed_from,
    }


def _words(report: "Report") -> None:
    if report.load_id is None:
        print("nothing new")
    else:
        rows = [(name, c.files, c.read, c.landed, c.quarantined) for name, c in report.datasets.items()]
        output.table(["dataset", "files", "read", "landed", "quarantined"], rows)
        print(f"load {report.load_id}")
    for kind, files in (("refused", report.refused), ("waiting", report.waiting), ("unknown", report.unknown)):
        for path, why in files:
            print(f"{kind}: {path}: {why}")
    if report.listed_from is not None:
        print(f"looked at deliveries since {report.listed_from}; `earshot land --all` looks at older ones, too")


def register(app: typer.Typer) -> None:
    app.command("land")(land)
