"""`earshot report`: the numbers of a day as a page."""

from datetime import datetime
from pathlib import Path

import typer

from commands import output, settings


def report(
    day: datetime | None = typer.Option(
        None, "--date", formats=["%Y-%m-%d"], help="The day; default the newest complete one."
    ),
    out: Path | None = typer.Option(
        None, "--out", help="Folder for the page; default `reports` beside EARSHOT_SERVING."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Write the overview page.

    A day's numbers against those of a week before, trends, retention and firmware, from the published marts; prints
    where the page is. It opens without a server.

    \b
    Examples:
      earshot report
      earshot report --date 2026-01-31 --out /srv/www/earshot
    """
    from reports import overview
    from serving import query

    here = settings.load()
    connection = query.connect(here.serving)
    try:
        page, shown = overview.write(
            connection, (out or here.serving.parent / "reports").absolute(), day.date() if day else None
        )
    finally:
        connection.close()
    if as_json:
        output.document({"page": str(page), "day": str(shown) if shown else None})
    else:
        print(page)


def register(app: typer.Typer) -> None:
    app.command("report")(report)
