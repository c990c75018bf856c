"""The contracts: what a record of each dataset must look like, read from the dbt source YAML of the staging models.

`read()` turns every table below `models/staging/` that has `config.meta.contract` into a `Dataset` of plain values.
A contract that can't be meant as written is an error that names the file, the table, the column and the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from loaders.errors import EarshotError

if TYPE_CHECKING:
    import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
STAGING = ROOT / "models" / "staging"

EVENT_STREAM, TABLE_DUMPS, CHANGE_MESSAGES = "event_stream", "table_dumps", "change_messages"
# Columns of the envelope that `occurred_at` is computed from, beside the contract's `event_time`.
SENT, RECEIVED = "senttime", "receivedtime"
# Columns of the envelope by which events are sorted first.
CLIENT, USER = "clientid", "userid"
# Column of a change message that says whether it carries the whole row.
OPERATION = "op"

# Type of a declared column -> Arrow type of the Parquet column. Nested values travel as JSON text.
ARROW_TYPES = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "decimal": "string",  # every digit as written
    "boolean": "bool",
    "timestamp": "timestamp[us]",
    "date": "date32",
    "string_set": "string",
    "string_list": "string",
    "map": "string",
    "json": "string",
}
NUMERIC = {"integer", "number", "decimal"}
RULES = {"name", "type", "required", "enum", "min", "max", "above", "min_length", "max_length", "personal", "lineage"}
PERSONAL_CLASSES = ("keep", "hash", "drop")
# Types whose text is plain enough to be hashed; the Parquet column is then a string.
HASHABLE = {"string", "integer", "decimal"}

_LINEAGE = {
    "_extra": "json",
    "_load_id": "string",
    "_landed_at": "timestamp",
    "_source_file": "string",
    "_source_line": "integer",
    "_source_offset": "integer",
}
LINEAGE: dict[str, dict[str, str]] = {
    EVENT_STREAM: {"_region": "string", "event_date": "date", **_LINEAGE},
    CHANGE_MESSAGES: {"event_date": "date", **_LINEAGE},
    TABLE_DUMPS: {"snapshot_date": "date", "_snapshot_id": "string", "_snapshot_at": "timestamp", **_LINEAGE},
}


@dataclass(frozen=True)
class Column:
    """One column as the producer spells it (`name`), as staging calls it (`staged_name`), and its rules.

    `required` is True, False, or the value of `op` in whose messages the column is required. `above` is an exclusive
    minimum. `personal` is None where the column is no personal data. `lineage` columns are added by the loaders.
    """

    name: str
    staged_name: str
    type: str
    required: bool | str = False
    enum: tuple[str, ...] | tuple[int, ...] | None = None
    min: float | None = None
    max: float | None = None
    above: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    personal: str | None = None
    lineage: bool = False

    @property
    def arrow_type(self) -> str:
        """Name of the Arrow type of the Parquet column."""
        return "string" if self.personal == "hash" else ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Dataset:
    """One contract. `columns` stand in the order of the Parquet files; `key` and `event_time` are raw names."""

    name: str
    source: str
    file: str
    format: str
    key: tuple[str, ...]
    event_time: str | None
    columns: tuple[Column, ...]

    @property
    def declared(self) -> tuple[Column, ...]:
        """The columns that a record carries, without those the loaders add."""
        return tuple(column for column in self.columns if not column.lineage)

    @property
    def partition(self) -> str:
        """The column that the lake's folders are named by."""
        return "snapshot_date" if self.format == TABLE_DUMPS else "event_date"


def read(folder: Path = STAGING) -> dict[str, Dataset]:
    """All contracts below `folder` by dataset name, sorted; raises EarshotError with the first thing that is wrong."""
    datasets, errors = check(folder)
    if errors:
        more = f" (and {len(errors) - 1} more: run `earshot contracts check`)" if len(errors) > 1 else ""
        raise EarshotError(errors[0] + more)
    return datasets


