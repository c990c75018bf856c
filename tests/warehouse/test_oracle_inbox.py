"""The recomputation reads the inbox text by the rules of the contract: each test is one rule."""

import gzip
import json
from datetime import datetime
from typing import Any

import pytest

from tests.warehouse.builders import (
    changed,
    changes,
    deleted,
    deliver,
    device,
    event,
    incremental_export,
    json_lines,
    native_export,
    pipeline_dump,
    play,
    release,
    upsert,
    user,
)
from tests.warehouse.helpers import SEEDS, at, together
from tests.warehouse.oracle.contract import ROOT, Invalid, timestamp
from tests.warehouse.oracle.inbox import occurred_at, read_inbox
from tests.warehouse.oracle.platform import WEIGHTS, without_duplicates

GOOD = event("navigation", "2024-01-05T10:00").record
PATH = "events/eu/navigation/2024/01/05/10/part-1.json"


def counts(data: bytes, path: str = PATH) -> tuple[int, int, int]:
    """read, landed, quarantined of one file."""
    [landing] = read_inbox({path: data}).landings
    return landing["records_read"], landing["records_landed"], landing["records_quarantined"]


def text(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (0, 0, 0)),
        (b"\n \r\n\n", (0, 0, 0)),
        (text(), (1, 1, 0)),
        (b"\xef\xbb\xbf" + text() + b"\r\n", (1, 1, 0)),
        (text() + text(eventid="b"), (2, 2, 0)),
        (text() + b" " + text(screen=None), (2, 1, 1)),
        (text() + b"and more", (1, 0, 1)),
        (text() + b"[1]", (1, 0, 1)),
        (b"[" + text() + b"]", (1, 0, 1)),
        (b"12\nnull\n" + text(), (3, 1, 2)),
        (text()[:-5], (1, 0, 1)),
        (text().replace(b'"home"', b'"ho\xffme"'), (1, 0, 1)),
        (text().replace(b'"home"', b'"ho\tme"'), (1, 0, 1)),
        (text().replace(b'"home"', b'"home","extra":NaN'), (1, 0, 1)),
        (text().replace(b'"home"', b'"home","scr\\u0065en":"x"'), (1, 0, 1)),
        (text().replace(b'"home"', b'"home","x":[{"a":1,"a":1}]'), (1, 0, 1)),
        (text(x=json.loads("[" * 511 + "]" * 511)), (1, 1, 0)),
        (text().replace(b'"home"', b'"home","x":' + b"[" * 512 + b"]" * 512), (1, 0, 1)),
        (text().replace(b'"home"', b'"home","x":1' + b"0" * 5000), (1, 1, 0)),
        (gzip.compress(text()) + b"\0" * 8, (1, 1, 0)),
    ],
)
def test_records_of_a_file(data: bytes, expected: tuple[int, int, int]) -> None:
    assert counts(data) == expected


def test_damaged_gzip_is_refused_whole() -> None:
    data = gzip.compress(text() * 50)
    assert read_inbox({PATH: data[:-6]}).landings == []


def test_files_still_written_are_left_alone() -> None:
    names = ["_part.json", ".part.json", "part.json.tmp"]
    assert read_inbox({PATH.replace("part-1.json", name): text() for name in names}).landings == []


@pytest.mark.parametrize(
    "fields",
    [
        {"eventid": None},
        {"eventid": ""},
        {"eventid": "x" * 129},
        {"eventid": 5},
        {"clientid": None},
        {"countrycode": "DEU"},
        {"platform": "toaster"},
        {"secondsonscreen": -1},
        {"secondsonscreen": "1"},
        {"secondsonscreen": True},
        {"eventtime": "2024-01-05T10:00:00"},
        {"receivedtime": None},
    ],
)
def test_records_that_break_their_contract(fields: dict[str, Any]) -> None:
    assert counts(text(**fields)) == (1, 0, 1)


@pytest.mark.parametrize("fields", [{"eventid": "x" * 128}, {"secondsonscreen": 0}, {"userid": None}, {"new": [1.0]}])
def test_records_that_keep_their_contract(fields: dict[str, Any]) -> None:
    assert counts(text(**fields)) == (1, 1, 0)


