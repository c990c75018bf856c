"""`earshot publish`: the marts for readers."""

from typing import TYPE_CHECKING

import typer

from commands import checks, output, settings

if TYPE_CHECKING:
    from serving.publish import Published


def publish(
    partner: list[str] = typer.Option(
        [], "--partner", metavar="P", help="Only this partner's rows, into its own folder."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Hand the tested marts to readers.

    Writes them to a read-only DuckDB file and to sorted Parquet and swaps these in whole. Refuses when the tests of
    the last build did not pass.

    \b
    Examples:
      earshot publish
      earshot publish --partner acme
    """
    from serving.publish import publish as write

    here = settings.load()
    checks.require_possible(here)
    wanted: list[str | None] = [*partner] or [None]
    done = [write(here.warehouse, here.serving, name) for name in wanted]
    if as_json:
        documents = [_document(one) for one in done]
        output.document(documents if len(partner) > 1 else documents[0])
        return
    for one in done:
        output.table(["mart", "rows"], one.rows.items())
        for mart, reason in one.left_out.items():
            print(f"left out: {mart}, {reason}")
        print(f"{len(one.rows)} marts, {output.size(one.bytes)} in {one.seconds:.1f} s: {one.folder}")


def _document(one: "Published") -> dict[str, object]:
    return {
        "folder": str(one.folder),
        "partner": one.partner,
        "published_at": one.published_at,
        "newest_load_id": one.newest_load_id,
        "marts": one.rows,
        "left_out": one.left_out,
        "bytes": one.bytes,
        "seconds": round(one.seconds, 3),
    }


def register(app: typer.Typer) -> None:
    app.command("publish")(publish)
