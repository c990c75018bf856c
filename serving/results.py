"""Did all that was built also pass? dbt's hooks write it into the warehouse (macros/build/results.sql)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from loaders.errors import EarshotError
from serving.warehouse import MARTS, quoted

TABLE = "intermediate._results"
PASSED = {"success", "pass", "warn", "no-op"}
NAMED = 5  # so many names stand in a sentence; the rest is counted


@dataclass(frozen=True)
class Node:
    """The last result of one node of the dbt project."""

    node_id: str
    resource_type: str
    schema: str
    relation: str
    name: str
    parents: list[str]
    status: str
    ran_at: datetime


def read(connection: duckdb.DuckDBPyConnection, catalog: str, warehouse: Path) -> list[Node]:
    """The last result of every node; raises EarshotError when no build has written any."""
    try:
        rows = connection.execute(
            "select node_id, resource_type, schema_name, relation_name, name, parents, status, ran_at "
            f"from {quoted(catalog)}.{TABLE} order by node_id"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise EarshotError(
            f"The warehouse {warehouse} does not say whether its tests passed; run `./earshot build`."
        ) from error
    return [Node(*row) for row in rows]


def complaint(nodes: list[Node]) -> str | None:
    """Why the marts are not fit to be read; None when every last result was good and every mart was tested since."""
    failed = [node.name for node in nodes if node.status not in PASSED | {"not run", "running", "skipped"}]
    if failed:
        return f"the last build left {_listed(failed, 'failure')}"
    running = [node.ran_at for node in nodes if node.status == "running"]
    if running:
        return f"the run that began at {min(running):%Y-%m-%d %H:%M:%S} UTC did not finish"
    skipped = [node.name for node in nodes if node.status == "skipped"]
    if skipped:
        return f"the last build skipped {_listed(skipped, 'node')}"
    marts = {node.node_id: node for node in nodes if node.resource_type == "model" and node.schema == MARTS}
    missing = [node.name for node in marts.values() if node.status == "not run"]
    if missing:
        return f"no build has made {_listed(missing, 'mart')}"
    untested = {
        marts[parent].name
        for node in nodes
        if node.resource_type == "test"
        for parent in node.parents
        if parent in marts and (node.status == "not run" or node.ran_at < marts[parent].ran_at)
    }
    if untested:
        return f"tests have not run since the build of {_listed(sorted(untested), 'mart')}"
    return None


def require_passed(nodes: list[Node], warehouse: Path) -> None:
    """Raise EarshotError with the complaint, if there is one."""
    why = complaint(nodes)
    if why:
        raise EarshotError(
            f"Nothing was published from {warehouse}, because {why}; "
            "mend what is wrong and run `./earshot build`, readers keep what was published before."
        )


def _listed(names: list[str], noun: str) -> str:
    """`2 failures (a, b)`: the count and the first few names."""
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return f"{len(names)} {noun}{'s' if len(names) != 1 else ''} ({shown})"
