"""The prompt of `earshot sql`: statements up to a semicolon, and a few words with a dot before them."""

import contextlib
import itertools
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from commands import output
from commands.sql import Format, show
from loaders.errors import EarshotError
from serving import export, query, saved

HISTORY = Path("~/.earshot_history")
CLIPBOARD_ROWS = 10_000  # more is for a file
# fmt: off
KEYWORDS = [  # words that a query is likely to need
    "and", "as", "asc", "between", "by", "case", "cast", "count(", "count(distinct", "desc", "describe", "distinct",
    "else", "end", "exists", "false", "from", "full", "group", "having", "in", "inner", "interval", "is", "join",
    "last", "left", "like", "limit", "max(", "min(", "not", "null", "nulls", "on", "or", "order", "over",
    "partition", "right", "select", "sum(", "then", "true", "union", "using", "when", "where", "with", "avg(",
    "date", "date_trunc(", "coalesce(", "round(",
]
# fmt: on
DOTTED = [".tables", ".describe", ".saved", ".run", ".show", ".export", ".copy", ".help", ".quit"]
HELP = """\
.tables            the marts, each with what a row of it is
.describe MART     its columns and what they mean
.saved             the saved queries, each with what it answers
.run NAME          run a saved query; .show NAME prints its SQL
.export FILE       the last answer, whole, into FILE.csv or FILE.parquet
.copy              the last answer onto the clipboard, for a spreadsheet
Tab                completes marts, columns, words of SQL and these
.help              this list
.quit              leave (so does Ctrl-D)
anything else      SQL, up to a semicolon; Ctrl-C drops what was typed"""


def talk(connection: duckdb.DuckDBPyConnection, form: Format, read: Callable[[str], str] = input) -> None:
    """Read and answer until the input ends or `.quit`; `read` gets the prompt's text and returns a line."""
    print(f"Earshot's marts as published {query.published_at(connection):%Y-%m-%d %H:%M} UTC, read-only:")
    print()
    _tables(connection)
    print()
    print(f"Type SQL up to a semicolon, .saved for {len(saved.names())} queries to start from, or .help")
    with _line_editing(connection):
        typed: list[str] = []
        last = ""  # the last statement that was answered
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
                last = _answer(connection, line.split(), form, last)
                continue
            if line.strip() or typed:
                typed.append(line)
            if line.rstrip().endswith(";"):
                last = _ask(connection, "\n".join(typed), form) or last
                typed = []


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, form: Format) -> str:
    """Print the answers; returns the last statement that had one, empty when none did."""
    try:
        for result in query.run(connection, sql):
            show(result, form)
        return connection.extract_statements(sql)[-1].query
    except EarshotError as error:
        output.say(str(error))
    except KeyboardInterrupt:
        output.say("interrupted")
    return ""


def _answer(connection: duckdb.DuckDBPyConnection, words: list[str], form: Format, last: str) -> str:
    """Do what a word with a dot says; returns the last statement that was answered."""
    asked, name = words[0], " ".join(words[1:]).rstrip(";")
    try:
        if asked == ".tables" and not name:
            _tables(connection)
        elif asked == ".describe" and name:
            output.table(["column", "type", "description"], query.columns(connection, name))
        elif asked == ".saved" and not name:
            output.table(["query", "answers"], [(one, saved.question(one)) for one in saved.names()])
        elif asked == ".show" and name:
            print(saved.sql(name))
        elif asked == ".run" and name:
            return _ask(connection, saved.sql(name), form) or last
        elif asked == ".export" and name:
            file = Path(name).expanduser().absolute()
            print(f"{export.to_file(connection, _answered(last), file):,} rows in {file}")
        elif asked == ".copy" and not name:
            _copy(connection, _answered(last))
        else:
            print(HELP)
    except EarshotError as error:
        output.say(str(error))
    except KeyboardInterrupt:
        output.say("interrupted")
    return last


def _answered(last: str) -> str:
    if not last:
        raise EarshotError("There is no answer yet; run a query first.")
    return last


def _copy(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    result = next(query.run(connection, sql))
    rows = list(itertools.islice(itertools.chain.from_iterable(result.batches), CLIPBOARD_ROWS + 1))
    if len(rows) > CLIPBOARD_ROWS:
        raise EarshotError(f"More than {CLIPBOARD_ROWS:,} rows are too many for a clipboard; use .export FILE.csv.")
    sys.stdout.write(export.to_clipboard(export.as_text(result.columns, rows, output.text)))
    print(f"{len(rows):,} rows on the clipboard")


def _tables(connection: duckdb.DuckDBPyConnection) -> None:
    """On a terminal as wide as it is, one line a mart, cut with an ellipsis: a list is skimmed, .describe tells all."""
    marts = query.marts(connection)
    if not sys.stdout.isatty():
        output.table(["mart", "what it answers"], [(mart.name, mart.grain) for mart in marts])
        return
    widest = max((len(mart.name) for mart in marts), default=0)
    room = max(shutil.get_terminal_size().columns - widest - 2, 20)
    for mart in marts:
        grain = mart.grain if len(mart.grain) <= room else mart.grain[: room - 1].rstrip() + "…"
        print(f"{mart.name:{widest}}  {grain}")


def completer(connection: duckdb.DuckDBPyConnection) -> Callable[[str, str], list[str]]:
    """A function from the word that is being typed and the line before it to what the word may become."""
    marts = [mart.name for mart in query.marts(connection)]
    columns = sorted({column for mart in marts for column, _, _ in query.columns(connection, mart)})

    def complete(word: str, before: str) -> list[str]:
        said = before.split()
        if said[:1] in (["."], []) and word.startswith("."):
            choices = DOTTED
        elif said[:1] == [".describe"]:
            choices = marts
        elif said[:1] in ([".run"], [".show"]):
            choices = saved.names()
        elif said and said[-1].lower() in {"from", "join"}:
            choices = marts
        else:
            choices = [*columns, *marts, *KEYWORDS]
        return [choice for choice in choices if choice.startswith(word.lower())]

    return complete


@contextlib.contextmanager
def _line_editing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Completion, and what was typed kept for the next time, where the platform has readline and a home."""
    file = HISTORY.expanduser()
    try:
        import readline
    except ImportError:
        yield
        return
    complete = completer(connection)

    def choice(word: str, number: int) -> str | None:
        # readline asks for one after the other, until there is none
        found = complete(word, re.sub(r"\S*$", "", readline.get_line_buffer()[: readline.get_endidx()]))
        return found[number] if number < len(found) else None

    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_completer(choice)
    readline.set_completer_delims(" \t\n,()=<>+-*/;")
    readline.parse_and_bind("bind ^I rl_complete" if "libedit" in (readline.__doc__ or "") else "tab: complete")
    try:
        yield
    finally:
        readline.set_completer(None)
        with contextlib.suppress(OSError):
            readline.set_history_length(1000)
            readline.write_history_file(file)
