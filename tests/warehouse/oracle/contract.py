"""What makes a record valid, read from the declarations beside the staging models and judged field by field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {"events", "dynamodb", "catalog"}
ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))"
)
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
EPOCH = datetime(1970, 1, 1)


class Invalid(ValueError):
    """A record breaks its contract; the text says how."""


@dataclass(frozen=True)
class Contract:
    """One dataset: its key and, by raw field name, the `config.meta` of every declared field."""

    source: str
    dataset: str
    key: list[str]
    fields: dict[str, dict[str, Any]]


def read_contracts() -> dict[str, Contract]:
    """The contract of every dataset, by dataset name."""
    contracts = {}
    for source in sorted(SOURCES):
        path = ROOT / "models" / "staging" / source / f"_{source}__sources.yml"
        for table in yaml.safe_load(path.read_text())["sources"][0]["tables"]:
            columns = {column["name"]: column["config"]["meta"] for column in table["columns"]}
            contracts[table["name"]] = Contract(
                source=source,
                dataset=table["name"],
                key=table["config"]["meta"]["contract"]["key"],
                fields={name: meta for name, meta in columns.items() if not meta.get("lineage")},
            )
    return contracts


def timestamp(value: Any) -> datetime:
    """ISO 8601 with a zone (fraction cut to microseconds) or integer epoch milliseconds, as naive UTC."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            moment = EPOCH + timedelta(milliseconds=value)
        except OverflowError:
            raise Invalid("out of range") from None
    elif isinstance(value, str) and (match := ISO.fullmatch(value)):
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        micros = int((match[7] or "").ljust(6, "0")[:6])
        try:
            offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
            zone = timezone(-offset if match[8] == "-" else offset)
            local = datetime(year, month, day, hour, minute, second, micros, zone)
            moment = local.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            raise Invalid("no such time") from None
    else:
        raise Invalid("no timestamp")
    if not 1970 <= moment.year <= 2100:
        raise Invalid("out of range")
    return moment


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid("no string")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid("no integer")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Invalid("no number")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid("no boolean")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Invalid("no array")
    return [_text(item) for item in value]


JSON_TYPES: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "timestamp": timestamp,
    "string_list": _texts,
}


def judge_json(contract: Contract, value: Mapping[str, Any], region: str | None = None) -> dict[str, Any]:
    """The declared fields of a JSON record, typed; raises Invalid by the rules of the contract.

    In region `cn` personal fields are judged like everywhere and then not kept.
    """
    delete = value.get("op") == "delete"
    row: dict[str, Any] = {}
    for name, meta in contract.fields.items():
        row[name] = _judge_field(meta, value.get(name), JSON_TYPES[meta["type"]], delete)
        if region == "cn" and meta.get("personal"):
            row[name] = None
    return row


def judge_item(contract: Contract, item: Mapping[str, Any]) -> dict[str, Any]:
    """The declared attributes of a DynamoDB item, typed; raises Invalid by the rules of the contract."""
    return {
        name: _judge_field(meta, _untyped(item.get(name)), _item_type(meta["type"]), delete=False)
        for name, meta in contract.fields.items()
    }


def _judge_field(meta: Mapping[str, Any], value: Any, convert: Callable[[Any], Any], delete: bool) -> Any:
    """One field: required, type, enum, length and range."""
    if value is None:
        required = meta.get("required")
        if required is True or (required == "upsert" and not delete):
            raise Invalid("required field is missing")
        return None
    result = convert(value)
    if "enum" in meta and result not in meta["enum"]:
        raise Invalid("not in the enum")
    if isinstance(result, str) and not meta.get("min_length", 0) <= len(result) <= meta.get("max_length", len(result)):
        raise Invalid("too short or too long")
    if isinstance(result, int | float) and not isinstance(result, bool):
        if result < meta.get("min", result) or result > meta.get("max", result):
            raise Invalid("out of range")
        if "above" in meta and result <= meta["above"]:
            raise Invalid("out of range")
    return result


def _untyped(attribute: Any) -> tuple[str, Any] | None:
    """(type in upper case, value) of a typed attribute value; None for a NULL or an absent one."""
    if attribute is None:
        return None
    if not isinstance(attribute, dict) or len(attribute) != 1:
        raise Invalid("no typed value")
    [(kind, value)] = attribute.items()
    return None if kind.upper() in ("NULL", "NULLVALUE") else (kind.upper(), value)


def _item_type(type_name: str) -> Callable[[Any], Any]:
    """What a declared type asks of a typed attribute value."""
    kind = {
        "string": "S",
        "timestamp": "S",
        "decimal": "N",
        "boolean": "BOOL",
        "string_set": "SS",
        "string_list": "L",
        "map": "M",
    }[type_name]

    def convert(typed: tuple[str, Any]) -> Any:
        if typed[0] != kind:
            raise Invalid(f"{typed[0]} where {kind} is declared")
        value = typed[1]
        if type_name == "timestamp":
            return timestamp(_text(value))
        if type_name == "decimal":
            if not NUMBER.fullmatch(_text(value)):
                raise Invalid("no number")
            return value
        if type_name == "boolean":
            return _boolean(value)
        if type_name == "string_set":
            return sorted(set(_texts(value)))
        if type_name == "string_list":
            return [_item_type("string")(_untyped(member)) for member in value]
        return _bare(typed) if type_name == "map" else _text(value)

    return convert


def _bare(typed: tuple[str, Any]) -> Any:
    """A typed value of any depth without the spelling of its types; numbers stay marked, as text."""
    kind, value = typed
    if kind == "M":
        return {name: (None if (inner := _untyped(member)) is None else _bare(inner)) for name, member in value.items()}
    if kind == "L":
        return [None if (inner := _untyped(member)) is None else _bare(inner) for member in value]
    return {kind: sorted(value) if kind in ("SS", "NS", "BS") else value}
