"""Trouble with dumps and the catalog, and with what marts make of them: accounts, speakers, crowds at shows."""

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
    pipeline_dump,
    play,
    release,
    show,
    upsert,
    user,
)
from tests.warehouse.helpers import together
from tests.warehouse.scenarios.days import FIRST, FOURTH, LAST, SECOND, THIRD, Deliveries


def accounts() -> Deliveries:
    """Users who come, change, go and come back; an empty dump; dumps of both kinds; changes of which some come
    late, and some leave nobody."""
    base = [
        user("acc-1", "2023-12-28T10:00"),
        user("acc-2", "2023-12-31T23:59:59.999999", country="", musicServices=None),
    ]
    moved = user("acc-1", "2023-12-28T10:00", client="velora-car", country="fr", musicServices={"tidal", "deezer"})
    moved |= {"preferences": {"theme": "dark", "volume": 3, "rooms": [{"b": True, "a": None}], "tags": {"y", "x"}}}
    new = user("acc-3", "2024-01-01T00:00", client="mystery-box", country=None, language="sv", status="suspended")
    back = changed("2024-01-06T02:00", user("acc-5", "2024-01-04T10:00", client="velora-car"))
    return {
        FIRST: native_export("users", "2023-12-31T03:00", *base, user("wander-1", "2023-12-01T10:00")),
        SECOND: together(
            native_export("users", "2024-01-01T03:00", base[0], new),
            native_export("users", "2024-01-02T03:00"),
            # goes on from nobody
            incremental_export("users", None, "2024-01-03T03:00", changed("2024-01-02T10:00", base[0])),
        ),
        THIRD: together(
            pipeline_dump("users", "2024-01-08T03:00:00", moved, new, base[1]),
            # a full export between it and what it goes on from now is delivered last
            incremental_export("users", None, "2024-01-06T03:00", deleted("2024-01-06T01:00", "acc-1"), back),
            incremental_export(
                "users",
                "2024-01-08T03:00",
                "2024-01-10T03:00",
                deleted("2024-01-09T10:00", "acc-3"),
                changed("2024-01-09T12:00", {**moved, "status": "suspended"}),
                changed("2024-01-09T11:00", {**moved, "status": "deleted"}),
            ),
        ),
        FOURTH: together(
            native_export("users", "2024-01-31T03:00", {**moved, "updatedAt": "2024-01-31T01:00:00Z"}, new, base[1]),
            # waits for what is delivered last
            incremental_export("users", "2024-01-12T03:00", "2024-01-14T03:00", back),
            # everybody is gone
            incremental_export(
                "users",
                "2024-01-31T03:00",
                "2024-02-01T03:00",
                *[deleted("2024-01-31T10:00", id) for id in ("acc-1", "acc-2", "acc-3")],
            ),
        ),
        LAST: together(
            incremental_export(
                "users", "2024-01-10T03:00", "2024-01-12T03:00", changed("2024-01-11T10:00", new), {"Keys": {}}
            ),
            incremental_export(
                "users", "2024-02-01T03:00", "2024-02-02T03:00", changed("2024-02-01T12:00", {**new, "country": "SE"})
            ),
            # older than what is known: delivered last
            native_export(
                "users",
                "2024-01-05T03:00",
                {**base[0], "status": "deleted"},
                user("acc-4", "2023-12-27T10:00"),
                user("acc-5", "2024-01-03T10:00"),
            ),
            native_export(
                "users",
                "2024-03-06T03:00",
                moved,
                base[1],
                user("wander-3", "2024-06-01T00:00"),
                user("wander-5", "2024-02-01T00:00", client="all"),
            ),
            deliver(LAST, event("navigation", "2024-03-06T10:00", user="acc-2", country="ZZ"), name="accounts.json"),
        ),
    }


def speakers() -> Deliveries:
    """Devices that go back to older firmware, disappear, are known only later; releases that change."""
    back = device("dev-2", "1.1", lastSeenAt="2024-01-20T10:00:00Z", ownerId="acc-1", channels=["a", "b"])
    seen_once = device("dev-4", "1.1", lastSeenAt="2024-01-07T10:00:00Z")  # no later dump says when
    mini = {**back, "model": "Alto Mini", "clientId": "maison-hifi"}
    return {
        FIRST: together(
            native_export("devices", "2023-12-31T03:00", device("dev-1"), device("dev-2"), device("dev-3", None)),
            changes(
                "firmware",
                FIRST,
                release("2023-12-01T00:00", "Alto", "1.0", "2023-12-01T09:00"),
                release("2024-01-01T00:00", "Alto", "1.1", "2024-01-01T09:00", channel="beta"),
            ),
        ),
        SECOND: pipeline_dump("devices", "2024-01-01T23:59:59", device("dev-1", "1.1"), device("dev-2", "1.1")),
        THIRD: together(
            native_export("devices", "2024-01-08T00:00", device("dev-1", "1.0"), mini, seen_once),
            incremental_export(
                "devices",
                "2024-01-08T00:00",
                "2024-01-20T00:00",
                deleted("2024-01-19T00:00", "dev-4"),
                changed("2024-01-19T00:00", device("dev-1", "1.2", lastSeenAt="2024-01-19T00:00:00Z")),
            ),
            changes(
                "firmware",
                THIRD,
                release("2024-01-05T00:00", "Alto", "1.1", "2024-01-01T09:00"),
                release("2024-01-05T00:00", "Alto", "1.2", "2024-01-09T00:00"),
                release("2024-01-05T00:00", "Alto", "1.10", "2024-01-09T00:00"),
                release("2024-01-05T00:00", "Alto", "1.3", "2024-01-09T00:00"),
                release("2024-01-05T00:00", "Alto", "2.0", "2024-01-09T00:00", channel="beta"),
                release("2024-01-05T00:00", "Alto Mini", "1.1", "2024-02-20T00:00"),
            ),
        ),
        FOURTH: together(
            native_export("devices", "2024-01-31T03:00", {**back, "lastSeenAt": "2024-01-30T10:00:00Z"}),
            # two dumps on one day: what the first lacked is back at the end of the day
            native_export("devices", "2024-01-31T20:00", back, device("dev-4", "1.3"), device("dev-5", "1.2")),
        ),
        LAST: together(
            native_export(
                "devices",
                "2024-03-05T03:00",
                device("dev-late", "9", model="Basso", country="SE"),
                mini,
                device("dev-all", client="all"),
            ),
            native_export(
                "devices",
                "2024-01-03T03:00",
                device("dev-1", "1.1"),
                device("dev-3", "1.1", lastSeenAt=None),
                # it was another one when it was registered, and nobody knew it then
                device("dev-5", model="Basso", client="velora-car", registered="2023-12-30T10:00", country="DE"),
            ),
            changes("firmware", LAST, delete("2024-03-01T00:00", model="Alto", version="1.10")),
            # the newest event is nobody's activity
            deliver(LAST, event("navigation", "2024-03-07T11:00", user=None, device="dev-2"), name="speakers.json"),
        ),
    }


