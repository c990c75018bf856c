"""Platforms by chance: so few users, plays, shows and moments that everything collides with everything."""

import random
from datetime import datetime, timedelta
from typing import Any

from tests.warehouse.builders import (
    Event,
    Files,
    changed,
    changes,
    delete,
    deleted,
    deliver,
    device,
    event,
    incremental_export,
    native_export,
    release,
    show,
    upsert,
    user,
)
from tests.warehouse.helpers import together

USERS = [None, "u1", "u2", "u3", "u4", "u5", "u6", "u7"]
CLIENTS = ["earshot-ios", "earshot-web", "velora-car", "mystery-box"]
COUNTRIES = [None, "DE", "fr", "Gb"]
DEVICES = [None, "d1", "d2", "d3"]
START = datetime(2024, 2, 24)
KINDS: dict[str, dict[str, list[Any]]] = {
    "navigation": {
        "screen": ["home", "player", "search"],
        "previousscreen": [None, "home", "player"],
        "secondsonscreen": [None, 0, 2.5, 600],
        "platform": [None, "ios", "web"],
    },
    "tokenrequest": {"outcome": ["granted", "denied"]},
    "musicserviceauth": {"outcome": ["success", "failure", "cancelled"], "service": ["tidal", "deezer"]},
    "voicefeedback": {
        "outcome": ["understood", "misunderstood", "unsupported"],
        "language": [None, "de", "en"],
        "intent": [None, "play"],
        "latencyms": [None, 0, 350, 2000],
    },
    "notification": {
        "notificationid": [f"n{n}" for n in range(9)],
        "kind": ["sent", "sent", "delivered", "opened", "opened", "dismissed"],
        "campaignid": [None, "c1"],
        "showid": [None, "s1", "s2"],
    },
    "promotion": {"kind": ["impression", "impression", "click", "conversion", "skip"], "campaignid": ["c1", "c2"]},
    "showinteraction": {
        "showid": ["s1", "s2", "s3"],
        "kind": ["join", "leave", "like", "unlike", "share", "chat", "call_in", "follow_creator"],
    },
    "play": {
        "playid": [f"p{n}" for n in range(12)],
        "action": ["play", "pause", "heartbeat", "stop", "skip"],
        "secondslistened": [None, 0, 0.25, 10, 29.5, 600, 5000, 86400],
        "durationseconds": [None, 20, 59, 240],
        "genre": [None, None, "jazz", "rock"],
        "musicsource": [None, "radio"],
        "contenttype": ["track", "show"],
        "showid": [None, "s1", "s2", "s3"],
        "title": [None, "a", "b"],
        "platform": [None, "web", "car"],
    },
}


def platform_by_chance(seed: int) -> Files:
    """A platform of a few hundred events, copies among them, with dumps and changes in any order."""
    chance = random.Random(seed)
    files: list[Files] = []
    for number in range(24):
        on = _day(chance)[:13]
        events = [_event(chance, f"e{chance.randrange(400)}") for _ in range(25)]
        files.append(deliver(on, *events, region=chance.choice(["eu", "cn"]), name=f"{number}.json"))
    exported = sorted({_day(chance) for _ in range(9)})  # two dumps of one moment would be the same
    chance.shuffle(exported)
    for number, at in enumerate(exported):
        files.append(_dumps(chance, number, at))
        files.append(_changes(chance, number))
    moments = sorted({_day(chance) for _ in range(9)} - set(exported))
    for number, at in enumerate(moments):
        since = chance.choice([None, *(moment for moment in (*exported, *moments) if moment < at)])
        files.append(_table_changes(chance, number, since, at))
    return together(*files)


def _moment(chance: random.Random) -> datetime:
    """Some moment of twelve days: often on the hour or midnight, so that borders and ties are met."""
    exact = START + timedelta(microseconds=chance.randrange(12 * 86_400_000_000))
    hour = exact.replace(minute=0, second=0, microsecond=0)
    return chance.choice([exact, hour, hour.replace(hour=0)])


def _day(chance: random.Random) -> str:
    return _moment(chance).isoformat(timespec="microseconds")


