"""A small town: few people and few files, yet every mart says something; a build after each file is affordable.

Around a 29 February; people of two partners and of a client that nobody
knows, speakers that change owner and go back, a show without an end, a night on which everybody listens over midnight.
"""

from typing import Any

from tests.warehouse.builders import (
    Event,
    Files,
    changes,
    deliver,
    device,
    event,
    native_export,
    pipeline_dump,
    play,
    release,
    show,
    user,
)
from tests.warehouse.helpers import together

ANN = user("ann", "2024-02-20T10:00", musicServices={"tidal"})
BOB = user("bob", "2024-02-24T23:59:59.999999", client="velora-car", country="FR")
CY = user("cy", "2024-02-27T02:59", client="mystery-box", country=None)
DEE = user("dee", "2024-02-29T00:00", client="maison-app", country="SE")


def small_town() -> Files:
    """The whole inbox."""
    return together(*_tables(), *_catalog(), *_streams())


def _tables() -> list[Files]:
    """Bob is deleted and comes back; ann moves; d1 changes its owner, d2 and d3 go back to older firmware."""
    moved = {**ANN, "country": "SE"}
    return [
        native_export("users", "2024-02-27T03:00", ANN, BOB, CY),
        pipeline_dump("users", "2024-02-29T03:00:00", ANN, CY, DEE),
        native_export("users", "2024-03-02T03:00", moved, BOB, DEE),
        pipeline_dump(
            "devices",
            "2024-02-27T03:00:00",
            device("d1", "1.0", ownerId="ann", registered="2024-02-20T10:00"),
            device("d2", "1.1", ownerId="bob", registered="2024-02-26T10:00", lastSeenAt="2024-02-26T20:00:00Z"),
            device("d3", "2.0", model="Basso", client="maison-hifi", lastSeenAt="2024-02-26T20:00:00Z"),
        ),
        native_export(
            "devices",
            "2024-02-29T03:00",
            device("d1", "1.1", ownerId="bob", registered="2024-02-20T10:00"),
            device("d2", "1.0", ownerId=None, registered="2024-02-26T10:00"),
            device("d3", "1.9", model="Basso", client="maison-hifi"),
            device("d4", "1.1", registered="2024-02-28T10:00", lastSeenAt="2024-02-28T20:00:00Z"),
        ),
        native_export(
            "devices",
            "2024-03-02T12:00",
            device("d1", "1.2", ownerId="bob", registered="2024-02-20T10:00"),
            device("d4", "1.2", registered="2024-02-28T10:00"),
            device("d2", "1.2", registered="2024-02-26T10:00", lastSeenAt="2024-03-02T11:00:00Z"),
        ),
    ]


def _catalog() -> list[Files]:
    """One show with an end, one without, one that is called off; releases, of which one is moved later."""
    return [
        changes(
            "shows",
            "2024-02-28T12",
            show("2024-02-20T10:00", "s1", category="jazz", status="scheduled", scheduledstart="2024-02-28T19:00:00Z"),
            show("2024-02-28T19:00", "s1", category="jazz", startedat="2024-02-28T19:00:00Z"),
            show("2024-02-28T19:00", "s2", category="talk", startedat="2024-02-28T19:30:00Z"),
            show("2024-02-28T19:00", "s3", status="cancelled", scheduledend="2024-02-28T20:00:00Z"),
        ),
        changes(
            "shows",
            "2024-02-28T21",
            show(
                "2024-02-28T21:00",
                "s1",
                category="rock",
                status="ended",
                startedat="2024-02-28T19:00:00Z",
                endedat="2024-02-28T21:00:00Z",
            ),
        ),
        changes(
            "firmware",
            "2024-03-01T09",
            release("2024-01-10T00:00", "Alto", "1.0", "2024-01-10T09:00"),
            release("2024-02-20T00:00", "Alto", "1.1", "2024-02-20T09:00"),
            release("2024-03-01T00:00", "Alto", "1.2", "2024-02-29T09:00"),
            release("2024-03-02T00:00", "Alto", "1.2", "2024-03-01T09:00"),
            release("2024-02-20T00:00", "Basso", "1.9", "2024-02-25T09:00", channel="beta"),
        ),
    ]


def _streams() -> list[Files]:
    return [
        deliver("2024-02-29T01", *_listening(), *_attendance()),
        deliver("2024-03-02T08", *_late_listening(), *_late_attendance(), name="late.json"),
        _walks(),
        _voices(),
        deliver(
            "2024-02-28T20",
            event("tokenrequest", "2024-02-28T08:00", user="ann"),
            event("tokenrequest", "2024-02-28T09:00", user="bob", outcome="denied"),
            event("musicserviceauth", "2024-02-28T08:00", user="ann", outcome="failure"),
            event("musicserviceauth", "2024-02-28T08:01", user="ann"),
            *_messages(),
            *_promotions(),
        ),
    ]


def _listening() -> list[Event]:
    """Plays over midnight and on two dates, one of nobody, one on a speaker, some with a show."""
    evening: dict[str, Any] = {"genre": "jazz", "musicsource": "tidal", "durationseconds": 3600}
    return [
        play("2024-02-28T23:40", "night", user="ann", device="d1", **evening),
        play("2024-02-29T00:20", "night", "heartbeat", 2400, user="ann", device="d1"),
        play("2024-02-28T23:59:59", "short", user="bob", client="velora-car", durationseconds=20),
        play("2024-02-29T00:00", "short", "skip", 1, user="bob", client="velora-car"),
        play("2024-02-28T12:00", "open", user=None, device="d3", client="maison-hifi"),
        play("2024-02-28T12:05", "open", "pause", 300, user=None, device="d3", client="maison-hifi"),
        *[
            play(f"2024-02-28T20:0{n}", f"show-{n}", user=f"fan-{n}", showid="s2", contenttype="show", seconds=30)
            for n in range(5)
        ],
    ]


