"""`earshot sql`: SQL on the published marts, as an answer or as a prompt."""

import csv
import itertools
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from commands import output, settings
from loaders.errors import EarshotError

if TYPE_CHECKING:
    from serving.query import Result

TABLE_ROWS = 10_000  # a table is laid out whole; csv and json stream


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


def sql(
    query: str | None = typer.Argument(
        None, help="One or more statements; without it they come from stdin or a prompt."
    ),
    name: str | None = typer.Option(None, "--saved", metavar="NAME", help="Run this query of analyses/ instead."),
    form: Format = typer.Option(Format.table, "--format", help="How to print the rows."),
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """Query the published marts, read-only.

    \b
    Examples:
      earshot sql
      earshot sql "select * from fct_active_users_daily order by date_day desc limit 7"
      earshot sql --format csv "from dim_shows" > shows.csv
      earshot sql --saved power_user_curve
      echo "select count(*) from fct_plays" | earshot sql
    """
    from serving import query as published
    from serving import saved

    if query is not None and name is not None:
        raise EarshotError("Give a query or --saved, not both.", 2)
    query = query if name is None else saved.sql(name)
    form = Format.json if as_json else form
    connection = published.connect(settings.load().serving)
    try:
        if query is None and sys.stdin.isatty():
            from commands import prompt

            prompt.talk(connection, form)
            return
        for result in published.run(connection, sys.stdin.read() if query is None else query):
            show(result, form)
    finally:
        connection.close()


def show(result: "Result", form: Format) -> None:
    """Print a result on stdout."""
    if form is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        for rows in result.batches:
            writer.writerows([output.text(value) for value in row] for row in rows)
    elif form is Format.json:
        _show_json(result)
    else:
        rows = list(itertools.islice(itertools.chain.from_iterable(result.batches), TABLE_ROWS + 1))
        output.table(result.columns, rows[:TABLE_ROWS])
        if len(rows) > TABLE_ROWS:
            output.say(f"only the first {TABLE_ROWS} rows; --format csv prints all of them")


def _show_json(result: "Result") -> None:
    """A JSON array with one object a row, a row on each line."""
    before = "[\n"
    for row in itertools.chain.from_iterable(result.batches):
        values = dict(zip(result.columns, map(output.plain, row), strict=True))
        sys.stdout.write(before + json.dumps(values, ensure_ascii=False))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def register(app: typer.Typer) -> None:
    # A query may begin with a comment, which looks like an option.
    app.command("sql", context_settings={"ignore_unknown_options": True})(sql)
