"""`earshot contracts`: what a record of each dataset must look like."""

import sys

import typer

from commands import output

contracts = typer.Typer(
    help="What a record of each dataset must look like.", no_args_is_help=True, rich_markup_mode=None
)


@contracts.command("check")
def check(as_json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> None:
    """Read every contract and tell what is wrong in them.

    Exit code 1 when something is.

    \b
    Example:
      earshot contracts check
    """
    from loaders.contracts import check as read

    datasets, errors = read()
    if as_json:
        rows = [
            {"dataset": d.name, "source": d.source, "format": d.format, "key": list(d.key), "columns": len(d.declared)}
            for d in datasets.values()
        ]
        output.document({"datasets": rows, "errors": errors})
    else:
        for dataset in datasets.values():
            key = ", ".join(dataset.key)
            print(f"{dataset.source}.{dataset.name}: {dataset.format}, {len(dataset.declared)} columns, key {key}")
        for error in errors:
            output.say(f"earshot: {error}")
    if errors:
        sys.exit(1)


def register(app: typer.Typer) -> None:
    app.add_typer(contracts, name="contracts")
