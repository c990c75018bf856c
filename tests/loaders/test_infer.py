"""A draft takes its own samples, says what it guessed, and stands among the other contracts as if written by hand."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlfluff.core import FluffConfig, Linter
from sqlglot.dialects.redshift import Redshift
from typer.testing import CliRunner

from commands.__main__ import app
from loaders import contracts, spelling
from loaders.contracts import STAGING, Column, Dataset
from loaders.errors import EarshotError
from loaders.infer import ENVELOPE, Draft, infer, told, write
from tests.loaders.support import DATASETS, Place

ROOT = STAGING.parents[1]
HOUR = "2026/01/05/21"


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STAGING, tmp_path / "models" / "staging"))


def event(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A record with the envelope of an event stream."""
    moment = datetime(2026, 1, 5, 21, tzinfo=UTC) + timedelta(seconds=number)
    times = {"eventtime": moment.isoformat(), "receivedtime": (moment + timedelta(seconds=1)).isoformat()}
    return {"eventid": f"e{number}", **times, "clientid": "app", **fields}


def lines(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def drafted(folder: Path, staging: Path, *records: dict[str, Any]) -> Mapping[str, Column]:
    """The columns of a draft from records of an event stream, by name, as the written contract has them."""
    write(infer([lines(folder / "samples", list(records))], "events", "sleeptimer", staging=staging))
    return {column.name: column for column in contracts.read(staging)["sleeptimer"].columns}


def landed(place: Place, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """How many records `land` lands and quarantines with a contract more."""
    datasets = DATASETS | {dataset.name: dataset}
    with monkeypatch.context() as patch:
        patch.setattr(contracts, "read", lambda: datasets)
        counts = place.land().datasets[dataset.name]
    return counts.landed, counts.quarantined


def test_types_and_rules_are_those_of_the_values(tmp_path: Path, staging: Path) -> None:
    values: dict[str, list[Any]] = {
        "text": ["a", "b"],
        "whole": [3, 0],
        "below": [-3, 4],
        "mixed_numbers": [1, 2.5],
        "digits": [10**30, 1],
        "flag": [True, False],
        "moment": ["2026-01-05T21:00:00Z", "2026-01-05T21:00:00.123456789+01:00"],
        "startedat": [1767225600000, 1767225600001],
        "either": ["2026-01-05T21:00:00Z", 1767225600001],
        "zoneless": ["2026-01-05T21:00:00", "2026-01-05T21:00:01"],
        "day": ["2026-01-05", "2026-02-28"],
        "no_day": ["2026-02-30", "2026-02-28"],
        "names": [["a"], []],
        "numbers": [[1], []],
        "object": [{"a": 1}, {}],
        "torn": [1, "1"],
        "sometimes": ["a", None],
    }
    records = [event(at, **{name: both[at] for name, both in values.items()}) for at in (0, 1)]
    columns = drafted(tmp_path, staging, *records)
    assert {name: columns[name].type for name in values} == {
        "text": "string",
        "whole": "integer",
        "below": "integer",
        "mixed_numbers": "number",
        "digits": "decimal",
        "flag": "boolean",
        "moment": "timestamp",
        "startedat": "timestamp",
        "either": "timestamp",
        "zoneless": "string",
        "day": "date",
        "no_day": "string",
        "names": "string_list",
        "numbers": "json",
        "object": "map",
        "torn": "json",
        "sometimes": "string",
    }
    assert [name for name in values if columns[name].required is not True] == ["sometimes"]
    assert [name for name in values if columns[name].min is not None] == ["whole", "mixed_numbers", "digits"]
    assert columns["startedat"].staged_name == "started_at"
    sources = (staging / "events" / "_events__sources.yml").read_text()
    assert "# seen as integer (1) and string (1), so it is kept as JSON text: decide for one type" in sources


def test_few_texts_in_many_records_are_guessed_to_be_all(tmp_path: Path, staging: Path) -> None:
    many = [
        event(at, kind=("on", "off", "null")[at % 3], city=f"c{at}", thingid="x" if at % 2 else "y", one="same")
        for at in range(30)
    ]
    many[7]["rare"] = "once"
    columns = drafted(tmp_path, staging, *many)
    assert columns["kind"].enum == ("null", "off", "on")
    assert [columns[name].enum for name in ("city", "thingid", "one", "rare")] == [None] * 4


def test_personal_data_is_guessed_and_dropped(tmp_path: Path, staging: Path) -> None:
    fields = {"E-Mail": "x", "phone_number": "1", "birthDate": "1990-01-01", "contact": "ada@example.com"}
    columns = drafted(tmp_path, staging, event() | fields | {"headphones": "y", "utterance": "play jazz"})
    assert [columns[name].personal for name in fields] == ["drop"] * 4
    assert columns["headphones"].personal is None
    assert columns["utterance"].personal == "keep"  # as another contract has it
    written = "".join(path.read_text() for path in (staging / "events").iterdir())
    assert "ada@example.com" not in written and "1990-01-01" not in written


def test_names_that_sql_does_not_take_are_renamed_or_left_in_extra(
    tmp_path: Path, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["order", "tag", "user-id", "first name", "client_id", "region", "2nd", "userId", "userID", "copy_number"]
    others = ["", "a}b{{c", "ä", 'q"', "event_date", "_extra", "EventId", "line\nbreak"]
    record = event(nothing=None) | dict.fromkeys([*names, *others], "x")
    columns = drafted(tmp_path, staging, record)
    kept = [name for name, column in columns.items() if not column.lineage and name not in ENVELOPE["event_stream"]]
    # `userId` and `userID` differ from `userid` only in capitals, which no engine tells apart.
    assert kept == [name for name in names if name.lower() != "userid"]
    staged = [columns[name].staged_name for name in kept]
    assert not set(staged) & (spelling.RESERVED | {"region", "client_id", "user_id", "copy_number"})
    sql = (staging / "events" / "stg_events__sleeptimer.sql").read_text()
    linted = Linter(FluffConfig.from_path(str(ROOT))).lint_string(sql, fname="stg_events__sleeptimer.sql")
    assert [str(one) for one in linted.get_violations()] == []
    place = Place(tmp_path)
    place.put(f"events/eu/sleeptimer/{HOUR}/a", [record])
    assert landed(place, contracts.read(staging)["sleeptimer"], monkeypatch) == (1, 0)


def test_reserved_words_of_both_engines_are_known() -> None:
    of_redshift = {word.strip() for word in Redshift.Generator.RESERVED_KEYWORDS}
    query = "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
    of_duckdb = {word for (word,) in duckdb.sql(query).fetchall()}
    assert of_redshift | of_duckdb <= spelling.RESERVED


def test_staging_names_are_those_of_the_house() -> None:
    """What people chose for the shipped contracts, where it is the producer's name in other letters."""
    datasets = contracts.read()
    known = spelling.words(datasets.values())
    for dataset in datasets.values():
        for column in dataset.declared:
            if column.staged_name.replace("_", "") == column.name.lower():
                assert spelling.staged(column.name, column.type, known, (), dataset.name) == column.staged_name


def test_a_draft_only_adds_to_the_files_that_are_there(tmp_path: Path, staging: Path) -> None:
    before = {path: path.read_text() for path in staging.rglob("*.*")}
    draft = infer([lines(tmp_path / "samples", [event(minutes=5)])], "events", "sleeptimer", staging=staging)
    assert {path: path.read_text() for path in staging.rglob("*.*")} == before, "nothing is written unasked"
    paths = write(draft)
    folder = staging / "events"
    assert {path.relative_to(folder).as_posix() for path in paths} == {
        "_events__sources.yml",
        "_events__columns.md",
        "stg_events__sleeptimer.sql",
        "stg_events__sleeptimer.yml",
    }
    for path, text in before.items():
        assert path.read_text().startswith(text)
    assert (folder / "_events__sources.yml").read_text() == before[
        folder / "_events__sources.yml"
    ] + f"\n{draft.yaml}\n"


def test_every_kind_of_file_that_land_reads_is_a_sample(tmp_path: Path, staging: Path) -> None:
    records = [event(at, minutes=at) for at in range(8)]
    text = [json.dumps(record) for record in records]
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    (folder / "glued").write_text("".join(text[:2]))
    (folder / "zipped.json").write_bytes(gzip.compress(text[2].encode()))
    (folder / "array.json").write_text(f"\ufeff[{','.join(text[3:5])}]\r\n")
    (folder / "pretty.json").write_text(json.dumps(records[5], indent=2))
    (folder / "_unfinished").write_text("{")
    lines(folder / "plain", records[6:])
    draft = infer([tmp_path / "in"], "events", "sleeptimer", staging=staging)
    assert (draft.files, draft.landed, draft.rejected.total()) == (5, 8, 0)


def test_broken_samples_are_told_not_hidden(tmp_path: Path, staging: Path) -> None:
    file = lines(tmp_path / "samples", [event(), event(1, platform="fridge"), event(2) | {"clientid": None}])
    file.write_text(file.read_text() + "{broken\n")
    draft = infer([file], "events", "sleeptimer", staging=staging)
    assert (draft.landed, draft.rejected.total()) == (1, 3)
    assert draft.notes[-1].startswith("3 records of the samples would be quarantined: ")
    assert "not_in_enum platform (1)" in draft.notes[-1]


CATALOG = [
    {"op": "upsert", "updatedat": f"2026-01-05T21:00:0{at}Z", "stationid": f"s{at}", "city": "x", "kbps": 128}
    for at in range(3)
]
DELETE = {"op": "delete", "updatedat": "2026-01-05T22:00:00Z", "stationid": "s1"}


def test_change_messages_carry_their_key_in_deletes(
    tmp_path: Path, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [{**record, "city2": "y"} for record in CATALOG]
    records[0].pop("city2")
    draft = infer([lines(tmp_path / "a", [*records, DELETE])], "catalog", "stations", staging=staging)
    write(draft)
    dataset = contracts.read(staging)["stations"]
    assert (dataset.format, dataset.key, dataset.event_time) == ("change_messages", ("stationid",), "updatedat")
    required = {column.name: column.required for column in dataset.declared}
    assert required == {
        "op": True,
        "updatedat": True,
        "stationid": True,
        "city": "upsert",
        "kbps": "upsert",
        "city2": False,
    }
    place = Place(tmp_path)
    place.put(f"catalog/stations/{HOUR}/a", [*records, DELETE])
    assert landed(place, dataset, monkeypatch) == (4, 0)


def item(number: int) -> dict[str, Any]:
    return {
        "id": {"S": f"g{number}"},
        "size": {"N": str(number)},
        "ratio": {"N": "0.5"},
        "exact": {"N": "12345678901234567890123456789.5"},
        "madeAt": {"S": "2026-01-05T21:00:00Z"},
        "members": {"SS": ["b", "a"]},
        "rooms": {"L": [{"S": "x"}]},
        "numbers": {"NS": ["1"]},
        "mixed": {"L": [{"N": "1"}]},
        "prefs": {"M": {"a": {"BOOL": True}}},
        "on": {"BOOL": False},
        "owner": {"NULL": True} if number % 2 else {"S": "u1"},
        "never": {"NULL": True},
    }


@pytest.mark.parametrize("wrapped", [True, False])
def test_items_of_dumps(tmp_path: Path, staging: Path, wrapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"Item": item(at)} if wrapped else item(at) for at in range(4)]
    draft = infer([lines(tmp_path / "a", items)], "dynamodb", "device_groups", staging=staging)
    write(draft)
    assert (draft.landed, draft.rejected.total()) == (4, 0)
    dataset = contracts.read(staging)["device_groups"]
    assert (dataset.format, dataset.key) == ("table_dumps", ("id",))
    assert {column.name: column.type for column in dataset.declared} == {
        "id": "string",
        "size": "integer",
        "ratio": "number",
        "exact": "decimal",
        "madeAt": "timestamp",
        "members": "string_set",
        "rooms": "string_list",
        "numbers": "json",
        "mixed": "json",
        "prefs": "map",
        "on": "boolean",
        "owner": "string",
    }
    assert next(column.staged_name for column in dataset.declared) == "device_group_id"
    if not wrapped:
        place = Place(tmp_path)
        place.put("dynamodb/device_groups/2026-01-05-00-00-00/part", items)
        place.put("dynamodb/device_groups/2026-01-05-00-00-00/_SUCCESS", b"")
        assert landed(place, dataset, monkeypatch) == (4, 0)


def refused(tmp_path: Path, staging: Path, records: list[dict[str, Any]], *, name: str = "stops", **more: Any) -> str:
    with pytest.raises(EarshotError) as caught:
        infer([lines(tmp_path / "samples", records)], more.pop("source", "events"), name, staging=staging, **more)
    said = str(caught.value)
    assert said.endswith((".", "?")) and "\n" not in said
    return said


def test_what_can_not_be_drafted_is_refused_in_a_sentence(tmp_path: Path, staging: Path) -> None:
    def say(records: list[dict[str, Any]], **more: Any) -> str:
        return refused(tmp_path, staging, records, **more)

    assert "There is a dataset play already" in say([event()], name="play")
    assert "There is a table loads already" in say([event()], name="loads")
    assert "stg_events__token_request.sql is there already" in say([event()], name="token_request")
    assert "can't be named 'Sleep-Timer'" in say([event()], name="Sleep-Timer")
    assert "can't be named 'order'" in say([event()], name="order")
    assert "There is no source 'kafka'" in say([event()], source="kafka")
    assert "There is no record in " in say([])
    assert "lack eventid, receivedtime, clientid, which every record of events has" in say([{"eventtime": 1}])
    assert "lack updatedat, which every record of catalog has" in say([{"op": "upsert"}], source="catalog")
    assert "There is no DynamoDB item in " in say([event()], source="dynamodb")
    assert "partly in" in say([{"Item": item(1)}, item(2)], source="dynamodb")
    zoneless = "2026-01-05T21:00:00"
    assert "None of the 1 records would land: bad_timestamp eventtime (1)" in say([event() | {"eventtime": zoneless}])
    keyless = [{**record, "stationid": None, "city": "x"} for record in CATALOG]
    assert "It can't be seen what the key of stops is" in say(keyless, source="catalog")
    assert "--key nothing is no field" in say(CATALOG, source="catalog", key=["nothing"])
    assert "--key tags is of type string_list" in say(
        [{**CATALOG[0], "tags": ["a"]}], source="catalog", key=["stationid", "tags"]
    )
    assert "The key of an event stream is eventid" in say([event()], key=["clientid"])


def test_broken_files_are_named(tmp_path: Path, staging: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(json.dumps(event()).encode())[:-4])
    with pytest.raises(EarshotError, match=r"cut\.gz can't be read"):
        infer([cut], "events", "stops", staging=staging)
    with pytest.raises(EarshotError, match=r"There is no file .*nowhere"):
        infer([tmp_path / "nowhere"], "events", "stops", staging=staging)


def test_source_and_name_are_told_by_place_or_content(tmp_path: Path) -> None:
    place = Place(tmp_path / "events")  # a folder above the inbox may be called anything
    inside = place.put(f"events/eu/sleeptimer/{HOUR}/a.json", [event()])
    assert told([inside]) == told([inside.parents[4]]) == ("events", "sleeptimer")
    assert told([place.put("catalog/stations/2026/01/05/x", [CATALOG[0]])]) == ("catalog", "stations")
    assert told([place.put("dynamodb/groups/2026-01-05-00-00-00/x", [item(1)])]) == ("dynamodb", "groups")
    away = tmp_path / "away"
    away.mkdir()
    assert told([lines(away / "Sleeptimer.json.txt", [event()])]) == ("events", "sleeptimer")
    assert told([lines(away / "stations.jsonl", CATALOG)]) == ("catalog", "stations")
    assert told([lines(away / "groups", [item(1)])]) == ("dynamodb", "groups")
    assert told([lines(away / "groups.json", [{"Item": item(1)}])]) == ("dynamodb", "groups")
    with pytest.raises(EarshotError, match="say --source"):
        told([lines(away / "some", [{"a": 1}])])


def test_command_prints_and_writes_nothing(tmp_path: Path) -> None:
    file = lines(tmp_path / "samples", [event(minutes=5, phone="1")])
    arguments = ["contracts", "infer", str(file), "--source", "events", "--name", "sleeptimer"]
    before = (STAGING / "events" / "_events__sources.yml").read_text()
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    assert done.stdout.startswith("      - name: sleeptimer\n") and "- *eventid\n" in done.stdout
    assert "phone: guess: personal data" in done.stderr
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert document["yaml"] == done.stdout.rstrip("\n")
    assert (document["records_landing"], document["records_quarantined"], document["written"]) == (1, 0, [])
    assert (STAGING / "events" / "_events__sources.yml").read_text() == before


NAMES = st.one_of(
    st.sampled_from(["minutes", "order", "stationid", "startat", "email", "a b", "Region", "_id", "type", "day"]),
    st.text(max_size=8),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.integers(10**12, 4 * 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat),
    st.dates(datetime(1960, 1, 1).date(), datetime(2110, 1, 1).date()).map(lambda day: day.isoformat()),
    st.lists(st.one_of(st.text(max_size=3), st.integers(0, 9)), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contracts with one stream alone, which are read faster."""
    staging = tmp_path_factory.mktemp("infer") / "models" / "staging"
    (staging / "events").mkdir(parents=True)
    text = (STAGING / "events" / "_events__sources.yml").read_text()
    (staging / "events" / "_events__sources.yml").write_text(text.split("\n      - name: navigation")[0])
    return staging


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.dictionaries(NAMES, VALUES, max_size=6), min_size=1, max_size=8), copies=st.integers(1, 4))
def test_a_draft_takes_all_of_its_samples(
    shared: Path, tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], copies: int
) -> None:
    folder = tmp_path_factory.mktemp("example")
    own = [{name: value for name, value in one.items() if name not in ENVELOPE["event_stream"]} for one in records]
    whole = [event(number, **fields) for number, fields in enumerate(own * copies)]
    draft: Draft = infer([lines(folder / "samples", whole)], "events", "sleeptimer", staging=shared)
    assert (draft.landed, draft.rejected.total()) == (len(whole), 0)
    (folder / "_x__sources.yml").write_text((shared / "events" / "_events__sources.yml").read_text() + draft.yaml)
    dataset = contracts.read(folder)["sleeptimer"]
    place = Place(folder)
    place.put(f"events/eu/sleeptimer/{HOUR}/a", whole)
    with pytest.MonkeyPatch.context() as patch:
        assert landed(place, dataset, patch) == (len(whole), 0)
    for column in dataset.declared:
        if column.required is True:
            assert all(record.get(column.name) is not None for record in whole)
