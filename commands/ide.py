"""`earshot ide`: Harlequin, a SQL workbench in the terminal, on the published marts."""

import os
import sys
from pathlib import Path

import typer

from commands import settings
from commands.settings import EXTRAS, INSTALL_EXTRAS
from loaders.errors import EarshotError


def ide() -> None:
    """Open the published marts in Harlequin.

    A catalog, an editor and tables in the terminal, read-only. It is not among what the project installs by itself;
    without it this says the command that installs it.

    \b
    Example:
      earshot ide
    """
    from serving import query
    from serving.publish import FILE

    serving = settings.load().serving
    query.connect(serving).close()  # says what to do when nothing is published
    harlequin = str(EXTRAS / "harlequin")
    if not Path(harlequin).is_file():
        raise EarshotError(f"Harlequin is not installed; run `{INSTALL_EXTRAS}` in the project's folder.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EarshotError("Harlequin needs a terminal; for an answer use `./earshot sql QUERY`.", 2)
    # The process becomes Harlequin's: nothing of ours stands between it and the terminal.
    os.execv(harlequin, [harlequin, "--adapter", "duckdb", "--read-only", str(serving / FILE)])


def register(app: typer.Typer) -> None:
    app.command("ide")(ide)
