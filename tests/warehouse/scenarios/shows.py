"""Trouble with who was in a show from when to when, and with what was done there."""

from typing import Any

from tests.warehouse.builders import Event, changes, delete, deliver, event, show
from tests.warehouse.helpers import together
from tests.warehouse.scenarios.days import FOURTH, LAST, SECOND, THIRD, Deliveries


def attendance() -> Deliveries:
    """Joins and leaves that are missing, doubled, at the same moment, late, of nobody or of another show after all; and
    shows whose end is told later, otherwise, or never."""
    name = "attendance.json"

    def act(at: str, kind: str, user: str | None = "att-1", show_id: str = "att-a", **more: Any) -> Event:
        return event("showinteraction", at, user=user, showid=show_id, kind=kind, **more)

    return {
        SECOND: together(
            deliver(
                SECOND,
                # never left: until 2 o'clock, or until the end that is told later
                act("2024-01-01T22:00", "join"),
                act("2024-01-01T22:30", "join", client="velora-car"),
                act("2024-01-01T22:10", "join", "att-2"),
                act("2024-01-01T22:20", "leave", "att-2"),
                act("2024-01-01T22:25", "leave", "att-2"),
                act("2024-01-01T22:20", "join", "att-3"),  # comes as the other leaves
                act("2024-01-01T22:40", "leave", "att-3"),
                act("2024-01-01T22:40", "leave", "att-4"),
                act("2024-01-01T22:40", "join", None),
                act("2024-01-01T22:50", "leave", None),
                # again and again without a leave: at 0, 4 and 8 hours it counts
                *[act(f"2024-01-01T{hour:02}:00", "join", show_id="att-b") for hour in (0, 3, 4, 7, 8)],
                act("2024-01-01T11:00", "leave", show_id="att-b"),
                act("2024-01-01T23:00", "join", show_id="att-b"),
                # one moment: left and come again, come and left
                act("2024-01-01T10:00", "join", show_id="att-c"),
                act("2024-01-01T10:10", "leave", show_id="att-c", id="att-c1"),
                act("2024-01-01T10:10", "join", show_id="att-c", id="att-c2"),
                act("2024-01-01T10:20", "join", "att-2", show_id="att-c", id="att-c3"),
                act("2024-01-01T10:20", "leave", "att-2", show_id="att-c", id="att-c4"),
                act("2024-01-01T10:20", "leave", "att-2", show_id="att-c", id="att-c6", received="2024-01-01T10:21"),
                act("2024-01-01T10:20", "join", "att-2", show_id="att-c", id="att-c5"),
                # left at midnight sharp
                act("2024-01-01T23:30", "join", "att-3", show_id="att-c"),
                act("2024-01-02T00:00", "leave", "att-3", show_id="att-c"),
                # nothing of this show is left later, and only a leave of that one
                act("2024-01-01T09:00", "join", show_id="att-gone", id="att-gone", received="2024-01-08T12:00"),
                act("2024-01-01T09:00", "join", show_id="att-d", id="att-d", received="2024-01-08T12:00"),
                act("2024-01-03T09:00", "leave", show_id="att-d"),
                act("2024-01-01T09:00", "join", "att-2", show_id="att-d"),
                # after its end
                act("2024-01-01T12:00", "join", show_id="att-over"),
                act("2024-01-01T13:00", "join", show_id="att-over"),
                act("2024-01-01T13:30", "leave", show_id="att-over"),
                act("2024-01-01T13:30", "join", "att-2", show_id="att-over"),
                act("2024-01-01T12:00", "leave", "att-9", show_id="att-over-2"),
                act("2024-01-01T12:00", "join", "att-9", show_id="att-over-2"),
                name=name,
            ),
            changes(
                "shows",
                SECOND,
                show("2024-01-01T12:00", "att-over", status="ended", endedat="2024-01-01T11:00:00Z"),
                show("2024-01-01T12:00", "att-over-2", status="ended", endedat="2024-01-01T11:00:00Z"),
                show("2024-01-01T12:00", "att-untouched", status="ended", endedat="2024-01-01T11:00:00Z"),
                name=name,
            ),
        ),
        THIRD: deliver(
            THIRD,
            # the better copies are of another show, another day and another user
            act("2024-01-03T09:00", "join", show_id="att-b", id="att-gone", received="2024-01-07T12:00"),
            act("2024-01-02T08:00", "join", "att-5", show_id="att-d", id="att-d", received="2024-01-07T12:00"),
            # a leave days after the join
            act("2024-01-04T09:00", "leave", "att-2", show_id="att-d"),
            name=name,
        ),
        FOURTH: together(
            changes(
                "shows",
                FOURTH,
                show("2024-01-01T23:00", "att-a", status="ended", endedat="2024-01-01T23:00:00.000001Z"),
                show("2024-01-01T10:00", "att-c", status="ended", endedat="2024-01-01T10:30:00Z"),
                name=name,
            ),
            deliver(
                FOURTH,
                # the join of a leave that had none
                act("2024-01-01T22:15", "join", "att-4"),
                act("2024-01-31T23:59:59.999999", "join", "att-4", show_id="att-e"),
                name=name,
            ),
        ),
        LAST: together(
            changes(
                "shows",
                LAST,
                # the end was another after all, and one is gone with its show
                show("2024-01-02T23:00", "att-a", status="ended", endedat="2024-01-01T22:30:00Z"),
                delete("2024-02-02T23:00", showid="att-c"),
                name=name,
            ),
            deliver(LAST, act("2024-02-29T00:00", "leave", "att-4", show_id="att-e"), name=name),
        ),
    }


def opinions() -> Deliveries:
    """Likes taken back and given again, at one moment too, of nobody; shows in which nothing happened that counts."""
    name = "opinions.json"

    def act(at: str, kind: str, user: str | None = "fan-1", show_id: str = "opi-a", **more: Any) -> Event:
        return event("showinteraction", at, user=user, showid=show_id, kind=kind, **more)

    return {
        SECOND: deliver(
            SECOND,
            act("2024-01-01T10:00", "like"),
            act("2024-01-01T11:00", "unlike"),
            act("2024-01-01T10:00", "like", "fan-2", id="opi-2"),
            act("2024-01-01T10:00", "unlike", "fan-2", id="opi-1"),
            act("2024-01-01T10:00", "unlike", "fan-3"),
            act("2024-01-01T10:00", "like", None),
            act("2024-01-01T10:00", "like", "fan-4", id="opi-4", received="2024-01-08T12:00"),
            *[act(f"2024-01-01T10:{n:02}", "follow_creator", "fan-5") for n in range(3)],
            act("2024-01-01T10:00", "follow_creator", None),
            *[act("2024-01-01T10:00", kind, None) for kind in ("chat", "share", "call_in", "poll_vote")],
            *[act("2024-01-01T10:01", kind) for kind in ("chat", "share", "call_in", "poll_vote", "co_host")],
            *[act("2024-01-01T10:00", kind, show_id="opi-none") for kind in ("unlike", "leave", "co_host")],
            act("2024-01-01T10:00", "notification_enable", show_id="opi-none"),
            act("2024-01-01T10:00", "join", None, show_id="opi-none"),
            act("2024-01-01T10:00", "like", show_id="opi-lost"),
            name=name,
        ),
        FOURTH: deliver(
            FOURTH,
            act("2024-01-01T12:00", "like"),
            act("2024-01-01T12:00", "unlike", show_id="opi-lost"),
            act("2024-01-01T10:00", "unlike", "fan-4", id="opi-4", received="2024-01-07T12:00"),
            name=name,
        ),
        LAST: deliver(LAST, act("2024-01-01T11:30", "unlike"), name=name),
    }
