"""What is kept of the text of a rejected record: all of it, but for the values of personal fields."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from loaders import contracts, quarantine
from loaders.dynamodb import ItemShape
from loaders.errors import EarshotError
from loaders.personal import treatment
from loaders.replay import Counts, replay
from tests.loaders.nasty import VOICE
from tests.loaders.support import DATASETS, HOUR, Place, line, mended, read, shape, with_class

GOOD = line()


def keyed(text: str, key: bytes = b"k") -> str:
    return hashlib.blake2b(text.encode(), key=key, digest_size=16).hexdigest()


def rejected(text: bytes, **of: Any) -> list[Any]:
    return read(text, **of).rejected


# What stands after the good record's last member, and what is left of it; `drop` is the class of all.
CUT = {
    b',"email":"x"': (b',"email":null', {"*email": "drop"}),
    b', "E-Mail" : "x" ': (b', "E-Mail" : null ', {"*email": "drop"}),
    b',"\\u0065_MAIL":"x"': (b',"\\u0065_MAIL":null', {"*email": "drop"}),
    b',"email":{"a":[1,{"email":2}]},"b":1.10': (b',"email":null,"b":1.10', {"*email": "drop"}),
    b',"a":[{"birthyear":1.0,"Birth-Year":[]}]': (
        b',"a":[{"birthyear":null,"Birth-Year":null}]',
        {"*birthyear": "drop"},
    ),
    b',"email":null,"a":{"email":"x"}': (b',"email":null,"a":{"email":null}', {"*email": "drop"}),
    b',"email":null': (b',"email":null', None),
    b',"e mail":"x","emails":"x","a":"email","b":["email"]': (
        b',"e mail":"x","emails":"x","a":"email","b":["email"]',
        None,
    ),
    b',"utterance":"x"': (b',"utterance":"x"', None),
    b',"email":"x","email":"y"': (b',"email":null,"email":null', {"*email": "lost"}),
    b',"email":"\xff"': (b',"email":null', {"*email": "lost"}),
}


@pytest.mark.parametrize("written", CUT)
def test_values_are_cut_out_and_all_else_stays_byte_by_byte(written: bytes) -> None:
    left, fields = CUT[written]
    bad = line(action="x")[:-1]
    [found] = rejected(GOOD + b"\n" + bad + written + b"}\r\n" + GOOD)
    assert found.record == bad + left + b"}"
    assert found.cleaned == (None if fields is None else json.dumps(fields, separators=(",", ":")))
    assert ("cut out" in found.detail) is (fields is not None)


@pytest.mark.parametrize(
    "broken",
    [
        b'{"email":"x"',
        b'{"E-MAIL":"x",}',
        b'{"a":1}{"email":"x"}{',
        b"{'e_mail':'x'}",
        b'{"\\u0065mail":"x"',
        b'{"a":"display name","displayName":"x',
        b"email=x",
    ],
)
def test_a_text_that_is_no_json_and_names_a_personal_field_is_not_kept(broken: bytes) -> None:
    found = rejected(broken + b"\n" + GOOD + b"\noops\n" + broken)
    assert [(one.line, one.record) for one in found] == [(1, None), (3, b"oops"), (4, None)]
    assert ["not kept" in one.detail for one in found] == [True, False, True]


def test_what_follows_on_a_torn_record_is_not_kept_either() -> None:
    torn = json.dumps({"email": ["x", {"a": "x"}], "b": 1}, indent=1).encode()[:-1]
    found = rejected(GOOD + b"\noops\n" + torn + b"\n" + GOOD + b"\noops")
    assert [(one.line, one.record) for one in found if one.record] == [(2, b"oops"), (3, b"{"), (13, b"oops")]


def test_a_field_of_the_dataset_itself_is_no_lookalike() -> None:
    creators = DATASETS["creators"]
    row = {"op": "upsert", "updatedat": "2026-03-01T00:00:00Z", "creatorid": "c", "displayname": "Ada"}
    whole = json.dumps(row).encode()
    nested = whole[:-1] + b', "x": {"displayname": "y"}'
    text = b"\n".join([whole[:-1], whole, whole.replace(b"upsert", b"x"), whole, nested, whole, nested + b', "op": 1}'])
    found = rejected(text, through=shape(creators, None), region=None)
    cut = nested.replace(b'"y"', b"null") + b', "op": 1}'
    assert [one.record for one in found] == [whole[:-1], whole.replace(b"upsert", b"x"), None, cut]
    torn = [b'{"x":{"displayname":"y"}', b'{"x":[{"displayname":"y"', whole[:-1] + b',"x":"displayname"']
    assert [one.record for one in rejected(b"\n\n".join(torn), through=shape(creators, None), region=None)] == [
        None
    ] * 3


def hashing(**personal: str) -> dict[str, Any]:
    """The contracts with other classes for columns of voicefeedback and users."""
    found = dict(DATASETS)
    for column, kind in personal.items():
        name = "voicefeedback" if column == "utterance" else "users"
        found[name] = with_class(found[name], column, kind)
    return found


BAD = VOICE | {"utterance": "secret words", "outcome": "x", "E_Mail": ["secret"], "a": {"Utterance": 12}}
USER = {
    "id": {"S": "u1"},
    "createdAt": {"S": "2026-03-01T03:15:00Z"},
    "clientId": {"S": "c1"},
    "birthYear": {"N": "1990"},
    "email": {"S": "secret"},
    "status": {"S": "x"},
    "preferences": {"M": {"birth_year": {"N": "1990"}}},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A lake with a quarantined utterance and a quarantined user, whose outcome and status are unknown to contracts."""
    monkeypatch.setenv("EARSHOT_HASH_KEY", "k")
    monkeypatch.setattr(contracts, "read", lambda: hashing(utterance="hash", birthYear="hash"))
    place = Place(tmp_path)
    place.put(f"events/eu/voicefeedback/{HOUR}/a", [BAD])
    place.put("dynamodb/users/2026-03-01-01-00-00/part", [USER])
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    place.land()
    return place


