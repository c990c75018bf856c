"""`earshot contracts`: what a record of each dataset must look like."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from commands import output, settings

if TYPE_CHECKING:
    from loaders.drift import Drift, Refused

_JSON = typer.Option(False, "--json", help="Print one JSON document.")

contracts = typer.Typer(
    help="What a record of each dataset must look like.", no_args_is_help=True, rich_markup_mode=None
)


@contracts.command("check")
def check(as_json: bool = _JSON) -> None:
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


@contracts.command("infer")
def infer(
    files: list[Path] = typer.Argument(metavar="FILE", help="Files with sample records, or folders of such."),
    source: str = typer.Option("", "--source", metavar="NAME", help="events, catalog or dynamodb."),
    name: str = typer.Option("", "--name", metavar="NAME", help="What the inbox calls the dataset."),
    key: list[str] = typer.Option([], "--key", metavar="FIELD", help="A field of the key; may be repeated."),
    write: bool = typer.Option(False, "--write", help="Put the draft in its place, with its staging model."),
    as_json: bool = _JSON,
) -> None:
    """Draft the contract of a new dataset from sample files.

    Its source and name are told by where the files lie in the inbox, or by what they hold and are called, unless
    --source and --name say otherwise. Prints the draft; with --write it is added to the contracts, and a staging model,
    its YAML and descriptions are written.
    What was guessed is said, in the contract too: look through it before you commit.

    \b
    Examples:
      earshot contracts infer var/inbox/events/eu/sleeptimer
      earshot contracts infer samples/*.json --source events --name sleeptimer --write
      earshot contracts infer dump.json.gz --source dynamodb --name groups --key groupId --write
    """
    from loaders.infer import infer as draft_of
    from loaders.infer import told
    from loaders.infer import write as put

    if not (source and name):
        found = told(files)
        source, name = source or found[0], name or found[1]
    draft = draft_of(files, source, name, key)
    written = [output.relative(path, settings.ROOT) for path in put(draft)] if write else []
    if as_json:
        output.document(
            {
                "dataset": draft.dataset,
                "model": draft.model,
                "files": draft.files,
                "records_landing": draft.landed,
                "records_quarantined": draft.rejected.total(),
                "notes": draft.notes,
                "written": written,
                "yaml": draft.yaml,
            }
        )
        return
    if not write:
        print(draft.yaml)
    for path in written:
        print(path)
    for note in draft.notes:
        output.say(note)
    if write:
        output.say(f"Next: ./earshot land --dataset {draft.dataset}, then dbt build --select {draft.model}")


@contracts.command("drift")
def drift(
    dataset: list[str] = typer.Option([], "--dataset", metavar="NAME", help="Only this dataset; may be repeated."),
    since: datetime | None = typer.Option(
        None, "--since", metavar="DATE", formats=["%Y-%m-%d"], help="Only what happened (in quarantine: landed) since."
    ),
    as_json: bool = _JSON,
) -> None:
    """Tell what arrives that no contract declares.

    Fields that landed undeclared, in `_extra`; values and types in quarantine that a contract does not declare; folders
    of the inbox that no contract claims. Personal values are not shown.

    \b
    Examples:
      earshot contracts drift
      earshot contracts drift --dataset play --since 2026-03-01
      earshot contracts drift --json
    """
    from loaders.contracts import read
    from loaders.drift import drift as look
    from loaders.drift import unclaimed
    from loaders.store import open_store

    here = settings.load()
    found = look(open_store(here.lake, "EARSHOT_LAKE"), dataset, since.date() if since else None)
    folders = [] if dataset else unclaimed(open_store(here.inbox, "EARSHOT_INBOX"), read())
    if as_json:
        unknown = [{"path": path, "reason": why} for path, why in folders]
        output.document({"datasets": [_document(one) for one in found], "unknown": unknown})
    else:
        _words(found, folders)


def _document(one: "Drift") -> dict[str, object]:
    def refused(kind: str, them: "list[Refused]") -> list[dict[str, object]]:
        return [
            {
                "field": r.field,
                "declared": r.declared,
                kind: r.seen,
                "hidden": r.hidden,
                "records": r.records,
                "example": r.example,
                "first_landed": r.first,
                "last_landed": r.last,
            }
            for r in them
        ]

    return {
        "dataset": one.dataset,
        "rows": one.rows,
        "seen_by": one.dated_by,
        "undeclared": [
            {
                "field": field.name,
                "records": field.records,
                "share": field.records / one.rows,
                "types": dict(field.types.most_common()),
                "example": field.example,
                "personal": field.personal,
                "first_seen": field.first,
                "last_seen": field.last,
            }
            for field in one.undeclared
        ],
        "not_in_enum": refused("value", one.not_in_enum),
        "wrong_type": refused("type", one.wrong_type),
        "not_listed": one.more,
    }


def _words(found: "list[Drift]", folders: list[tuple[str, str]]) -> None:
    fields = [
        (
            one.dataset,
            field.name,
            field.records,
            f"{field.records / one.rows:.1%}",
            ", ".join(f"{kind} {count}" for kind, count in field.types.most_common()),
            "(not shown: looks personal)" if field.personal else field.example,
            field.first,
            field.last,
        )
        for one in found
        for field in one.undeclared
    ]
    aside = [
        (
            one.dataset,
            refused.field,
            reason,
            refused.seen if reason == "wrong_type" and refused.seen else "",
            f"({refused.hidden})" if refused.hidden else refused.example,
            refused.declared,
            refused.records,
            refused.first,
            refused.last,
        )
        for one in found
        for reason, them in (("not_in_enum", one.not_in_enum), ("wrong_type", one.wrong_type))
        for refused in them
    ]
    if fields:
        print("Landed, but declared by no contract; dates are those of the rows' partitions:")
        output.table(["dataset", "field", "rows", "share", "types", "example", "first", "last"], fields)
    if aside:
        print("In quarantine, because the contract declares otherwise; dates are those of landing:")
        columns = ["dataset", "field", "reason", "type", "example", "declared", "records", "first", "last"]
        output.table(columns, aside)
    for one in found:
        if one.more:
            print(f"{one.dataset}: {one.more} more values and records of fields and values beyond those listed")
    for path, why in folders:
        print(f"unknown: {path}: {why}")
    if not fields and not aside:
        print(
            f"nothing undeclared in {sum(one.rows for one in found)} rows of {len(found)} datasets, nor in quarantine"
        )


def register(app: typer.Typer) -> None:
    app.add_typer(contracts, name="contracts")
