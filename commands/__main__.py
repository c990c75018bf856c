"""Entry point: registers the commands, turns errors into one sentence and an exit code."""

import signal
import sys
import traceback

import typer

from commands import (
    build,
    compact,
    contracts,
    demo,
    docs,
    doctor,
    ide,
    land,
    publish,
    quarantine,
    report,
    simulate,
    snapshot,
    sql,
    test,
)
from loaders.errors import EarshotError

app = typer.Typer(
    name="earshot",
    help="The analytics warehouse of an audio platform: inbox to marts to readers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.")) -> None:
    """Options that stand before the command."""


# In the order of a working day, as `earshot --help` lists them.
for command in (
    demo,
    simulate,
    land,
    quarantine,
    compact,
    contracts,
    build,
    snapshot,
    publish,
    report,
    sql,
    ide,
    docs,
    doctor,
    test,
):
    command.register(app)


def main() -> None:
    """Run the command line; exit 0 done, 1 the data or the work failed, 2 wrong usage, 130 interrupted."""
    debug = "--debug" in sys.argv[1:]
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    # Told to end, a command tidies up as if it was interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app(arguments, prog_name="earshot")
    except KeyboardInterrupt:
        sys.exit(130)
    except EarshotError as error:
        if debug:
            traceback.print_exc()
        print(f"earshot: {error}", file=sys.stderr)
        sys.exit(error.code)
    except Exception as error:
        if debug:
            raise
        said = " ".join(str(error).split()) or "no message"
        print(
            f"earshot: This should not have happened ({type(error).__name__}: {said}); "
            "run it again with --debug and report what that prints.",
            file=sys.stderr,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