@pytest.mark.parametrize("value", ["12", 12.0, True])
def test_integers_are_not_coerced(value: Any) -> None:
    voice = event("voicefeedback", "2024-01-05T10:00", latencyms=value).record
    assert counts(json_lines([voice]), "events/eu/voicefeedback/2024/01/05/a") == (1, 0, 1)


def test_personal_field_is_not_needed_in_cn() -> None:
    voice = json_lines([event("voicefeedback", "2024-01-05T10:00").record])
    inbox = read_inbox({"events/cn/voicefeedback/2024/01/05/a": voice})
    assert inbox.events[0].fields["utterance"] is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59)),
        ("2024-01-01T00:30:00+01:00", datetime(2023, 12, 31, 23, 30)),
        ("2024-01-01T00:30:00-0130", datetime(2024, 1, 1, 2, 0)),
        ("2024-01-01T00:00:00.123456789Z", datetime(2024, 1, 1, 0, 0, 0, 123456)),
        ("2024-01-01T00:00:00.5Z", datetime(2024, 1, 1, 0, 0, 0, 500000)),
        (1704067200123, datetime(2024, 1, 1, 0, 0, 0, 123000)),
    ],
)
def test_timestamps(value: Any, expected: datetime) -> None:
    assert timestamp(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-01-01T00:00:60Z",
        "1969-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        True,
        1.5,
        99999999999999999,
    ],
)
def test_no_timestamps(value: Any) -> None:
    with pytest.raises(Invalid):
        timestamp(value)


@pytest.mark.parametrize(
    ("event_time", "sent", "received", "expected"),
    [
        ("10:00", None, "10:05", "10:00"),  # no senttime
        ("13:00", "13:02", "10:05", "10:03"),  # a clock three hours fast cancels out
        ("10:00", "10:00", "10:05", "10:05"),  # sent at once, five minutes on the way
        ("10:00", "09:59", "10:05", "10:00"),  # sent before it happened: senttime is of no use
        ("11:00", None, "10:05", "10:05"),  # never later than received
    ],
)
def test_when_it_happened(event_time: str, sent: str | None, received: str, expected: str) -> None:
    def on_the_day(clock: str) -> datetime:
        return at(f"2024-01-05T{clock}:00")

    found = occurred_at(on_the_day(event_time), on_the_day(sent) if sent else None, on_the_day(received))
    assert found == on_the_day(expected)


def test_duplicates_keep_the_earliest_received_then_the_smallest_place() -> None:
    late = play("2024-01-05T10:00", received="2024-01-05T12:00", id="e", title="late")
    early = play("2024-01-05T10:00", received="2024-01-05T11:00", id="e", title="early")
    same = play("2024-01-05T10:00", received="2024-01-05T11:00", id="e", title="same, later line")
    other_stream = event("navigation", "2024-01-05T10:00", id="e")
    files = {**deliver("2024-01-05T12", late, early, same), **deliver("2024-01-05T13", other_stream)}
    found = without_duplicates(read_inbox(files).events)
    assert sorted(one.fields.get("title", one.stream) for one in found) == ["early", "navigation"]
    again = without_duplicates(read_inbox({**files, **deliver("2024-01-05T11", early)}).events)
    assert {one.origin[0] for one in again if one.stream == "play"} == {"events/eu/play/2024/01/05/11/part-1.json"}


def test_duplicate_keys_in_a_file_are_counted() -> None:
    files = deliver("2024-01-05T12", *[play("2024-01-05T10:00", id="e")] * 3, play("2024-01-05T10:00", id="f"))
    assert [landing["records_duplicate_in_file"] for landing in read_inbox(files).landings] == [2]


def test_both_styles_of_dump_say_the_same() -> None:
    settings = {"theme": "dark", "volume": 3, "beta": True, "rooms": [{"name": "kitchen"}]}
    item = user("u1", "2024-01-01T10:00", musicServices={"tidal", "deezer"}, preferences=settings, birthYear=1990)
    native = read_inbox(native_export("users", "2024-01-02T03:00", item)).dumps["users"]
    pipeline = read_inbox(pipeline_dump("users", "2024-01-02T03:00:00", item)).dumps["users"]
    assert native[0].exported_at == pipeline[0].exported_at == datetime(2024, 1, 2, 3)
    assert native[0].items["u1"]["musicServices"] == ["deezer", "tidal"]
    assert native[0].items == pipeline[0].items


