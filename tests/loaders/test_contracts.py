"""A contract that can't be meant as it is written says where it is wrong, before it loses a record."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts
from loaders.errors import EarshotError
from tests.loaders.support import DATASETS

HEAD = """
sources:
  - name: catalog
    tables:
      - name: things
        config: {meta: {contract: {format: change_messages, key: [id], event_time: at}}}
        columns:
          - {name: op, config: {meta: {name: op, type: string, required: true, enum: [upsert, delete]}}}
          - {name: at, config: {meta: {name: at, type: timestamp, required: true}}}
          - {name: id, config: {meta: {name: thing_id, type: string, required: true}}}
"""
TAIL = "".join(
    f"          - {{name: {name}, config: {{meta: {{name: {name}_, type: {kind}, lineage: true}}}}}}\n"
    for name, kind in contracts.LINEAGE["change_messages"].items()
)


def column(**meta: object) -> str:
    rules = ", ".join(f"{rule}: {value}" for rule, value in meta.items())
    return f"          - {{name: field, config: {{meta: {{{rules}}}}}}}\n"


def check(folder: Path, text: str) -> list[str]:
    (folder / "_things__sources.yml").write_text(text)
    datasets, errors = contracts.check(folder)
    assert bool(datasets) is not bool(errors), "a dataset with an error must not be used"
    return errors


def test_the_shipped_contracts_are_those_of_the_sources() -> None:
    assert {(d.source, d.name): (d.format, d.key) for d in DATASETS.values()} == {
        ("events", "play"): ("event_stream", ("eventid",)),
        ("events", "navigation"): ("event_stream", ("eventid",)),
        ("events", "tokenrequest"): ("event_stream", ("eventid",)),
        ("events", "musicserviceauth"): ("event_stream", ("eventid",)),
        ("events", "voicefeedback"): ("event_stream", ("eventid",)),
        ("events", "showinteraction"): ("event_stream", ("eventid",)),
        ("events", "notification"): ("event_stream", ("eventid",)),
        ("events", "promotion"): ("event_stream", ("eventid",)),
        ("dynamodb", "users"): ("table_dumps", ("id",)),
        ("dynamodb", "devices"): ("table_dumps", ("id",)),
        ("catalog", "shows"): ("change_messages", ("showid",)),
        ("catalog", "creators"): ("change_messages", ("creatorid",)),
        ("catalog", "firmware"): ("change_messages", ("model", "version")),
    }
    personal = {(d.name, c.name): c.personal for d in DATASETS.values() for c in d.columns if c.personal}
    assert personal == {
        ("users", "email"): "drop",
        ("users", "displayName"): "drop",
        ("users", "birthYear"): "drop",
        ("voicefeedback", "utterance"): "keep",
    }


def test_the_schema_has_every_column_in_order_without_zones_or_nesting() -> None:
    for dataset in DATASETS.values():
        schema = contracts.arrow_schema(dataset)
        assert schema.names == [column.name for column in dataset.columns]
        assert {str(kind) for kind in schema.types} <= {
            str(pa.string()),
            "int64",
            "double",
            "bool",
            "timestamp[us]",
            "date32[day]",
        }


def test_a_sound_contract_is_read(tmp_path: Path) -> None:
    more = column(name="n", type="integer", required="upsert", min=0, max=5) + TAIL
    assert check(tmp_path, HEAD + more) == []


# What is wrong: a column `field` with these rules, and the words that must name it.
WRONG = {
    "unknown type": (column(name="f", type="text"), "`type` is 'text'"),
    "no type": (column(name="f"), "`type` is None"),
    "unknown rule": (column(name="f", type="string", maxlen=3), "unknown rule `maxlen`"),
    "no staging name": (column(type="string"), "`name`"),
    "staging name twice": (column(name="thing_id", type="string"), "thing_id"),
    "required is no boolean": (column(name="f", type="string", required=3), "`required`"),
    "required of an unknown op": (column(name="f", type="string", required="insert"), "`required: insert`"),
    "enum of numbers on a string": (column(name="f", type="string", enum="[1, 2]"), "`enum` holds 1"),
    "enum where YAML reads a boolean": (column(name="f", type="string", enum="[yes, no]"), "`enum` holds True"),
    "enum of strings on an integer": (column(name="f", type="integer", enum="[a]"), "`enum` holds 'a'"),
    "enum on a number": (column(name="f", type="number", enum="[1.5]"), "`enum` does not go with type number"),
    "empty enum": (column(name="f", type="string", enum="[]"), "`enum`"),
    "enum value twice": (column(name="f", type="string", enum="[a, a]"), "`enum`"),
    "min above max": (column(name="f", type="number", min=2, max=1), "`min` 2"),
    "above at max": (column(name="f", type="number", above=1, max=1), "`above` 1"),
    "min and above": (column(name="f", type="number", min=1, above=1), "exclude"),
    "min of a string": (column(name="f", type="string", min=1), "`min` does not go with type string"),
    "min that is no number": (column(name="f", type="number", min="x"), "`min` is 'x'"),
    "fractional min of an integer": (column(name="f", type="integer", min=0.5), "`min` is 0.5"),
    "length of a number": (column(name="f", type="number", min_length=1), "`min_length` does not go"),
    "negative length": (column(name="f", type="string", max_length=-1), "`max_length` is -1"),
    "lengths the wrong way round": (column(name="f", type="string", min_length=3, max_length=2), "`min_length` 3"),
    "unknown personal class": (column(name="f", type="string", personal="secret"), "`personal` is 'secret'"),
    "hash of a map": (column(name="f", type="map", personal="hash"), "`personal: hash`"),
    "lineage that is none": (column(name="f", type="string", lineage="true"), "`lineage`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_names_the_file_the_table_the_column_and_the_rule(name: str, tmp_path: Path) -> None:
    wrong, words = WRONG[name]
    [error] = check(tmp_path, HEAD + wrong + TAIL)
    assert error.startswith(f"{tmp_path}/_things__sources.yml, table things, column field: ")
    assert words in error
    with pytest.raises(EarshotError, match="things"):
        contracts.read(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("key: [id]", "key: [ident]", "`key` names ident"),
        ("key: [id]", "key: []", "`key`"),
        ("event_time: at", "event_time: when", "`event_time` names when"),
        ("event_time: at", "event_time: id", "`event_time` must be a timestamp"),
        ("change_messages", "changes", "`format` is 'changes'"),
        ("key: [id]", "key: [id], sort: [id]", "unknown rule `sort`"),
        ("contract:", "contrct:", "no mapping `contract`"),
        ("{name: thing_id, type: string, required: true}", "{name: thing_id, type: string}", "`required: true`"),
        ("name: _load_id", "name: _loadid", "lineage"),
        ("name: id,", "name: at,", "twice"),
        ("type: timestamp, required", "type: timestamp, type: date, required", "'type' stands twice"),
        ("sources:", "sources: {", "YAML"),
    ],
)
def test_errors_of_the_whole_contract(before: str, after: str, words: str, tmp_path: Path) -> None:
    text = HEAD + TAIL
    assert before in text
    errors = check(tmp_path, text.replace(before, after, 1))
    assert any(words in error for error in errors), errors
    assert all("_things__sources.yml" in error for error in errors)


def test_two_datasets_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "_a__sources.yml").write_text(HEAD + TAIL)
    (tmp_path / "_b__sources.yml").write_text((HEAD + TAIL).replace("catalog", "events"))
    _, errors = contracts.check(tmp_path)
    assert len(errors) == 1 and "_a__sources.yml" in errors[0] and "_b__sources.yml" in errors[0]


def test_the_command_lists_every_contract_and_every_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(app, ["contracts", "check"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(DATASETS)
    wrong = column(name="f", type="text") + column(type="string").replace("field", "other")
    (tmp_path / "_things__sources.yml").write_text(HEAD + wrong + TAIL)
    monkeypatch.setattr(contracts.check, "__defaults__", (tmp_path,))
    result = CliRunner().invoke(app, ["contracts", "check"])
    assert result.exit_code == 1
    assert "column field" in result.stderr and "column other" in result.stderr
