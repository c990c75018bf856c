"""`earshot quarantine`: the records that were put aside."""

from typing import TYPE_CHECKING

import typer

from commands import output, settings
from loaders.errors import EarshotError

if TYPE_CHECKING:
    from loaders.store import Store

quarantine = typer.Typer(help="The records that were put aside, and why.", no_args_is_help=True, rich_markup_mode=None)

_DATASET = typer.Option(None, "--dataset", metavar="NAME", help="Only this dataset.")
_REASON = typer.Option(None, "--reason", metavar="CODE", help="Only this reason.")
_JSON = typer.Option(False, "--json", help="Print one JSON document.")


@quarantine.command("list")
def list_groups(dataset: str | None = _DATASET, reason: str | None = _REASON, as_json: bool = _JSON) -> None:
    """Count the records by dataset, reason and field.

    \b
    Examples:
      earshot quarantine list
      earshot quarantine list --dataset play --json
    """
    from loaders.quarantine import groups

    found = groups(_lake(dataset), dataset, reason)
    if as_json:
        output.document([vars(group) for group in found])
    elif not found:
        print("nothing is in quarantine")
    else:
        rows = [(group.dataset, group.reason, group.field, group.records, group.newest_source) for group in found]
        output.table(["dataset", "reason", "field", "records", "newest"], rows)


@quarantine.command("show")
def show(
    dataset: str | None = _DATASET,
    reason: str | None = _REASON,
    limit: int = typer.Option(20, "--limit", min=1, help="How many records at most."),
    as_json: bool = _JSON,
) -> None:
    """Show the records themselves, the oldest first.

    In JSON `record` is text; bytes that are no UTF-8 stand as `\\xNN` there.

    \b
    Examples:
      earshot quarantine show --reason missing --limit 5
      earshot quarantine show --dataset play --json
    """
    from loaders.quarantine import show as records

    found = records(_lake(dataset), dataset, reason, limit)
    for row in found:
        record = row["record"]
        row["record"] = record.decode("utf-8", "backslashreplace") if isinstance(record, bytes) else None
    if as_json:
        output.document(found)
        return
    for row in found:
        field = f" {row['field']}" if row["field"] else ""
        print(f"{row['source_file']}:{row['source_line']} {row['dataset']} {row['reason']}{field}: {row['detail']}")
        print(f"    {'(its text is not kept)' if row['record'] is None else row['record']}")


@quarantine.command("replay")
def replay(
    dataset: list[str] = typer.Option([], "--dataset", metavar="NAME", help="Only this dataset; may be repeated."),
    as_json: bool = _JSON,
) -> None:
    """Land the records that pass now, after their contract was mended.

    \b
    Examples:
      earshot quarantine replay
      earshot quarantine replay --dataset play --json
    """
    from loaders.replay import replay as land

    found = land(settings.load().lake, dataset)
    if as_json:
        output.document({name: vars(counts) for name, counts in found.items()})
    elif not found:
        print("nothing is in quarantine")
    else:
        rows = [(name, counts.landed, counts.quarantined) for name, counts in found.items()]
        output.table(["dataset", "landed", "still quarantined"], rows)


def _lake(dataset: str | None) -> "Store":
    """The lake; raises EarshotError when a dataset is named that no contract knows."""
    from loaders import contracts
    from loaders.store import open_store

    here = settings.load()
    known = contracts.read()
    if dataset is not None and dataset not in known:
        raise EarshotError(f"There is no dataset {dataset!r}; there are {', '.join(known)}.", code=2)
    return open_store(here.lake, "EARSHOT_LAKE")


def register(app: typer.Typer) -> None:
    app.add_typer(quarantine, name="quarantine")