def _late_listening() -> list[Event]:
    """Weeks and days late: the night goes on, on its third date and beyond; ann was there earlier than was known."""
    late = {"received": "2024-03-02T08:00"}
    return [
        play("2024-03-01T00:10", "night", "stop", 60, user="ann", **late),
        play("2024-03-02T00:10", "night", "heartbeat", 90, user="ann", **late),
        play("2024-01-15T10:00", "ancient", seconds=45, user="ann", client="velora-car", **late),
        play("2024-02-29T12:00", "leap", seconds=86400, user="dee", client="maison-app", **late),
    ]


def _attendance() -> list[Event]:
    """Joins twice, leaves without a join, one who leaves when the next one comes, all at once after midnight."""

    def act(at: str, who: str | None, kind: str, where: str, **more: str) -> Event:
        return event("showinteraction", at, user=who, kind=kind, showid=where, **more)

    crowd = [act(f"2024-02-28T23:5{n}", f"fan-{n}", "join", "s2") for n in range(5)]
    return [
        act("2024-02-28T19:00", "ann", "join", "s1"),
        act("2024-02-28T19:10", "ann", "join", "s1", client="velora-car"),
        act("2024-02-28T19:30", "bob", "join", "s1", client="velora-car"),
        act("2024-02-28T20:00", "ann", "leave", "s1"),
        act("2024-02-28T20:00", "cy", "join", "s1", client="mystery-box"),
        act("2024-02-28T20:30", "dee", "leave", "s1", client="maison-app"),
        act("2024-02-28T20:35", "fan-9", "leave", "s1"),
        act("2024-02-28T20:40", None, "join", "s1"),
        act("2024-02-28T19:20", "ann", "like", "s1"),
        act("2024-02-28T19:21", "ann", "unlike", "s1"),
        act("2024-02-28T19:22", "bob", "like", "s1"),
        act("2024-02-28T19:23", "bob", "follow_creator", "s1"),
        act("2024-02-28T19:24", "bob", "share", "s1"),
        act("2024-02-28T19:25", "bob", "poll_vote", "s1"),
        act("2024-02-28T19:26", "bob", "call_in", "s1"),
        act("2024-02-28T19:27", "bob", "chat", "s1"),
        *crowd,
        act("2024-02-29T00:30", "fan-0", "leave", "s2"),
        act("2024-02-28T22:00", "ann", "join", "nowhere"),
    ]


def _late_attendance() -> list[Event]:
    late = {"received": "2024-03-02T08:00"}
    return [
        event("showinteraction", "2024-02-28T20:30", user="bob", kind="leave", showid="s1", **late),
        event("showinteraction", "2024-02-28T19:50", user="dee", showid="s1", **late),
    ]


def _walks() -> Files:
    """Screens, among broken records: what no JSON is, what lacks a field, what has another type."""
    good = [
        event("navigation", "2024-02-28T10:00", user="ann", screen="home"),
        event("navigation", "2024-02-28T10:59", user="ann", client="velora-car", previousscreen="home"),
        event("navigation", "2024-03-01T10:00", user="bob", previousscreen="home", secondsonscreen=2.5),
    ]
    broken = [
        event("navigation", "2024-02-28T11:00", user="ann", screen=12),
        event("navigation", "2024-02-29T11:00", user="ann", secondsonscreen=-1),
    ]
    [(path, data)] = deliver("2024-03-01T11", *good, *broken).items()
    return {path: data + b'{"eventid": "cut'}


def _voices() -> Files:
    """Ten who say the same in vain, one who is understood, and a broken record."""
    lost = [
        event(
            "voicefeedback",
            f"2024-02-28T18:{n:02}",
            user=f"fan-{n}",
            utterance="sing a song",
            language="en",
            outcome="misunderstood" if n % 2 else "unsupported",
            latencyms=100 * n,
        )
        for n in range(10)
    ]
    understood = event("voicefeedback", "2024-02-28T18:30", user="ann", intent="play")
    broken = event("voicefeedback", "2024-02-28T18:31", user="ann", outcome="perhaps")
    return deliver("2024-02-28T18", *lost, understood, broken)


def _messages() -> list[Event]:
    """One message that leads ann to the show, one that is dismissed, one that was never sent."""

    def message(at: str, id: str, kind: str, who: str = "ann") -> Event:
        return event("notification", at, user=who, notificationid=id, kind=kind, campaignid="c1", showid="s1")

    return [
        message("2024-02-28T18:30", "n1", "sent"),
        message("2024-02-28T18:31", "n1", "delivered"),
        message("2024-02-28T18:32", "n1", "opened"),
        message("2024-02-28T18:30", "n2", "sent", "bob"),
        message("2024-02-28T18:40", "n2", "dismissed", "bob"),
        message("2024-02-28T18:40", "n3", "opened", "cy"),
    ]


def _promotions() -> list[Event]:
    return [
        event("promotion", "2024-02-28T12:00", user="ann", campaignid="p1", kind="impression"),
        event("promotion", "2024-02-28T12:01", user="ann", campaignid="p1", kind="click"),
        event("promotion", "2024-02-29T12:00", user="bob", client="velora-car", campaignid="p1", kind="impression"),
        event("promotion", "2024-02-29T13:00", user="bob", client="velora-car", campaignid="p1", kind="conversion"),
    ]
