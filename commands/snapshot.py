"""`earshot snapshot`: the history of catalog, users and devices, dump by dump."""

import json
from typing import Any

import typer

from commands import build, dbt


def snapshot(
    context: typer.Context,
    rebuild: bool = typer.Option(False, "--rebuild", help="Make the history anew from all dumps and messages."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document; dbt's output goes to stderr."),
) -> None:
    """Bring the history up to date.

    Applies the dumps and messages that the snapshots have not seen, in order, and tests the history. One that is
    older than the newest applied makes that history be built anew.
    Arguments that are not listed here are passed to `dbt build`.

    \b
    Examples:
      earshot snapshot
      earshot snapshot --rebuild
    """
    # A snapshot reads staging models, so these are brought up to date first.
    arguments = ["--select", "+resource_type:snapshot", *context.args]
    build.run(_rebuilding(arguments) if rebuild else arguments, as_json)


def _rebuilding(arguments: list[str]) -> list[str]:
    """The arguments with the var rebuild_snapshots, beside those they set: dbt listens to the last ones alone."""
    given: dict[str, Any] = {}
    others: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name != "--vars":
            others.append(argument)
            continue
        given = dbt.read_vars(value if equals else next(rest, ""))
    return [*others, "--vars", json.dumps({**given, "rebuild_snapshots": True}, default=str)]


def register(app: typer.Typer) -> None:
    app.command("snapshot", context_settings=build.PASS_ON)(snapshot)
