"""Opening the warehouse file that dbt builds, with DuckDB's refusals turned into sentences."""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loaders.errors import EarshotError

MARTS = "marts"


@dataclass(frozen=True)
class Holder:
    """The process that keeps a DuckDB file locked."""

    program: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} ({self.program})"


def lock_holder(error: duckdb.Error) -> Holder | None:
    """Who holds the lock that DuckDB's message complains of; None when the message is about something else."""
    found = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", str(error))
    return Holder(Path(found[1]).name, int(found[2])) if found else None


def quoted(name: str) -> str:
    """The name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: BaseException) -> str:
    """What an exception says, in its first line, without the full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")


def attach(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> str:
    """Attach the warehouse read-only and return the name of its catalog.

    The name is the file's stem, as when dbt opens it, because the views inside name it.
    Raises EarshotError when the file is missing, in use by a writer or no DuckDB file.
    """
    catalog = warehouse.stem
    if not warehouse.is_file():
        raise EarshotError(f"There is no warehouse at {warehouse}; run `./earshot build` first.")
    try:
        connection.execute(f"attach {literal(str(warehouse))} as {quoted(catalog)} (read_only)")
    except duckdb.Error as error:
        raise refusal(warehouse, error) from error
    return catalog


def require_free(warehouse: Path) -> None:
    """Raise EarshotError when another process keeps the warehouse open, so that it could not be built now."""
    if not warehouse.exists():
        return
    try:
        duckdb.connect(str(warehouse)).close()
    except duckdb.Error as error:
        raise refusal(warehouse, error) from error


def refusal(warehouse: Path, error: duckdb.Error) -> EarshotError:
    """The sentence for a warehouse that DuckDB does not open."""
    holder = lock_holder(error)
    if holder:
        return EarshotError(
            f"The warehouse {warehouse} is in use by {holder}; wait until it has ended, or end it, and try again."
        )
    return EarshotError(
        f"The warehouse {warehouse} cannot be opened ({first_line(error)}); "
        "name another file in EARSHOT_WAREHOUSE, or move this one away and run `./earshot build`."
    )
