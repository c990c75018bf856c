"""Listening in total: by hour, day, week, month and year, with people counted once."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from tests.warehouse.oracle.listening import fct_plays, heard_in, plays_of
from tests.warehouse.oracle.platform import DAY, Platform

Row = dict[str, Any]
PERIOD_TYPES = ("hour", "day", "week", "month", "year")


def fct_listening_totals(platform: Platform) -> list[Row]:
    """period_type, period_start, client_id (totals too): hours_listened, plays_started, valid_listens, listeners
    (distinct users with seconds allocated to the period), is_complete. No rows of zeros only."""
    rows: dict[tuple[str, datetime, str, str], Row] = {}
    listeners: dict[tuple[str, datetime, str, str], set[str]] = {}

    def cells(moment: datetime, client: str) -> Iterator[tuple[str, datetime, str, str]]:
        for period_type in PERIOD_TYPES:
            for scope in platform.client_scopes(client):
                key = (period_type, start_of(period_type, moment), *scope)
                rows.setdefault(key, {"hours_listened": 0.0, "plays_started": 0, "valid_listens": 0})
                yield key

    plays = {row["play_id"]: row for row in fct_plays(platform)}
    belonging = {event.event_id for events in plays_of(platform).values() for event in events}
    for play in plays.values():
        for key in cells(play["started_at"], play["client_id"]):
            rows[key]["plays_started"] += 1
            rows[key]["valid_listens"] += play["is_valid_listen"]
    for event in platform.events:
        if event.stream != "play" or not event.fields["secondslistened"]:
            continue
        user, client = event.user_id, event.client_id
        if event.event_id in belonging:
            play = plays[event.fields["playid"]]
            user, client = play["user_id"], play["client_id"]
        for hour, seconds in heard_in(event.occurred_at, event.fields["secondslistened"]):
            for key in cells(hour, client):
                rows[key]["hours_listened"] += seconds / 3600
                if user is not None:
                    listeners.setdefault(key, set()).add(user)
    return [
        {
            **dict(zip(("period_type", "period_start", "partner_id", "client_id"), key, strict=True)),
            **row,
            "listeners": len(listeners.get(key, ())),
            "is_complete": platform.is_complete(last_day(key[0], key[1].date())),
        }
        for key, row in sorted(rows.items())
        if row["hours_listened"] > 0 or row["plays_started"] > 0
    ]


def start_of(period_type: str, moment: datetime) -> datetime:
    """When the hour, day, week (from Monday), month or year began that a moment is in."""
    if period_type == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    first = moment.date()
    if period_type == "week":
        first -= DAY * first.weekday()
    elif period_type == "month":
        first = first.replace(day=1)
    elif period_type == "year":
        first = first.replace(month=1, day=1)
    return datetime.combine(first, time())


def last_day(period_type: str, first: date) -> date:
    """The last day of the period that begins on a day."""
    if period_type == "week":
        return first + 6 * DAY
    if period_type == "month":
        return (first.replace(day=28) + 4 * DAY).replace(day=1) - DAY
    if period_type == "year":
        return first.replace(month=12, day=31)
    return first
