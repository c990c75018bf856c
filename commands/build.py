"""`earshot build`: everything from the lake to tested marts."""

import os

import typer

from commands import checks, dbt, output, settings

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def build(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document; dbt's output goes to stderr."),
) -> None:
    """Build and test the marts.

    Checks the settings, applies the dumps that the snapshots have not seen, then builds and tests everything.
    Arguments that are not listed here are passed to `dbt build`.

    \b
    Examples:
      earshot build
      earshot build --select fct_plays+
      earshot build --full-refresh
      earshot build --vars '{as_of: 2026-01-31}'
    """
    run(context.args, as_json)


def run(arguments: list[str], as_json: bool) -> None:
    """`dbt build` with these arguments, its outcome printed; raises EarshotError when something failed."""
    prepare(arguments)
    outcome = dbt.run(["build"], arguments, quiet_stdout=as_json)
    if as_json:
        output.document({"nodes": outcome.counts, "failed": outcome.failed, "seconds": round(outcome.seconds, 3)})
    dbt.require_passed(outcome)


def prepare(arguments: list[str]) -> None:
    """Raise EarshotError when the settings are impossible or the warehouse is in use; make its folder."""
    from serving import warehouse

    here = settings.load()
    checks.require_possible(here)
    elsewhere = {"-t", "--target"} & {argument.partition("=")[0] for argument in arguments} or os.environ.get(
        "DBT_TARGET"
    )
    if not elsewhere:
        here.warehouse.parent.mkdir(parents=True, exist_ok=True)
        warehouse.require_free(here.warehouse)


def register(app: typer.Typer) -> None:
    app.command("build", context_settings=PASS_ON)(build)