def _event(chance: random.Random, id: str) -> Event:
    stream = chance.choice(["play", "play", "play", "showinteraction", "showinteraction", *KINDS])
    happened = _moment(chance)
    delay = timedelta(seconds=chance.choice([-3600, 0, 0, 60, 3600, 86400, 5 * 86400]))
    sent = happened + timedelta(seconds=chance.choice([-5, 0, 30, 4000]))
    return event(
        stream,
        happened.isoformat(timespec="microseconds"),
        user=chance.choice(USERS),
        client=chance.choice(CLIENTS),
        country=chance.choice(COUNTRIES),
        device=chance.choice(DEVICES),
        received=(happened + delay).isoformat(timespec="microseconds"),
        sent=chance.choice([None, sent.isoformat(timespec="microseconds")]),
        id=id,
        **{name: chance.choice(values) for name, values in KINDS[stream].items()},
    )


def _dumps(chance: random.Random, number: int, at: str) -> Files:
    """A dump of each table at the same moment: some of the rows, each as it happens to be."""
    users = [
        user(id, "2024-02-20T10:00", client=chance.choice(CLIENTS), country=chance.choice(COUNTRIES))
        for id in USERS
        if id is not None and chance.random() < 0.7
    ]
    devices = [
        device(
            id,
            chance.choice(["1.0", "1.1", "2.0", None]),
            model=chance.choice(["Alto", "Alto", "Basso"]),
            lastSeenAt=chance.choice([None, _day(chance) + "Z"]),
        )
        for id in DEVICES
        if id is not None and chance.random() < 0.7
    ]
    return together(
        native_export("users", at, *users, export_id=f"users-{number}"),
        native_export("devices", at, *devices, export_id=f"devices-{number}"),
    )


def _table_changes(chance: random.Random, number: int, since: str | None, at: str) -> Files:
    """An incremental export of each table, some of whose items change twice, or are deleted and not there at all."""

    def some(id: str, item: dict[str, Any]) -> dict[str, Any]:
        moment = _day(chance)
        return deleted(moment, id) if chance.random() < 0.3 else changed(moment, item)

    users = [chance.choice(USERS[1:]) for _ in range(4)]
    devices = [chance.choice(DEVICES[1:]) for _ in range(3)]
    return together(
        incremental_export(
            "users",
            since,
            at,
            *[some(id, user(id, "2024-02-20T10:00", client=chance.choice(CLIENTS))) for id in users if id],
            export_id=f"users-changes-{number}",
        ),
        incremental_export(
            "devices",
            since,
            at,
            *[some(id, device(id, chance.choice(["1.0", "2.0"]))) for id in devices if id],
            export_id=f"devices-changes-{number}",
        ),
    )


def _changes(chance: random.Random, number: int) -> Files:
    """A few changes of each table of the catalog."""

    def some_show() -> dict[str, Any]:
        id = chance.choice(["s1", "s2"])
        if chance.random() < 0.2:
            return delete(_day(chance), showid=id)
        category = chance.choice([None, "jazz", "talk"])
        ended = chance.choice([None, _day(chance) + "Z"])
        return show(_day(chance), id, creatorid=chance.choice(["c1", "c2"]), category=category, endedat=ended)

    def some_creator() -> dict[str, Any]:
        id = chance.choice(["c1", "c2"])
        if chance.random() < 0.2:
            return delete(_day(chance), creatorid=id)
        return upsert(_day(chance), creatorid=id, displayname=chance.choice(["Ann", "Bob"]))

    def some_release() -> dict[str, Any]:
        model, version = chance.choice(["Alto", "Basso"]), chance.choice(["1.0", "1.1", "2.0"])
        if chance.random() < 0.2:
            return delete(_day(chance), model=model, version=version)
        return release(_day(chance), model, version, _day(chance), channel=chance.choice(["stable", "beta"]))

    on, name = _day(chance)[:13], f"{number}.json"
    return together(
        changes("shows", on, some_show(), some_show(), name=name),
        changes("creators", on, some_creator(), name=name),
        changes("firmware", on, some_release(), name=name),
    )