def check(folder: Path = STAGING) -> tuple[dict[str, Dataset], list[str]]:
    """All sound contracts below `folder` and a sentence for each thing that is wrong in the others."""
    datasets: dict[str, Dataset] = {}
    errors: list[str] = []
    for path in sorted(folder.rglob("*__sources.yml")):
        where = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        try:
            document = yaml.load(path.read_bytes(), Loader=_Loader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            errors.append(f"{where} is not readable YAML: {' '.join(str(error).split())}.")
            continue
        for source, table in _tables(document, where, errors):
            found = _Table(where, source, table)
            dataset = found.dataset()
            if dataset is not None and dataset.name in datasets:
                other = datasets[dataset.name].file
                found.fault(f"the dataset stands in {other} too; give one of them another name")
            elif dataset is not None and not found.errors:
                datasets[dataset.name] = dataset
            errors.extend(found.errors)
    if not datasets and not errors:
        errors.append(f"{folder} holds no contract: no *__sources.yml there has a table with config.meta.contract.")
    return dict(sorted(datasets.items())), errors


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """The Parquet schema of a dataset: its columns in order, timestamps in microseconds UTC without a zone."""
    import pyarrow as pa  # here, because reading a contract must not cost the import of Arrow

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "timestamp[us]": pa.timestamp("us"),
        "date32": pa.date32(),
    }
    return pa.schema([(column.name, types[column.arrow_type]) for column in dataset.columns])


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Safe YAML that refuses a key that stands twice, which plain YAML loading lets the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else id(key_node)
            if key in seen and key != "<<":
                raise yaml.YAMLError(f"the key {key!r} stands twice (line {key_node.start_mark.line + 1})")
            seen.add(key)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _tables(document: object, where: str, errors: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(source name, table) for each table of a sources file that has a contract or something like one."""
    sources = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(sources, list):
        errors.append(f"{where} has no list `sources`.")
        return
    for source in sources:
        if not isinstance(source, dict) or not isinstance(source.get("name"), str):
            errors.append(f"{where} has a source without a name.")
            continue
        for table in source.get("tables") or []:
            if not isinstance(table, dict) or not isinstance(table.get("name"), str):
                errors.append(f"{where}, source {source['name']}, has a table without a name.")
            elif _at(table, "config", "meta") is not None:
                yield source["name"], table


def _at(tree: object, *keys: str) -> Any:
    """The value below nested keys, None where there is none."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


class _Table:
    """Reads one table and collects what is wrong with it."""

    def __init__(self, where: str, source: str, table: dict[str, Any]) -> None:
        self.where, self.source, self.table = where, source, table
        self.errors: list[str] = []

    def fault(self, words: str, column: str | None = None) -> None:
        place = f"{self.where}, table {self.table['name']}" + (f", column {column}" if column else "")
        self.errors.append(f"{place}: {words}.")

    def dataset(self) -> Dataset | None:
        """The dataset, None when it is too broken to be read on."""
        contract = _at(self.table, "config", "meta", "contract")
        if not isinstance(contract, dict):
            self.fault("`config.meta` has no mapping `contract`")
            return None
        for rule in sorted(set(contract) - {"format", "key", "event_time"}, key=str):
            self.fault(f"unknown rule `{rule}` in `contract`; it takes format, key and event_time")
        kind = contract.get("format")
        if kind not in LINEAGE:
            self.fault(f"`format` is {kind!r}; it must be one of {', '.join(LINEAGE)}")
            return None
        columns = self._columns()
        declared = {column.name: column for column in columns if not column.lineage}
        key = self._key(contract.get("key"), declared)
        event_time = self._event_time(kind, contract.get("event_time"), declared)
        self._lineage(kind, {column.name: column for column in columns if column.lineage})
        self._conditional(kind, declared)
        return Dataset(self.table["name"], self.source, self.where, kind, key, event_time, tuple(columns))

    def _columns(self) -> list[Column]:
        columns: list[Column] = []
        names: set[str] = set()
        staged: set[str] = set()
        for entry in self.table.get("columns") or []:
            name = entry.get("name") if isinstance(entry, dict) else None
            if not isinstance(name, str) or not name:
                self.fault("a column has no `name`")
                continue
            if name in names:
                self.fault("the column stands twice", name)
            names.add(name)
            column = self._column(name, _at(entry, "config", "meta"))
            if column is not None:
                if column.staged_name in staged:
                    self.fault(f"`name: {column.staged_name}` is another column's name too", name)
                staged.add(column.staged_name)
                columns.append(column)
        if not columns and not self.errors:
            self.fault("the table has no columns")
        return columns

    def _column(self, name: str, meta: object) -> Column | None:
        if not isinstance(meta, dict):
            self.fault("`config.meta` is missing; it takes at least name and type", name)
            return None
        before = len(self.errors)
        for rule in sorted(set(meta) - RULES, key=str):
            self.fault(f"unknown rule `{rule}`; known are {', '.join(sorted(RULES))}", name)
        kind = meta.get("type")
        if kind not in ARROW_TYPES:
            self.fault(f"`type` is {kind!r}; it must be one of {', '.join(ARROW_TYPES)}", name)
            return None
        if not isinstance(meta.get("name"), str) or not meta["name"]:
            self.fault("`name`, what staging calls the column, is missing", name)
        if type(meta.get("lineage", False)) is not bool:
            self.fault("`lineage` must be true or false", name)
        if type(meta.get("required", False)) not in (bool, str):
            self.fault("`required` must be true, false or a value of `op`", name)
        self._enum(name, kind, meta)
        self._range(name, kind, meta)
        self._length(name, kind, meta)
        self._personal(name, kind, meta)
        if len(self.errors) > before:
            return None
        return Column(
            name=name,
            staged_name=meta["name"],
            type=kind,
            required=meta.get("required", False),
            enum=tuple(meta["enum"]) if "enum" in meta else None,
            min=meta.get("min"),
            max=meta.get("max"),
            above=meta.get("above"),
            min_length=meta.get("min_length"),
            max_length=meta.get("max_length"),
            personal=meta.get("personal"),
            lineage=meta.get("lineage", False),
        )

    def _enum(self, name: str, kind: str, meta: Mapping[str, Any]) -> None:
        if "enum" not in meta:
            return
        wanted = {"string": str, "integer": int}.get(kind)
        values = meta["enum"]
        if wanted is None:
            self.fault(f"`enum` does not go with type {kind}, only with string and integer", name)
        elif not isinstance(values, list) or not values:
            self.fault("`enum` must be a list with at least one value", name)
        elif wrong := [value for value in values if type(value) is not wanted]:
            hint = "; put it in quotes" if kind == "string" else ""
            self.fault(f"`enum` holds {wrong[0]!r}, which is not of type {kind}{hint}", name)
        elif len(set(values)) < len(values):
            self.fault("`enum` holds a value twice", name)

    def _range(self, name: str, kind: str, meta: Mapping[str, Any]) -> None:
        limits = {}
        for rule in ("min", "max", "above"):
            if rule not in meta:
                continue
            value = meta[rule]
            if kind not in NUMERIC:
                self.fault(f"`{rule}` does not go with type {kind}, only with numbers", name)
            elif type(value) not in (int, float) or value != value or value in (float("inf"), float("-inf")):
                self.fault(f"`{rule}` is {value!r}, which is no finite number", name)
            elif kind == "integer" and type(value) is not int:
                self.fault(f"`{rule}` is {value!r}, which is no integer like the column", name)
            else:
                limits[rule] = value
        if "min" in meta and "above" in meta:
            self.fault("`min` and `above` exclude each other", name)
        elif "max" in limits and limits.get("min", limits["max"]) > limits["max"]:
            self.fault(f"`min` {limits['min']} is greater than `max` {limits['max']}", name)
        elif "max" in limits and "above" in limits and limits["above"] >= limits["max"]:
            self.fault(f"`above` {limits['above']} leaves nothing below `max` {limits['max']}", name)

    def _length(self, name: str, kind: str, meta: Mapping[str, Any]) -> None:
        limits = {}
        for rule in ("min_length", "max_length"):
            if rule not in meta:
                continue
            if kind != "string":
                self.fault(f"`{rule}` does not go with type {kind}, only with string", name)
            elif type(meta[rule]) is not int or meta[rule] < 0:
                self.fault(f"`{rule}` is {meta[rule]!r}; it must be a whole number from 0", name)
            else:
                limits[rule] = meta[rule]
        if len(limits) == 2 and limits["min_length"] > limits["max_length"]:
            self.fault(f"`min_length` {limits['min_length']} > `max_length` {limits['max_length']}", name)

    def _personal(self, name: str, kind: str, meta: Mapping[str, Any]) -> None:
        if "personal" not in meta:
            return
        value = meta["personal"]
        if value not in PERSONAL_CLASSES:
            self.fault(f"`personal` is {value!r}; it must be one of {', '.join(PERSONAL_CLASSES)}", name)
        elif value == "hash" and kind not in HASHABLE:
            self.fault(f"`personal: hash` does not go with type {kind}, only with {', '.join(sorted(HASHABLE))}", name)
        elif meta.get("lineage") is True:
            self.fault("`personal` does not go with a lineage column", name)

    def _key(self, key: object, declared: Mapping[str, Column]) -> tuple[str, ...]:
        if not isinstance(key, list) or not key or not all(isinstance(part, str) for part in key):
            self.fault("`key` must be a list of at least one column")
            return ()
        for part in key:
            column = declared.get(part)
            if column is None:
                if not self._broken(part):
                    self.fault(f"`key` names {part}, which is no column of the table")
            elif column.required is not True:
                self.fault("`key` columns must be `required: true`", part)
            elif column.personal == "drop":
                self.fault("a `key` column can't be `personal: drop`", part)
        return tuple(key)

    def _event_time(self, kind: str, event_time: object, declared: Mapping[str, Column]) -> str | None:
        if kind == TABLE_DUMPS:
            if event_time is not None:
                self.fault("`event_time` does not go with format table_dumps: a dump has its export time")
            return None
        wanted = {"event_time": event_time}
        if kind == EVENT_STREAM:
            wanted |= {SENT: SENT, RECEIVED: RECEIVED}
        for rule, name in wanted.items():
            column = declared.get(name) if isinstance(name, str) else None
            if column is None:
                if not self._broken(name):
                    self.fault(f"`{rule}` names {name}, which is no column of the table")
            elif column.type != "timestamp":
                self.fault(f"`{rule}` must be a timestamp, not {column.type}", column.name)
            elif column.required is not True and name != SENT:
                self.fault(f"`{rule}` must be `required: true`", column.name)
        return event_time if isinstance(event_time, str) else None

    def _lineage(self, kind: str, found: Mapping[str, Column]) -> None:
        wanted = LINEAGE[kind]
        for name, column in found.items():
            if name not in wanted:
                self.fault(f"`lineage` column that format {kind} does not have", name)
            elif column.type != wanted[name]:
                self.fault(f"`type` of this lineage column must be {wanted[name]}, not {column.type}", name)
        for name in wanted:
            if name not in found and not self._broken(name):
                self.fault(f"the lineage column {name} of format {kind} is missing")

    def _conditional(self, kind: str, declared: Mapping[str, Column]) -> None:
        """`required: upsert` needs an `op` whose enum knows that value."""
        operation = declared.get(OPERATION)
        operations = operation.enum or () if operation is not None else ()
        for column in declared.values():
            if isinstance(column.required, str) and (kind != CHANGE_MESSAGES or column.required not in operations):
                self.fault(f"`required: {column.required}` is neither true, false nor a value of `op`", column.name)

    def _broken(self, name: object) -> bool:
        """Whether a column of that name is there but was refused: one error about it is enough."""
        return any(isinstance(entry, dict) and entry.get("name") == name for entry in self.table.get("columns") or [])
