"""Trouble with now: the same time of today and of earlier days, to the microsecond; and shows that were held."""

from typing import Any

from tests.warehouse.builders import Event, changes, delete, deliver, event, play, show
from tests.warehouse.helpers import together
from tests.warehouse.scenarios.days import FOURTH, LAST, SECOND, Deliveries

TODAY, YESTERDAY, LAST_WEEK = "2024-03-07", "2024-03-06", "2024-02-29"
NOW, JUST_AFTER = "11:00", "11:00:00.000001"  # when the newest event of all themes happened


def so_far() -> Deliveries:
    """What happened at the same time to the microsecond, and just after it; what is told later than it was heard; plays
    that began days ago, with another client."""
    name = "so-far.json"

    def at_time(day: str, time: str, *, client: str = "earshot-ios", user: str | None = "far-1") -> list[Event]:
        at, id = f"{day}T{time}", f"far-{day}-{time}"
        return [
            play(at, f"{id}-track", user=user, client=client),
            play(at, f"{id}-station", user=user, client=client, contenttype="station"),
            play(at, f"{id}-heard", "heartbeat", 1800, user=user, client=client, contenttype="podcast"),
            event("showinteraction", at, user=user, client=client, showid="far-show"),
        ]

    earlier = [
        *at_time(YESTERDAY, NOW),
        *at_time(YESTERDAY, JUST_AFTER, user="far-2"),
        *at_time(LAST_WEEK, NOW, client="velora-car"),
        *at_time(LAST_WEEK, JUST_AFTER, client="velora-watch"),
        *at_time(YESTERDAY, "00:00", user=None),
        *at_time(YESTERDAY, "23:59:59.999999", client="earshot-web"),
        *at_time("2024-03-05", "10:00"),
        # began two days before, and three days before: the first brings its client, the second is no play's any more
        play("2024-03-05T23:00", "far-old", user="far-3", client="maison-app"),
        play("2024-03-04T23:00", "far-older", user="far-3", client="maison-app"),
    ]
    return {
        FOURTH: deliver(FOURTH, *at_time("2024-02-01", "08:00"), name=name),
        LAST: deliver(
            LAST,
            *earlier,
            *at_time(TODAY, "00:00", client="earshot-web"),
            *at_time(TODAY, NOW),
            *at_time(TODAY, NOW, client="velora-car", user="far-1"),
            play(f"{TODAY}T01:00", "far-old", "heartbeat", 7200, user="far-3", client="maison-hifi"),
            play(f"{TODAY}T02:00", "far-older", "heartbeat", 60, user="far-3", client="maison-hifi"),
            name=name,
        ),
    }


def held() -> Deliveries:
    """Shows that started with and without anybody, on another day than the one on which people came, whose start is
    told otherwise later, or that are gone; people in two shows at once, with two clients."""
    name = "held.json"

    def comes(at: str, until: str, user: str, show_id: str, client: str = "earshot-ios") -> list[Event]:
        fields: dict[str, Any] = {"user": user, "client": client, "showid": show_id}
        return [
            event("showinteraction", at, kind="join", **fields),
            event("showinteraction", until, kind="leave", **fields),
        ]

    def starts(at: str, show_id: str, started: str | None, **more: Any) -> dict[str, Any]:
        return show(at, show_id, startedat=f"{started}Z" if started else None, **more)

    return {
        SECOND: together(
            deliver(
                SECOND,
                *comes("2024-01-01T18:00", "2024-01-01T19:00", "held-1", "held-a"),
                *comes("2024-01-01T18:30", "2024-01-01T19:30", "held-1", "held-b", "velora-car"),
                *comes("2024-01-01T19:30", "2024-01-01T20:00", "held-1", "held-a", "velora-car"),
                *comes("2024-01-01T19:00", "2024-01-01T19:30", "held-2", "held-b", "earshot-web"),
                *comes("2024-01-01T19:30", "2024-01-02T00:30", "held-3", "held-a", "earshot-web"),
                *comes("2024-01-01T19:00", "2024-01-02T00:00", "held-4", "held-c", "mystery-box"),
                name=name,
            ),
            changes(
                "shows",
                SECOND,
                starts("2024-01-01T18:00", "held-a", "2024-01-01T18:00:00"),
                starts("2024-01-01T18:00", "held-b", "2024-01-01T00:00:00"),
                starts("2024-01-01T18:00", "held-c", "2023-12-31T23:59:59.999999"),
                starts("2024-01-01T18:00", "held-by-nobody", "2024-01-01T20:00:00"),
                starts("2024-01-01T18:00", "never-held", None, status="cancelled"),
                starts("2024-01-01T18:00", "held-long-ago", "2021-06-01T20:00:00", status="ended"),
                starts("2024-01-01T18:00", "held-later", "2024-06-01T20:00:00", status="scheduled"),
                name=name,
            ),
        ),
        FOURTH: together(
            changes(
                "shows",
                FOURTH,
                starts("2024-01-20T18:00", "held-c", "2024-01-01T19:00:00", status="ended"),
                starts("2024-01-20T18:00", "held-b", "2024-01-02T00:00:00", status="ended"),
                delete("2024-01-21T18:00", showid="held-a"),
                name=name,
            ),
            # late: the day gets a greater crowd
            deliver(FOURTH, *comes("2024-01-01T19:10", "2024-01-01T19:20", "held-5", "held-d"), name=name),
        ),
        LAST: changes("shows", LAST, starts("2024-01-02T18:00", "held-c", "2024-01-09T19:00:00"), name=name),
    }
