"""A `dbt build` for Amazon Redshift without it: the real adapter on a connection that writes down what it is sent.

Nothing is executed. Questions that macros ask are answered with plausible rows, so that every statement of a first
build and of an incremental one is made: those of hooks, incremental strategies, snapshots and tests too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast
from unittest import mock

import sqlglot
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.redshift.connections import RedshiftConnectionManager
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, build_scope

ROOT = Path(__file__).resolve().parents[2]
VARCHAR = 1043  # the type code by which Redshift's driver tells varchar


class RehearsalError(Exception):
    """dbt gave up before it came to the nodes."""


@dataclass(frozen=True)
class Sent:
    """A statement and the node (`model.earshot.dim_users`) for which it was sent; empty before and after all nodes."""

    node: str
    sql: str


@dataclass
class Rehearsal:
    """What a build sent, in order, and of its nodes, by unique id, how they ended.

    `compiled` is a node's SQL, `columns` are those that the SQL has, `described` those that its YAML names, and
    `failures` say what went wrong.
    """

    sent: list[Sent] = field(default_factory=list, repr=False)
    compiled: dict[str, str] = field(default_factory=dict, repr=False)
    columns: dict[str, list[str]] = field(default_factory=dict, repr=False)
    described: dict[str, list[str]] = field(default_factory=dict, repr=False)
    failures: dict[str, str] = field(default_factory=dict)


def parse(target_path: Path, project: Path = ROOT) -> Any:
    """The manifest of the project for the target redshift; RehearsalError when it cannot be made."""
    done = dbtRunner().invoke(["parse", *_flags(target_path, project)])
    if not done.success:
        raise RehearsalError(f"dbt parse --target redshift failed: {done.exception}")
    return done.result


def rehearse(manifest: Any, target_path: Path, *, incremental: bool, project: Path = ROOT) -> Rehearsal:
    """Build with the target redshift; `incremental` pretends that everything stands already, and leaves out the tests,
    whose SQL is the same then.
    """
    rehearsal = Rehearsal()
    world = _World(manifest, exists=incremental)

    def open_connection(_: type[RedshiftConnectionManager], connection: Connection) -> Connection:
        connection.handle = _Handle(world, connection, rehearsal)
        connection.state = ConnectionState.OPEN
        return connection

    with mock.patch.object(RedshiftConnectionManager, "open", classmethod(open_connection)):
        left_out = ["unit_test", "test"] if incremental else ["unit_test"]
        options = [option for kind in left_out for option in ("--exclude-resource-type", kind)]
        command = ["--no-write-json", "build", *options, "--threads", "1", *_flags(target_path, project)]
        done = dbtRunner(manifest=manifest).invoke(command)
    if done.exception is not None:
        raise RehearsalError(f"dbt build --target redshift failed: {done.exception}")
    for result in cast(RunExecutionResult, done.result).results:
        node: Any = result.node
        if result.status not in ("success", "pass", "no-op"):  # nothing is done for an exposure
            rehearsal.failures[node.unique_id] = f"{result.status}: {result.message}"
        if node.resource_type in ("model", "snapshot"):
            rehearsal.compiled[node.unique_id] = node.compiled_code
            rehearsal.columns[node.unique_id] = world.answer(node.compiled_code)[0]
            rehearsal.described[node.unique_id] = list(node.columns)
    return rehearsal


def _flags(target_path: Path, project: Path) -> list[str]:
    return [
        *("--target", "redshift", "--project-dir", str(project), "--profiles-dir", str(project)),
        *(
            "--target-path",
            str(target_path),
            "--log-path",
            str(target_path),
            "--log-level",
            "none",
            "--no-partial-parse",
        ),
    ]


class _World:
    """What the warehouse would answer: which relations stand, their columns, and rows for the macros' questions."""

    def __init__(self, manifest: Any, *, exists: bool) -> None:
        nodes = [node for node in manifest.nodes.values() if node.resource_type in ("model", "seed", "snapshot")]
        self.relations = {(node.schema, node.alias): node for node in nodes if node.config.materialized != "ephemeral"}
        self.columns = {node.alias: list(node.columns) for node in nodes}
        self.columns |= {source.identifier: list(source.columns) for source in manifest.sources.values()}
        for node in nodes:
            if node.resource_type == "snapshot":
                self.columns[node.alias] += _OF_SNAPSHOTS
        self.exists = exists

    def answer(self, sql: str) -> tuple[list[str], list[Sequence[object]]]:
        """The names of the columns that a statement returns, and its rows."""
        text = " ".join(sql.split())
        if "from pg_class" in text:  # which views depend on which tables
            return ["dependent_schema", "dependent_name", "referenced_schema", "referenced_name"], []
        if "from pg_namespace" in text:
            return ["nspname"], [[schema] for schema in {schema for schema, _ in self.relations}]
        if schema := re.search(r"from information_schema\.tables where table_schema ilike '([^']+)'", text):
            return ["database", "name", "schema", "type"], self._relations_of(schema[1])
        if table := re.search(r"from information_schema\.\"columns\" where table_name = '([^']+)'", text):
            return list(_COLUMN), self._columns_of(table[1])
        if re.match(r"(alter|comment|create|delete|drop|insert|update)\b", text, re.IGNORECASE):
            return [], []
        try:
            tree = sqlglot.parse_one(sql, read="redshift")
        except SqlglotError:
            return [], []
        columns = self._outputs(tree) if isinstance(tree, exp.Query) else []
        return columns, [[_value(column) for column in columns]]

    def _relations_of(self, schema: str) -> list[Sequence[object]]:
        standing = [node for node in self.relations.values() if node.schema == schema] if self.exists else []
        return [
            [node.database, node.alias, schema, "view" if node.config.materialized == "view" else "table"]
            for node in standing
        ]

    def _columns_of(self, table: str) -> list[Sequence[object]]:
        columns = self.columns.get(re.sub(r"__dbt_(tmp|backup).*$", "", table), [])
        return [[column, "character varying", 256, None, None] for column in dict.fromkeys(columns)]

    def _outputs(self, query: exp.Query) -> list[str]:
        """The names of the columns of a query, those behind a * too."""
        scope = build_scope(query)
        return self._of_source(scope) if scope is not None else []

    def _selected(self, scope: Scope) -> list[str]:
        columns: list[str] = []
        for column in cast(exp.Select, scope.expression).selects:
            if column.is_star:
                wanted = [column.table] if isinstance(column, exp.Column) else list(scope.selected_sources)
                for name in wanted:
                    _, source = scope.selected_sources[name]
                    columns += self._of_source(source)
            else:
                inside = next((found.name for found in column.find_all(exp.Column)), "value")
                columns.append(column.alias_or_name or inside)
        return columns

    def _of_source(self, source: Scope | exp.Table) -> list[str]:
        if isinstance(source, Scope):
            branch = source
            while branch.set_operation_scopes:
                branch = branch.set_operation_scopes[0]
            return self._selected(branch)
        return [str(row[0]) for row in self._columns_of(source.name)]


