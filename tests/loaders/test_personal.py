"""What personal data is left, in columns and in fields that nobody declared."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from loaders import contracts
from loaders.errors import EarshotError
from tests.loaders.support import DATASETS, HOUR, Place, with_class

VOICE = {
    "eventid": "v1",
    "eventtime": "2026-03-01T03:15:00Z",
    "receivedtime": "2026-03-01T03:15:00Z",
    "clientid": "c1",
    "utterance": "secret words",
    "outcome": "understood",
}
HIDDEN = {"E-Mail": "secret", "x": [{"display_name": "secret", "y": {"Birth-Year": {"z": "secret"}}, "kept": 1.10}]}
SHOWN = '{"E-Mail":null,"x":[{"display_name":null,"y":{"Birth-Year":null},"kept":1.1}]}'
USER: dict[str, Any] = {
    "id": {"S": "u1"},
    "createdAt": {"S": "2026-03-01T03:15:00.5Z"},
    "clientId": {"S": "c1"},
    "birthYear": {"N": "1990"},
    "email": {"S": "secret"},
    "preferences": {"M": {"Email": {"S": "secret"}, "utterance": {"S": "hello"}}},
    "DISPLAYNAME": {"S": "secret"},
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def secret_anywhere(place: Place) -> bool:
    """Whether the word stands in any value of any row of the lake or the quarantine, or in any other file."""
    files = [str(path) for path in place.lake.rglob("*.parquet")]
    texts = [str(place.query("select * from lake", [file])) for file in files]
    texts += [path.read_text() for path in place.lake.rglob("*.json")]
    return any("secret" in text for text in texts)


def test_as_shipped_utterances_are_kept_outside_cn(place: Place) -> None:
    place.put(f"events/eu/voicefeedback/{HOUR}/a", [VOICE | HIDDEN])
    place.land()
    assert place.rows("voicefeedback", "utterance, _extra, _region") == [("secret words", SHOWN, "eu")]


def test_in_cn_no_personal_field_is_left_and_the_record_lands(place: Place) -> None:
    hidden = HIDDEN | {"Utter_Ance": "secret", "note": 1}
    place.put(f"events/cn/voicefeedback/{HOUR}/a", [VOICE | hidden, VOICE | {"outcome": "secret"}, VOICE | {"x": 1}])
    place.put(f"events/cn/voicefeedback/{HOUR}/b", b"secret\n" + json.dumps(VOICE).encode() + b"secret")
    report = place.land()
    assert (report.datasets["voicefeedback"].landed, report.datasets["voicefeedback"].quarantined) == (2, 3)
    assert place.rows("voicefeedback", "eventid, utterance, _extra") == [
        ("v1", None, SHOWN[:-1] + ',"Utter_Ance":null,"note":1}'),
        ("v1", None, '{"x":1}'),
    ]
    assert not secret_anywhere(place)


def test_dropped_attributes_of_dumps_are_left_out_everywhere(place: Place) -> None:
    place.put("dynamodb/users/2026-03-01-01-00-00/part", json.dumps(USER).encode())
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    place.land()
    assert place.rows("users", "birthYear, email, displayName, preferences, _extra") == [
        (None, None, None, '{"Email":null,"utterance":"hello"}', '{"DISPLAYNAME":null}')
    ]
    assert not secret_anywhere(place)


def hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = DATASETS | {
        "users": with_class(with_class(DATASETS["users"], "email", "hash"), "birthYear", "hash"),
        "voicefeedback": with_class(DATASETS["voicefeedback"], "utterance", "hash"),
    }
    monkeypatch.setattr(contracts, "read", lambda: changed)


def test_a_hash_is_keyed_and_the_same_wherever_the_value_stands(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed(monkeypatch)
    monkeypatch.setenv("EARSHOT_HASH_KEY", "k" * 100)
    key = hashlib.blake2b(b"k" * 100).digest()

    def keyed(text: str) -> str:
        return hashlib.blake2b(text.encode(), key=key, digest_size=16).hexdigest()

    place.put("dynamodb/users/2026-03-01-01-00-00/part", json.dumps(USER).encode())
    place.put("dynamodb/users/2026-03-01-01-00-00/_SUCCESS", b"")
    place.put(f"events/eu/voicefeedback/{HOUR}/a", [VOICE | {"e_mail": "secret"}])
    place.put(f"events/cn/voicefeedback/{HOUR}/a", [VOICE])
    place.land()
    assert place.rows("users", "email, birthYear") == [(keyed("secret"), keyed("1990"))]
    assert place.rows("voicefeedback", "utterance, _extra") == [
        (None, None),
        (keyed("secret words"), f'{{"e_mail":"{keyed("secret")}"}}'),
    ]
    assert not secret_anywhere(place)


def test_without_the_key_nothing_that_is_hashed_is_landed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed(monkeypatch)
    monkeypatch.delenv("EARSHOT_HASH_KEY", raising=False)
    place.put(f"events/eu/voicefeedback/{HOUR}/a", [VOICE])
    with pytest.raises(EarshotError, match=r"EARSHOT_HASH_KEY is not set.*users.email"):
        place.land()
    assert not list(place.lake.rglob("*.parquet"))