def taking_x(datasets: dict[str, Any]) -> dict[str, Any]:
    voice, users = mended(datasets["voicefeedback"], "outcome", "x"), mended(datasets["users"], "status", "x")
    return datasets | {"voicefeedback": voice, "users": users}


def test_hashes_stand_where_the_values_stood(place: Place) -> None:
    texts = {str(row["dataset"]): row["record"] for row in quarantine.show(place.store)}
    utterance, year = keyed("secret words"), keyed("1990")
    assert json.loads(str(bytes(texts["voicefeedback"]), "utf-8")) == BAD | {  # type: ignore[call-overload]
        "utterance": utterance,
        "E_Mail": None,
        "a": {"Utterance": keyed("12")},
    }
    assert json.loads(str(bytes(texts["users"]), "utf-8")) == USER | {  # type: ignore[call-overload]
        "birthYear": {"S": year},
        "email": {"NULL": True},
        "preferences": {"M": {"birth_year": {"S": year}}},
    }


def test_a_cleaned_record_is_replayed_as_it_would_have_landed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "read", lambda: taking_x(hashing(utterance="hash", birthYear="hash")))
    assert replay(str(place.lake)) == {"voicefeedback": Counts(1, 0), "users": Counts(1, 0)}
    other = Place(place.lake.parent / "other")
    other.put(f"events/eu/voicefeedback/{HOUR}/a", [BAD])
    other.put("dynamodb/users/2026-03-01-01-00-00/part", [USER])
    other.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    other.land()
    for name, columns in (("voicefeedback", "eventid, utterance, _extra"), ("users", "id, birthYear, email, _extra")):
        assert place.rows(name, columns) == other.rows(name, columns)
    assert place.rows("voicefeedback", "utterance") == [(keyed("secret words"),)]
    assert place.rows("users", "birthYear, preferences") == [(keyed("1990"), f'{{"birth_year":"{keyed("1990")}"}}')]


@pytest.mark.parametrize(
    ("classes", "landed"),
    [
        ({"utterance": "drop", "birthYear": "drop"}, 2),  # a hash can still be dropped
        ({"utterance": "keep", "birthYear": "keep"}, 0),  # but is not what is to be kept
        ({"utterance": "hash", "birthYear": "hash", "email": "hash"}, 0),  # and what was dropped can't be hashed
    ],
)
def test_a_record_is_not_replayed_under_a_class_that_keeps_more(
    classes: dict[str, str], landed: int, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "read", lambda: taking_x(hashing(**classes)))
    counts = replay(str(place.lake)).values()
    assert (sum(count.landed for count in counts), sum(count.quarantined for count in counts)) == (landed, 2 - landed)
    if landed:
        assert place.rows("voicefeedback", "utterance") == place.rows("users", "birthYear") == [(None,)]