_OF_SNAPSHOTS = ["dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted"]
_COLUMN = ("column_name", "data_type", "character_maximum_length", "numeric_precision", "numeric_scale")


def _value(column: str) -> object:
    if column == "seeds":
        return "{}"
    if column == "as_of":
        return ""
    if column.endswith(("_day", "_date")):
        return date(2026, 1, 5)
    if column.endswith(("_at", "_through")):
        return datetime(2026, 1, 5, 10, 30)
    if column.startswith("should_"):  # a test's question whether its failures are too many
        return False
    return 0 if column == "failures" else 1


class _Cursor:
    rowcount = 1

    def __init__(self, world: _World, connection: Connection, rehearsal: Rehearsal) -> None:
        self._world, self._connection, self._rehearsal = world, connection, rehearsal
        self.description: list[tuple[str, int]] | None = None
        self._rows: list[Sequence[object]] = []

    def execute(self, sql: str, bindings: object = None) -> "_Cursor":
        statement = re.sub(r"^\s*/\*.*?\*/", "", sql, flags=re.DOTALL).strip()
        if statement not in ("BEGIN", "COMMIT", "ROLLBACK"):
            self._rehearsal.sent.append(Sent(self._connection.name or "", statement))
        columns, self._rows = self._world.answer(statement)
        self.description = [(column, VARCHAR) for column in columns] or None
        return self

    def fetchall(self) -> list[Sequence[object]]:
        return self._rows

    def fetchone(self) -> Sequence[object] | None:
        return self._rows[0] if self._rows else None

    def fetchmany(self, size: int) -> list[Sequence[object]]:
        return self._rows[:size]

    def close(self) -> None:
        pass


@dataclass
class _Handle:
    """As much of a connection of Redshift's driver as dbt uses."""

    world: _World
    connection: Connection
    rehearsal: Rehearsal
    autocommit: bool = True

    def cursor(self) -> _Cursor:
        return _Cursor(self.world, self.connection, self.rehearsal)

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass
