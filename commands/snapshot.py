"""`earshot snapshot`: the history of catalog, users and devices, dump by dump."""

import json
from typing import Any

import typer

from commands import build
from loaders.errors import EarshotError


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
    import yaml

    given: Any = {}
    others: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name != "--vars":
            others.append(argument)
            continue
        text = value if equals else next(rest, "")
        try:
            given = yaml.safe_load(text)
        except yaml.YAMLError:
            given = None
        if not isinstance(given, dict):
            raise EarshotError(f"--vars {text!r} names no vars; write them like '{{as_of: 2026-01-31}}'.", 2)
    return [*others, "--vars", json.dumps({**given, "rebuild_snapshots": True}, default=str)]


def register(app: typer.Typer) -> None:
    app.command("snapshot", context_settings=build.PASS_ON)(snapshot)
