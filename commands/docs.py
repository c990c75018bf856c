"""`earshot docs`: the documentation site, one file that opens without a server."""

import typer

from commands import build, dbt, output
from loaders.errors import EarshotError


def docs(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document; dbt's output goes to stderr."),
) -> None:
    """Write the documentation site.

    Every model and column, with the lineage, in one page that opens without a server; prints where it is.
    Arguments that are not listed here are passed to `dbt docs generate`.

    \b
    Examples:
      earshot docs
    """
    build.prepare(context.args)
    dbt.run(["docs", "generate"], ["--static", *context.args], quiet_stdout=True)
    page = dbt.target_folder(context.args) / "static_index.html"
    if not page.is_file():
        raise EarshotError(f"dbt wrote no {page}; logs/dbt.log says why.")
    if as_json:
        output.document({"page": str(page), "bytes": page.stat().st_size})
    else:
        print(page)


def register(app: typer.Typer) -> None:
    app.command("docs", context_settings=build.PASS_ON)(docs)
