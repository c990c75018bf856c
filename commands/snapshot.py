"""`earshot snapshot`: the history of catalog, users and devices, dump by dump."""

import typer

from commands import build


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
    if rebuild:
        arguments += ["--vars", "{rebuild_snapshots: true}"]
    build.run(arguments, as_json)


def register(app: typer.Typer) -> None:
    app.command("snapshot", context_settings=build.PASS_ON)(snapshot)
