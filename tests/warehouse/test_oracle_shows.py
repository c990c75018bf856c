"""The recomputation of shows against numbers counted by hand from the definitions."""

from typing import Any

import pytest

from tests.warehouse.builders import Event, changes, deliver, event, show
from tests.warehouse.helpers import at, day, pick, platform_of
from tests.warehouse.oracle.shows import fct_show_performance, stays

DAY = "2024-01-05"


def act(moment: str, kind: str, user: str | None = "u1", **more: Any) -> Event:
    return event("showinteraction", f"{DAY}T{moment}", user, kind=kind, **more)


@pytest.mark.parametrize(
    ("acts", "ended", "expected"),
    [
        ([("20:00", "join"), ("20:30", "leave")], None, [("20:00", "20:30")]),
        ([("20:00", "join"), ("20:10", "join"), ("20:30", "leave")], None, [("20:00", "20:30")]),
        ([("20:00", "leave"), ("20:10", "join"), ("20:30", "leave"), ("20:40", "leave")], None, [("20:10", "20:30")]),
        ([("18:00", "join")], None, [("18:00", "22:00")]),
        ([("18:00", "join")], "21:00", [("18:00", "21:00")]),
        ([("18:00", "join")], "23:00", [("18:00", "22:00")]),
        ([("18:00", "join")], "17:00", [("18:00", "18:00")]),
        # with a leave it lasts until then
        ([("18:00", "join"), ("23:00", "leave")], "19:00", [("18:00", "23:00")]),
        # the time of the first is over when the user comes again
        ([("18:00", "join"), ("22:00", "join"), ("22:30", "leave")], None, [("18:00", "22:00"), ("22:00", "22:30")]),
        ([("18:00", "join"), ("21:59", "join"), ("22:30", "leave")], None, [("18:00", "22:30")]),
        ([("18:00", "join"), ("19:00", "join")], "18:30", [("18:00", "18:30"), ("19:00", "19:00")]),
        # in order of their ids at one moment
        ([("18:00", "join", "b"), ("18:00", "leave", "a"), ("19:00", "leave")], None, [("18:00", "19:00")]),
        ([("18:00", "join", "a"), ("18:00", "leave", "b"), ("19:00", "leave")], None, [("18:00", "18:00")]),
    ],
)
def test_a_stay_is_from_a_join_to_a_leave(
    acts: list[tuple[str, ...]], ended: str | None, expected: list[tuple[str, str]]
) -> None:
    events = [act(moment, kind, id=id[0] if id else f"e{n}") for n, (moment, kind, *id) in enumerate(acts)]
    told = show(f"{DAY}T23:30", "s1", endedat=f"{DAY}T{ended}:00Z" if ended else None)
    found = stays(platform_of(deliver(DAY, *events), changes("shows", DAY, told)))
    assert [(f"{stay.joined_at:%H:%M}", f"{stay.left_at:%H:%M}") for stay in found] == expected


def test_what_a_show_achieved() -> None:
    platform = platform_of(
        deliver(
            DAY,
            act("20:00", "join"),
            act("20:10", "join", "u2"),
            act("20:20", "leave"),  # as another comes
            act("20:20", "join", "u3"),
            act("20:30", "leave", "u2"),
            act("20:40", "leave", "u3"),
            act("20:50", "join"),
            act("20:50", "join", None),
            act("21:00", "leave"),
            act("20:00", "like"),
            act("20:01", "unlike"),
            act("20:00", "like", "u2"),
            act("20:01", "like", "u2"),
            act("20:01", "like", None),
            act("20:02", "follow_creator"),
            act("20:03", "follow_creator"),
            act("20:03", "chat", None),
            act("20:04", "chat"),
            act("20:05", "share"),
            act("20:06", "call_in"),
            act("20:07", "poll_vote"),
            act("20:07", "co_host", showid="nothing"),
        )
    )
    attended = ("show_id", "unique_listeners", "joins", "peak_concurrent_listeners", "peak_at", "minutes_listened")
    done = ("likes", "follows", "chats", "shares", "call_ins", "poll_votes", "first_day", "last_day")
    assert pick(fct_show_performance(platform), *attended, *done) == [
        ("s1", 3, 4, 2, at(f"{DAY}T20:10"), 70, 1, 1, 2, 1, 1, 1, day(DAY), day(DAY))
    ]