def test_invalid_items_are_not_part_of_a_dump() -> None:
    no_model = {**device("d2"), "model": None}
    inbox = read_inbox(native_export("devices", "2024-01-02T03:00", device("d1"), no_model))
    assert list(inbox.dumps["devices"][0].items) == ["d1"]
    assert [landing["records_quarantined"] for landing in inbox.landings] == [1]


def test_incomplete_and_differing_exports_wait() -> None:
    files = native_export("users", "2024-01-02T03:00", user("u1", "2024-01-01T10:00"))
    for name in files:
        assert read_inbox({path: data for path, data in files.items() if path != name}).dumps["users"] == []
    [data] = [path for path in files if "/data/" in path]
    assert read_inbox({**files, data: gzip.compress(b"{}")}).dumps["users"] == []
    pipeline = pipeline_dump("users", "2024-01-02T03:00:00", user("u1", "2024-01-01T10:00"))
    assert read_inbox({path: data for path, data in pipeline.items() if "_SUCCESS" not in path}).dumps["users"] == []


def test_changes_make_a_dump_of_their_time() -> None:
    def u(id: str, client: str) -> dict[str, Any]:
        return user(id, "2024-01-01T10:00", client=client)

    base = native_export("users", "2024-01-02T03:00", u("a", "1"), u("b", "1"), u("c", "1"))
    first = incremental_export(
        "users",
        "2024-01-02T03:00",
        "2024-01-03T03:00",
        deleted("2024-01-02T10:00", "b"),
        changed("2024-01-02T12:00", u("a", "3")),
        changed("2024-01-02T11:00", u("a", "2")),
        {**changed("2024-01-02T11:00", u("x", "2")), "Keys": {"id": {"S": "c"}}},
    )
    second = incremental_export(
        "users", "2024-01-03T03:00", "2024-01-04T03:00", changed("2024-01-03T10:00", u("b", "4"))
    )

    third = incremental_export(
        "users", None, "2024-01-05T03:00", *[deleted("2024-01-04T10:00", id) for id in ("a", "b", "c")]
    )
    none = incremental_export("users", None, "2024-01-06T03:00", deleted("2024-01-05T10:00", "a"))
    emptied = [dump.is_emptied for dump in read_inbox(together(base, first, second, third, none)).dumps["users"]]
    assert emptied == [False, False, False, True, False]

    def held(*parts: dict[str, bytes]) -> list[dict[str, str]]:
        dumps = sorted(read_inbox(together(*parts)).dumps["users"], key=lambda dump: dump.exported_at)
        return [{id: item["clientId"] for id, item in dump.items.items()} for dump in dumps]

    full = {"a": "1", "b": "1", "c": "1"}
    assert held(second, base, first) == [full, {"c": "1", "a": "3"}, {"c": "1", "a": "3", "b": "4"}]
    assert (held(first), held(base, second)) == ([], [full])
    landings = read_inbox(together(base, first, second)).landings
    counts = [(row["records_read"], row["records_landed"], row["records_quarantined"]) for row in landings]
    assert counts == [(3, 3, 0), (4, 3, 1), (1, 1, 0)]


def test_catalog_delete_needs_the_key_alone() -> None:
    files = changes(
        "firmware",
        "2024-01-01T00",
        release("2024-01-01T00:00", "Alto", "1.0", "2024-01-01T00:00"),
        {"op": "delete", "updatedat": "2024-01-02T00:00:00Z", "model": "Alto", "version": "1.0"},
        {"op": "delete", "updatedat": "2024-01-02T00:00:00Z", "model": "Alto"},
        upsert("2024-01-03T00:00", model="Alto", version="2.0"),
    )
    inbox = read_inbox(files)
    assert [message.is_delete for message in inbox.messages["firmware"]] == [False, True]


def test_the_seed_of_weights_is_as_defined() -> None:
    lines = (ROOT / "seeds" / "engagement_weights.csv").read_text().splitlines()
    assert dict(line.split(",") for line in lines[1:]) == {kind: str(weight) for kind, weight in WEIGHTS.items()}
    assert SEEDS.countries["zz"]
