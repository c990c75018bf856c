"""The prompt of `earshot sql`: statements up to a semicolon, and a few words with a dot before them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from commands import output
from commands.sql import Format, show
from loaders.errors import EarshotError
from serving import query

HISTORY = Path("~/.earshot_history")
HELP = """\
.tables            the marts, each with its grain
.describe MART     its columns and what they mean
.help              this list
.quit              leave (so does Ctrl-D)
anything else      SQL, up to a semicolon; Ctrl-C drops what was typed"""


def talk(connection: duckdb.DuckDBPyConnection, form: Format, read: Callable[[str], str] = input) -> None:
    """Read and answer until the input ends or `.quit`; `read` gets the prompt's text and returns a line."""
    print(f"Earshot's marts as published {query.published_at(connection):%Y-%m-%d %H:%M} UTC, read-only:")
    _tables(connection)
    print("Type SQL up to a semicolon, or .help")
    with _history():
        typed: list[str] = []
        while True:
            try:
                line = read("   ...> " if typed else "earshot> ")
            except EOFError:
                print()
                return
            except KeyboardInterrupt:
                print()
                typed = []
                continue
            if not typed and line.strip().startswith("."):
                if line.strip() in {".quit", ".exit"}:
                    return
                _answer(connection, line.split())
                continue
            if line.strip() or typed:
                typed.append(line)
            if line.rstrip().endswith(";"):
                _ask(connection, "\n".join(typed), form)
                typed = []


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, form: Format) -> None:
    try:
        for result in query.run(connection, sql):
            show(result, form)
    except EarshotError as error:
        output.say(str(error))
    except KeyboardInterrupt:
        output.say("interrupted")


def _answer(connection: duckdb.DuckDBPyConnection, words: list[str]) -> None:
    if words == [".tables"]:
        _tables(connection)
    elif words[0] == ".describe" and len(words) == 2:
        try:
            output.table(["column", "type", "description"], query.columns(connection, words[1].rstrip(";")))
        except EarshotError as error:
            output.say(str(error))
    else:
        print(HELP)


def _tables(connection: duckdb.DuckDBPyConnection) -> None:
    output.table(["mart", "grain"], [(mart.name, mart.grain) for mart in query.marts(connection)])


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Line editing, and what was typed kept for the next time, where the platform has readline and a home."""
    file = HISTORY.expanduser()
    try:
        import readline
    except ImportError:
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            readline.set_history_length(1000)
            readline.write_history_file(file)
