"""What a query answers, as a file or on the clipboard."""

import base64
import csv
import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from loaders.errors import EarshotError
from serving.warehouse import first_line, literal

FORMATS = {".csv": "format csv, header", ".parquet": "format parquet, compression zstd"}
# Each takes text on its standard input; the first that is installed is asked.
CLIPBOARDS = (["pbcopy"], ["wl-copy"], ["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"])
TERMINAL_BYTES = 74_994  # what terminals take in one OSC 52 sequence: 100,000 bytes of base64 with its frame


def to_file(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> int:
    """Write what a statement answers into a .csv or .parquet file, whole or not at all; returns the rows."""
    how = FORMATS.get(file.suffix.lower())
    if how is None:
        raise EarshotError(f"{file} ends in neither .csv nor .parquet; name it so that its format is known.")
    temporary = file.with_name(f".{file.name}.unfinished")
    try:
        answer = connection.sql(sql)  # found by DuckDB under its name below, whatever the statement ends with
        assert answer is not None  # only statements that answered something are exported
        row = connection.execute(f"copy (from answer) to {literal(str(temporary))} ({how})").fetchone()
        temporary.replace(file)
    except (duckdb.Error, OSError) as error:
        temporary.unlink(missing_ok=True)
        why = first_line(error) if isinstance(error, duckdb.Error) else error.strerror
        raise EarshotError(f"The rows could not be written to {file} ({why}); choose another place.") from error
    return int(row[0]) if row else 0


def as_text(columns: Sequence[str], rows: Sequence[Sequence[Any]], text: Any) -> str:
    """Rows with tabs between the values, as spreadsheets take them from a clipboard; `text` words a value."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([text(value) for value in row] for row in rows)
    return out.getvalue()


def to_clipboard(words: str) -> str:
    """Put text on the clipboard of the desktop; where there is none, returns the sequence that asks the terminal to.

    Returns an empty text when a desktop's program took it. Raises EarshotError when it is too much for a terminal.
    """
    for command in CLIPBOARDS:
        if shutil.which(command[0]):
            done = subprocess.run(command, input=words.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                return ""
    encoded = words.encode()
    if len(encoded) > TERMINAL_BYTES:
        raise EarshotError(
            f"{len(encoded):,} bytes are too many for a terminal's clipboard; use .export FILE.csv or fewer rows."
        )
    return f"\x1b]52;c;{base64.b64encode(encoded).decode()}\x07"
