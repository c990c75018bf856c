"""`earshot doctor`: versions, settings, places, locks, newest data."""

import os

import typer

from commands import checks, output, settings


def doctor(as_json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> None:
    """Say what needs attention.

    Looks at versions, settings, places, locks and the newest data. Ends with 1 when something needs attention;
    each such line says what to do.

    \b
    Examples:
      earshot doctor
      earshot doctor --json
    """
    from serving.doctor import Finding, Places, examine

    here = settings.load()
    findings = [Finding("settings", "places", "not possible", sentence) for sentence in checks.problems(here)]
    key = "set" if os.environ.get("EARSHOT_HASH_KEY") else "not set (needed only where a contract says hash)"
    findings.append(Finding("settings", "EARSHOT_HASH_KEY", key))
    findings += examine(Places(settings.ROOT, here.inbox, here.lake, here.warehouse, here.serving))
    ailing = [finding for finding in findings if finding.remedy]
    if as_json:
        output.document({"attention": len(ailing), "findings": [vars(finding) for finding in findings]})
    else:
        output.table(["", "what", "found"], [(one.group, one.name, one.found) for one in findings])
        print()
        for one in ailing:
            print(f"{one.name}: {one.remedy}")
        if not ailing:
            print("Nothing needs attention.")
    raise typer.Exit(1 if ailing else 0)


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)
