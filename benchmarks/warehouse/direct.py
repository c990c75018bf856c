"""The statements of a build, as dbt logged them, executed by nothing but DuckDB.

    python -m benchmarks.warehouse.direct LOG WAREHOUSE      prints the CPU seconds of each node as JSON

The warehouse has to be as it was before the build, and the file of the same name: statements name the database.
"""

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OTHERS = "hooks and more"
_NODES = ("model", "seed", "snapshot", "test", "unit_test")


def statements(log: Path) -> dict[tuple[str, bool], list[str]]:
    """The statements of a build by the connection that ran them, in an order in which one may follow the other.

    A connection has the name of its node. Nodes ran side by side; one that began later than another had no need of what
    came after. What others ran (hooks, questions about the catalog) is told apart by whether it came before the nodes.
    """
    groups: dict[tuple[str, bool], list[str]] = {}
    after = False
    for name, sql in _logged(log):
        is_node = name.split(".")[0] in _NODES
        after = after or is_node
        groups.setdefault((name, is_node or after), []).append(sql)
    last = [key for key in groups if key[1] and key[0].split(".")[0] not in _NODES]
    return groups | {key: groups.pop(key) for key in last}


def _logged(log: Path) -> Iterator[tuple[str, str]]:
    """The connection and the text of each statement, of a log that dbt wrote as JSON."""
    with log.open() as lines:
        for line in lines:
            if '"SQLQuery"' in line:
                event = json.loads(line)
                if event["info"]["name"] == "SQLQuery":
                    sql = event["data"]["sql"].strip()
                    # the loading of a seed is logged as its first 512 characters, which are all of it, and dots
                    yield event["data"]["conn_name"], sql.removesuffix("...")


def execute(log: Path, warehouse: Path) -> dict[str, float]:
    """Execute the statements of a build; returns the CPU seconds of each node, those of its hooks as one."""
    import duckdb

    spent: dict[str, float] = {OTHERS: 0.0}
    with duckdb.connect(str(warehouse)) as connection:
        # as profiles.yml has it
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set checkpoint_threshold = '1GB'")
        for (node, _), texts in statements(log).items():
            began = _cpu_seconds()
            for sql in texts:
                connection.execute(sql)
            with suppress(duckdb.TransactionException):
                connection.rollback()  # as dbt does with what it only asked
            name = node.split(".")[2] if node.split(".")[0] in _NODES else OTHERS
            spent[name] = spent.get(name, 0.0) + _cpu_seconds() - began
        began = _cpu_seconds()
    spent["close"] = _cpu_seconds() - began
    return spent


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(json.dumps(execute(Path(sys.argv[1]), Path(sys.argv[2]))))
