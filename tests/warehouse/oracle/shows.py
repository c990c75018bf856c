"""Live shows: who was there from when to when, and what a show achieved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.warehouse.oracle.dimensions import dim_shows
from tests.warehouse.oracle.inbox import Event
from tests.warehouse.oracle.platform import Platform

Row = dict[str, Any]
AT_MOST = timedelta(hours=4)


@dataclass(frozen=True)
class Stay:
    """A user was in a show from `joined_at` on until `left_at`, that moment not included."""

    show_id: str
    user_id: str
    client_id: str
    joined_at: datetime
    left_at: datetime


def stays(platform: Platform) -> list[Stay]:
    """From joins to leaves. A join without a leave lasts to the show's end or 4 hours, whichever is earlier; a second
    join while one is open and a leave without a join count nothing."""
    ends = {row["show_id"]: row["ended_at"] for row in dim_shows(platform)}
    found: list[Stay] = []
    for (show_id, user_id), events in sorted(_by_show_and_user(platform).items()):
        found.extend(_of_one(show_id, user_id, events, ends.get(show_id)))
    return found


def _of_one(show_id: str, user_id: str, events: list[Event], ended_at: datetime | None) -> Iterator[Stay]:
    joined: Event | None = None

    def lapse(join: Event) -> datetime:
        last = join.occurred_at + AT_MOST
        return max(join.occurred_at, last if ended_at is None else min(last, ended_at))

    def stay(join: Event, left_at: datetime) -> Stay:
        return Stay(show_id, user_id, join.client_id, join.occurred_at, left_at)

    for event in events:
        if event.fields["kind"] == "leave":
            if joined is not None:
                yield stay(joined, event.occurred_at)
            joined = None
        elif event.fields["kind"] == "join":
            if joined is not None and event.occurred_at >= lapse(joined):
                yield stay(joined, lapse(joined))  # nobody left, but that is over: the user has come again
                joined = None
            joined = joined or event
    if joined is not None:
        yield stay(joined, lapse(joined))


def _by_show_and_user(platform: Platform) -> dict[tuple[str, str], list[Event]]:
    """What known users did in each show, in order of time."""
    acts: dict[tuple[str, str], list[Event]] = {}
    for event in platform.events:  # in order of when they happened, were received, and of their ids
        if event.stream == "showinteraction" and event.user_id is not None:
            acts.setdefault((event.fields["showid"], event.user_id), []).append(event)
    return acts


def peak(of: list[Stay]) -> tuple[int, datetime | None]:
    """The most stays at one moment, and the first such moment."""
    best, at = 0, None
    for moment in sorted({stay.joined_at for stay in of}):  # it can only grow when somebody comes
        there = sum(1 for stay in of if stay.joined_at <= moment < stay.left_at)
        if there > best:
            best, at = there, moment
    return best, at


def fct_show_performance(platform: Platform) -> list[Row]:
    """show_id (shows that the catalog doesn't know too): who joined, how many at once, for how long, and what they did.
    No rows of zeros only: a show in which nobody did any of this is left out."""
    by_show: dict[str, list[Stay]] = {}
    for stay in stays(platform):
        by_show.setdefault(stay.show_id, []).append(stay)
    events: dict[str, list[Event]] = {}
    for event in platform.events:
        if event.stream == "showinteraction":
            events.setdefault(event.fields["showid"], []).append(event)
    likes: dict[str, int] = {}
    for (show_id, _), acts in _by_show_and_user(platform).items():
        opinions = [act.fields["kind"] for act in acts if act.fields["kind"] in ("like", "unlike")]
        likes[show_id] = likes.get(show_id, 0) + (opinions[-1:] == ["like"])
    rows = []
    for show_id, acts in sorted(events.items()):
        there = by_show.get(show_id, [])
        kinds = [act.fields["kind"] for act in acts]
        highest, peak_at = peak(there)
        measures = {
            "unique_listeners": len({stay.user_id for stay in there}),
            "joins": len(there),
            "peak_concurrent_listeners": highest,
            "minutes_listened": sum((stay.left_at - stay.joined_at).total_seconds() for stay in there) / 60,
            "likes": likes.get(show_id, 0),
            "follows": len({act.user_id for act in acts if act.fields["kind"] == "follow_creator"} - {None}),
            "chats": kinds.count("chat"),
            "shares": kinds.count("share"),
            "call_ins": kinds.count("call_in"),
            "poll_votes": kinds.count("poll_vote"),
        }
        if any(measures.values()):
            days = [act.occurred_at.date() for act in acts]
            rows.append(
                {"show_id": show_id, **measures, "peak_at": peak_at, "first_day": min(days), "last_day": max(days)}
            )
    return rows
