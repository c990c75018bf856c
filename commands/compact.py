"""`earshot compact`: many small files of the lake into few sorted ones."""

from typing import TYPE_CHECKING

import typer

from commands import output, settings

if TYPE_CHECKING:
    from loaders.compact import Report


def compact(
    dataset: list[str] = typer.Option([], "--dataset", metavar="NAME", help="Only this dataset; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Put the small files of each closed day together: sorted, and exact duplicate deliveries dropped.

    A day is closed when something has landed on a later one. Builds may run meanwhile.

    \b
    Examples:
      earshot compact
      earshot compact --dataset play --json
    """
    from rich.console import Console

    from loaders.compact import compact as compact_lake

    here = settings.load()
    terminal = Console(stderr=True)
    if terminal.is_terminal:
        with terminal.status("compacting") as status:
            report = compact_lake(here.lake, dataset, lambda folder: status.update(f"compacting {folder}"))
    else:
        report = compact_lake(here.lake, dataset)
    if as_json:
        output.document(_document(report))
    else:
        _words(report)


def _document(report: "Report") -> dict[str, object]:
    return {
        "load_ids": report.load_ids,
        "datasets": [
            {
                "dataset": area,
                "days": done.days,
                "files_before": done.files_before,
                "files_after": done.files_after,
                "bytes_before": done.bytes_before,
                "bytes_after": done.bytes_after,
                "duplicates_dropped": done.dropped,
            }
            for area, done in report.areas.items()
        ],
        "left": [{"path": path, "reason": why} for path, why in report.left],
        "files_held_by_readers": report.held,
        "seconds": report.seconds,
    }


def _words(report: "Report") -> None:
    if not report.areas:
        print("nothing to compact")
    else:
        rows = [
            (
                area,
                done.days,
                f"{done.files_before} → {done.files_after}",
                f"{output.size(done.bytes_before)} → {output.size(done.bytes_after)}",
                done.dropped,
            )
            for area, done in report.areas.items()
        ]
        output.table(["dataset", "days", "files", "size", "duplicates dropped"], rows)
        print(f"{report.seconds:.1f} seconds")
    for path, why in report.left:
        print(f"left as it is: {path}: {why}")
    if report.held:
        print(f"{report.held} of the old files go when nobody reads them any more")


def register(app: typer.Typer) -> None:
    app.command("compact")(compact)
