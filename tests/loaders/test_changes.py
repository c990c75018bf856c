"""Change records of incremental exports, one by one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from loaders import contracts, quarantine
from loaders.changes import ChangeShape
from loaders.personal import treatment
from loaders.replay import Counts, replay
from tests.loaders.exporting import Change, full, incremental, item
from tests.loaders.support import DATASETS, Exact, Place, mended, read, with_class

USERS = DATASETS["users"]
GOOD = Change("a", "2", 10).line("NEW_AND_OLD_IMAGES")
GOOD["NewImage"] = item("a", "2", x={"N": "1.10"}, birthYear={"N": "1990"})
GOOD["OldImage"] = item("a", "1", birthYear={"N": "1990"})


def shape() -> ChangeShape:
    return ChangeShape(USERS, treatment(USERS, DATASETS.values(), None))


@pytest.mark.parametrize("exactly", [False, True])
def test_a_change_is_decoded(exactly: bool) -> None:
    gone = {name: value for name, value in GOOD.items() if name != "NewImage"}
    spelled = {"Metadata": {"WriteTimestampMicros": {"n": "7"}, "More": 1}, "Keys": {"id": {"s": "a"}}}
    text = b"\n".join(json.dumps(record).encode() for record in (GOOD, gone, spelled))
    found = read(text, Exact(shape()) if exactly else shape(), region=None)
    assert found.rejected == []
    columns = ("id", "clientId", "birthYear", "_written_micros", "_is_deleted", "_extra")
    assert [tuple(row[name] for name in columns) for row in found.rows] == [
        ("a", "2", "1990", 10, False, '{"x":1.10}'),
        ("a", None, None, 10, True, None),
        ("a", None, None, 7, True, None),
    ]


def changed(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in (GOOD | members).items() if value is not ...}


def written(value: Any) -> dict[str, Any]:
    return changed(Metadata={"WriteTimestampMicros": value})


REJECTED: dict[str, tuple[Any, str, str | None]] = {
    "an item": ({"Item": item("a")}, "not_typed", None),
    "one member more": (changed(More={}), "not_typed", None),
    "no object": ([GOOD], "not_an_object", None),
    "no metadata": (changed(Metadata=...), "missing", "Metadata"),
    "metadata that is null": (changed(Metadata=None), "not_typed", "Metadata"),
    "no time": (changed(Metadata={}), "missing", "WriteTimestampMicros"),
    "a null time": (written({"NULL": True}), "missing", "WriteTimestampMicros"),
    "a bare time": (written(10), "not_typed", "WriteTimestampMicros"),
    "a time in text": (written({"S": "10"}), "wrong_type", "WriteTimestampMicros"),
    "a time with a fraction": (written({"N": "10.5"}), "wrong_type", "WriteTimestampMicros"),
    "a time that is no number": (written({"N": "ten"}), "bad_number", "WriteTimestampMicros"),
    "a time before 1970": (written({"N": "-1"}), "below_min", "WriteTimestampMicros"),
    "a time beyond 64 bits": (written({"N": "9" * 20}), "integer_too_large", "WriteTimestampMicros"),
    "no keys": (changed(Keys=...), "missing", "Keys"),
    "keys that are a list": (changed(Keys=[]), "not_typed", "Keys"),
    "keys without the key": (changed(Keys={"name": {"S": "a"}}), "missing", "id"),
    "a key that is null": (changed(Keys={"id": {"NULL": True}}), "missing", "id"),
    "a bare key": (changed(Keys={"id": "a"}), "not_typed", "id"),
    "a key of another type": (changed(Keys={"id": {"N": "1"}}), "wrong_type", "id"),
    "an empty key": (changed(Keys={"id": {"S": ""}}), "too_short", "id"),
    "more than the key": (changed(Keys={"id": {"S": "a"}, "at": {"N": "1"}}), "not_typed", "Keys"),
    "an image of another item": (changed(NewImage=item("b")), "key_differs", "id"),
    "an image without a key": (changed(NewImage={"clientId": {"S": "c"}}), "missing", "id"),
    "an image that breaks the contract": (changed(NewImage=item("a", status={"S": "gone"})), "not_in_enum", "status"),
    "an image that is not typed": (changed(NewImage=item("a", x={"S": "1", "N": "1"})), "not_typed", "x"),
    "an image that is null": (changed(NewImage=None), "not_typed", "NewImage"),
    "an old image that is text": (changed(OldImage="a"), "not_typed", "OldImage"),
}


@pytest.mark.parametrize("name", REJECTED)
@pytest.mark.parametrize("exactly", [False, True])
def test_what_is_no_change_is_put_aside_alone(name: str, exactly: bool) -> None:
    record, reason, field = REJECTED[name]
    text = b"\n".join(json.dumps(one).encode() for one in (GOOD, record, GOOD))
    found = read(text, Exact(shape()) if exactly else shape(), region=None)
    assert [row["_line"] for row in found.rows] == [1, 3]
    left = json.dumps(record).replace('{"N": "1990"}', '{"NULL":true}').encode()
    assert [(one.reason, one.field, one.record) for one in found.rejected] == [(reason, field, left)]


def test_a_cleaned_change_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_HASH_KEY", "k")
    hashed = with_class(with_class(USERS, "id", "hash"), "displayName", "hash")
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"users": hashed})
    place = Place(tmp_path)
    full("f", 0, zelda="1", bob="1").put(place)
    secret = {"displayName": {"S": "Zelda L."}, "email": {"S": "zelda@example.com"}}
    records = [Change(user, "2", 1).line() for user in ("zelda", "bob")]
    records[0] |= {
        "NewImage": item("zelda", "2", status={"S": "gone"}, **secret),
        "OldImage": item("zelda", "1", **secret),
    }
    incremental("i", 1, lines=records).put(place)
    place.land()
    written = b"".join(place.tree().values())
    [row] = quarantine.show(place.store)
    text = row["record"]
    assert isinstance(text, bytes)
    for name in (b"Ada", b"zelda", b"bob"):
        assert name not in text and name not in written
    assert sorted(place.rows("users", "_snapshot_id, clientId")) == [("f", "1"), ("f", "1"), ("i", "1"), ("i", "2")]
    monkeypatch.setattr(contracts, "read", lambda: DATASETS | {"users": mended(hashed, "status", "gone")})
    assert replay(str(place.lake))["users"] == Counts(1, 0)
    rows = place.rows("users", "_snapshot_id, id, clientId, displayName, email")
    names = {name: {(user, told, mail) for snapshot, user, _, told, mail in rows if snapshot == name} for name in "fi"}
    assert {user for user, _, _ in names["f"]} == {user for user, _, _ in names["i"]}
    assert (
        sorted(told or "" for _, told, _ in names["i"])[1]
        == hashlib.blake2b(b"Zelda L.", key=b"k", digest_size=16).hexdigest()
    )
    assert sorted(client for name, _, client, *_ in rows if name == "i") == ["2", "2"]