def test_a_required_value_that_was_dropped_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "read", lambda: hashing(utterance="drop"))
    place = Place(tmp_path)
    place.put(f"events/eu/voicefeedback/{HOUR}/a", [BAD, BAD | {"utterance": None}])
    place.land()
    monkeypatch.setattr(contracts, "read", lambda: taking_x(hashing(utterance="drop")))
    assert replay(str(place.lake)) == {"voicefeedback": Counts(1, 1)}
    assert place.rows("voicefeedback", "utterance, _source_line") == [(None, 1)]


def test_a_value_that_broke_its_rule_is_gone_with_its_record(tmp_path: Path) -> None:
    place = Place(tmp_path)
    wrong = [USER | {"status": {"S": "active"}, "birthYear": {"S": "secret"}}, USER | {"birthYear": {"N": "secret"}}]
    place.put("dynamodb/users/2026-03-01-01-00-00/part", wrong)
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    place.land()
    assert [row["reason"] for row in quarantine.show(place.store)] == ["wrong_type", "bad_number"]
    # Without the value each of them would pass; but nobody has mended a contract.
    assert replay(str(place.lake)) == {"users": Counts(0, 2)}


def make_older(place: Place) -> None:
    """Let the quarantine files be those of a version that cleaned no text."""
    for file in place.lake.rglob("quarantine/*/*.parquet"):
        rows = pq.ParquetFile(file).read()
        if "cleaned" in rows.column_names:
            pq.write_table(rows.drop_columns(["cleaned"]), file)


def test_older_quarantine_files_are_read_and_joined(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    make_older(place)
    assert len(quarantine.show(place.store)) == 2
    assert replay(str(place.lake)) == {"voicefeedback": Counts(0, 1), "users": Counts(0, 1)}
    path = f"events/eu/voicefeedback/{HOUR}/a"
    place.put(path, [BAD, BAD])
    place.put(f"events/eu/voicefeedback/{HOUR}/b", [BAD])
    place.land()
    place.land(again=path)
    assert len(quarantine.show(place.store)) == 4
    make_older(place)
    # What stays of a file of another source is written anew.
    place.put(path, [BAD])
    place.land(again=path)
    assert len(quarantine.show(place.store)) == 3


def test_another_key_gives_another_hash_and_no_key_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "read", lambda: hashing(utterance="hash"))
    found: list[Any] = []
    for key in ("one", "two", "one"):
        monkeypatch.setenv("EARSHOT_HASH_KEY", key)
        place = Place(tmp_path / f"{len(found)}")
        place.put(f"events/eu/voicefeedback/{HOUR}/a", [BAD | {"outcome": "understood"}])
        place.land()
        found += place.rows("voicefeedback", "utterance")
    assert found == [(keyed("secret words", key),) for key in (b"one", b"two", b"one")]
    monkeypatch.delenv("EARSHOT_HASH_KEY")
    before = place.tree()
    for work in (lambda: place.land(), lambda: replay(str(place.lake))):
        with pytest.raises(EarshotError, match=r"^EARSHOT_HASH_KEY is not set.*voicefeedback\.utterance.*\.$"):
            work()
    assert place.tree() == before
    empty = Place(tmp_path / "empty")
    with pytest.raises(EarshotError):
        empty.land()
    assert not empty.lake.exists()


def test_items_of_either_style_are_cleaned() -> None:
    users = DATASETS["users"]
    for wrapped in (True, False):
        through = ItemShape(users, treatment(users, DATASETS.values(), None), wrapped)
        item = json.dumps({"Item": USER} if wrapped else USER)
        [found] = rejected(item.encode(), through=through, region=None)
        for value in ('{"S": "secret"}', '{"N": "1990"}'):
            item = item.replace(value, '{"NULL":true}')
        assert found.record == item.encode()
        assert json.loads(found.cleaned) == {"birthYear": "drop", "email": "drop", "*birthyear": "drop"}