def crowds() -> Deliveries:
    """Shows with ties, with four and five listeners, with a category that changes and with none that is known."""

    def fans(on: str, show_id: str, count: int, kind: str = "join", country: str | None = "DE") -> list[Event]:
        return [
            event("showinteraction", f"{on}T20:{n:02}", user=f"fan-{n}", showid=show_id, kind=kind, country=country)
            for n in range(count)
        ]

    def hearers(on: str, show_id: str, count: int) -> list[Event]:
        return [
            play(f"{on}T20:{n:02}", f"{show_id}-{n}", user=f"fan-{n}", showid=show_id, contenttype="show", seconds=30)
            for n in range(count)
        ]

    def act(on: str, name: str, *groups: list[Event]) -> Files:
        return deliver(on, *[one for group in groups for one in group], name=f"crowd-{name}.json")

    bought = [event("showinteraction", f"2024-01-08T21:{n:02}", user="fan-0", showid="four") for n in range(30)]
    return {
        SECOND: together(
            act("2024-01-01", "ties", fans("2024-01-01", "tie-b", 5), fans("2024-01-01", "tie-a", 5)),
            act("2024-01-02", "four", fans("2024-01-01", "four", 4), fans("2024-01-01", "four", 9, "unlike")),
            changes(
                "shows",
                SECOND,
                show("2024-01-01T10:00", "tie-a", category="jazz", scheduledstart="2024-01-01T19:00:00Z"),
                show("2024-01-01T10:00", "tie-b", category="talk"),
                show("2024-01-01T10:00", "bare"),
            ),
            changes("creators", SECOND, upsert("2024-01-01T10:00", creatorid="cr1", displayname="Cleo", verified=True)),
        ),
        THIRD: together(
            act("2024-01-08", "a", fans("2024-01-08", "tie-a", 4), fans("2024-01-08", "tie-a", 6, country="FR")),
            act("2024-01-09", "b", fans("2024-01-08", "tie-b", 6, "share"), hearers("2024-01-08", "tie-b", 7)),
            act("2024-01-09", "no", fans("2024-01-08", "nowhere", 5, country=None), hearers("2024-01-08", "bare", 5)),
            act("2024-01-09", "nobody", [play("2024-01-08T20:00", user=None, showid="bare")]),
            act("2024-01-09", "bought", bought),  # one fan cannot buy a trend
        ),
        FOURTH: together(
            # older engagement arrives late and is expected from then on
            act(FOURTH, "late", fans("2024-01-07", "tie-a", 8, "call_in"), fans("2024-01-15", "tie-a", 5)),
            changes(
                "shows",
                FOURTH,
                show("2024-01-20T10:00", "tie-a", category="rock", status="ended", endedat="2024-01-20T09:00:00Z"),
                show("2024-01-20T11:00", "tie-a", category="rock", status="ended", endedat="2024-01-20T09:00:00Z"),
                delete("2024-01-25T10:00", showid="tie-b"),
                delete("2024-01-25T10:00", showid="never-there"),
            ),
            changes(
                "creators",
                FOURTH,
                upsert("2024-01-20T10:00", creatorid="cr1", displayname="Cleo B."),
                upsert("2024-01-20T10:00", creatorid="cr2", displayname="Gone"),
                delete("2024-01-21T10:00", creatorid="cr2"),
            ),
            # as much as ever on all days: both score nothing, the greater crowd ranks first
            act(FOURTH, "steady", *[fans(f"2024-01-{day}", "steady-a", 5) for day in range(20, 28)]),
            act(FOURTH, "strong", *[fans(f"2024-01-{day}", "steady-b", 6) for day in range(20, 28)]),
        ),
        LAST: together(
            changes(
                "shows",
                LAST,
                # older than what is known, delivered last
                show("2024-01-10T10:00", "tie-a", category="soul", tags=["a", "b"]),
                show("2024-01-25T10:00", "tie-b", category="ghost"),
                show("2024-02-25T10:00", "tie-b", category="talk", description="back again"),
                # one moment written in two ways is no change
                show("2024-02-26T10:00", "bare", creatorid="cr2", scheduledend=1709200000000),
                show("2024-02-27T10:00", "bare", creatorid="cr2", scheduledend="2024-02-29T10:46:40.0+01:00"),
            ),
            act(LAST, "talk", fans("2024-03-06", "tie-b", 5, "follow_creator")),
        ),
    }
