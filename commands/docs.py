"""`earshot docs`: the documentation site, one file that opens without a server, and the dictionary of metrics."""

import json
from pathlib import Path

import typer

from commands import build, dbt, output
from commands.settings import ROOT
from loaders.errors import EarshotError


def docs(
    context: typer.Context,
    metrics: bool = typer.Option(False, "--metrics", help="Write docs/metrics.md from the YAML of the marts instead."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document; dbt's output goes to stderr."),
) -> None:
    """Write the documentation site.

    Every model and column, with the lineage, in one page that opens without a server; prints where it is.
    With --metrics, write the dictionary of marts and metrics, which is part of the repository, and needs no data.
    Arguments that are not listed here are passed to `dbt docs generate`, or to `dbt parse`.

    \b
    Examples:
      earshot docs
      earshot docs --metrics
    """
    page = _dictionary(context.args) if metrics else _site(context.args)
    if as_json:
        output.document({"page": str(page), "bytes": page.stat().st_size})
    else:
        print(page)


def _site(arguments: list[str]) -> Path:
    build.prepare(arguments)
    dbt.run(["docs", "generate"], ["--static", *arguments], quiet_stdout=True)
    page = dbt.target_folder(arguments) / "static_index.html"
    if not page.is_file():
        raise EarshotError(f"dbt wrote no {page}; logs/dbt.log says why.")
    return page


def _dictionary(arguments: list[str]) -> Path:
    from reports import dictionary

    dbt.run(["parse"], arguments, quiet_stdout=True)
    manifest = json.loads((dbt.target_folder(arguments) / "manifest.json").read_text(encoding="utf-8"))
    page = ROOT / "docs" / "metrics.md"
    page.write_text(dictionary.page(manifest), encoding="utf-8")
    return page


def register(app: typer.Typer) -> None:
    app.command("docs", context_settings=build.PASS_ON)(docs)
