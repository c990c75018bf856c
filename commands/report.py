"""`earshot report`: the dashboards as pages, and the daily flash."""

from datetime import date, datetime
from pathlib import Path

import typer

from commands import output, settings
from loaders.errors import EarshotError


def report(
    day: datetime | None = typer.Option(
        None, "--date", formats=["%Y-%m-%d"], help="The last day shown; default the newest complete one."
    ),
    out: Path | None = typer.Option(
        None, "--out", help="Folder for the pages; default `reports` beside EARSHOT_SERVING."
    ),
    flash: bool = typer.Option(False, "--flash", help="The daily flash instead: HTML, PDF and plain text."),
    partner: str | None = typer.Option(None, "--partner", metavar="NAME", help="The flash of this partner alone."),
    mail_to: list[str] = typer.Option(
        [], "--mail-to", metavar="ADDRESS", help="Send the flash there too; may be repeated."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Write the dashboards, or the daily flash.

    Eight pages from the published marts: overview, audience, listening, shows, devices, engagement, right now, data
    health. Each is one file that opens without a server or a network; prints where they are.

    With --flash: what moved, by how much, against what, worst first, in a minute on a phone. --mail-to sends it through
    the server that EARSHOT_SMTP_HOST, _PORT, _SECURITY (starttls, tls, none), _USER, _PASSWORD and _FROM name.

    \b
    Examples:
      earshot report
      earshot report --date 2026-01-31 --out /srv/www/earshot
      earshot report --flash --mail-to boss@example.com
      earshot report --flash --partner acme
    """
    if flash or partner is not None or mail_to:
        if not flash:
            raise EarshotError("--partner and --mail-to are of the daily flash; add --flash.", 2)
        _flash(day.date() if day else None, out, partner, mail_to, as_json)
        return
    from reports import site
    from serving import query

    here = settings.load()
    connection = query.connect(here.serving)
    try:
        pages, shown = site.write(
            connection, (out or here.serving.parent / "reports").absolute(), day.date() if day else None
        )
    finally:
        connection.close()
    if as_json:
        told = {"page": str(pages[0]), "pages": [str(page) for page in pages], "day": str(shown) if shown else None}
        output.document(told)
    else:
        for page in pages:
            print(page)


def _flash(day: date | None, out: Path | None, partner: str | None, mail_to: list[str], as_json: bool) -> None:
    """Write the daily flash and send it to whom it should go."""
    from reports import flash, flash_mail
    from serving import query

    # Wrong settings are said before any work.
    through = flash_mail.server() if mail_to else None
    recipients = [flash_mail.address(one, "--mail-to") for one in mail_to]
    here = settings.load()
    connection = query.connect(here.serving)
    try:
        told = flash.read(connection, day, partner)
    finally:
        connection.close()
    folder = (out or here.serving.parent / "reports").absolute()
    pages = flash.write(told, folder / "partners" / partner if partner else folder)
    if through is not None:
        flash_mail.send(flash_mail.message(told, through.sender, recipients), through, recipients)
    if as_json:
        output.document({"pages": [str(page) for page in pages], "day": str(told.day), "mailed_to": recipients})
    else:
        for page in pages:
            print(page)


def register(app: typer.Typer) -> None:
    app.command("report")(report)
