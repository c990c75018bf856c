"""Right now: active users by hour, and today so far against the same span of earlier days."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from tests.warehouse.oracle.activity import activities
from tests.warehouse.oracle.listening import plays_of
from tests.warehouse.oracle.platform import DAY, Platform

Row = dict[str, Any]
SPANS = {"value": 0, "same_time_yesterday": 1, "same_time_last_week": 7}  # days back


def fct_active_users_hourly(platform: Platform) -> list[Row]:
    """hour_start, client_id ('all' too): active_users. Hours without anybody have no row."""
    users: dict[tuple[datetime, str, str], set[str]] = {}
    for activity in activities(platform):
        hour = activity.at.replace(minute=0, second=0, microsecond=0)
        for scope in platform.client_scopes(activity.client_id):
            users.setdefault((hour, *scope), set()).add(activity.user_id)
    return [
        {
            "hour_start": hour,
            "date_day": hour.date(),
            "partner_id": partner,
            "client_id": client,
            "active_users": len(active),
        }
        for (hour, partner, client), active in sorted(users.items())
    ]


def rpt_so_far_today(platform: Platform) -> list[Row]:
    """client_id ('all' too), metric: from midnight to as_of (newest occurred_at), and the same span of the day before
    and of the day a week before. What happened later that day is not known at that time, so it counts in none of them.
    No rows of zeros only."""
    as_of = max((event.occurred_at for event in platform.events), default=None)
    if as_of is None:
        return []
    sums: dict[tuple[str, str, str], dict[str, float]] = {}
    people: dict[tuple[str, str, str], dict[str, set[str]]] = {}
    for span, days_back in SPANS.items():
        end = as_of - days_back * DAY
        begin = datetime.combine(end.date(), time())
        for metric, client, amount in _amounts(platform, begin, end):
            for scope in platform.client_scopes(client):
                row = sums.setdefault((*scope, metric), dict.fromkeys(SPANS, 0.0))
                row[span] += amount
        for activity in activities(platform):
            if begin <= activity.at <= end:
                for scope in platform.client_scopes(activity.client_id):
                    found = people.setdefault((*scope, "active_users"), {name: set() for name in SPANS})
                    found[span].add(activity.user_id)
    counted = {key: {span: float(len(users)) for span, users in spans.items()} for key, spans in people.items()}
    return [
        {"partner_id": partner, "client_id": client, "metric": metric, "as_of": as_of, **row}
        for (partner, client, metric), row in sorted({**sums, **counted}.items())
        if any(row.values())
    ]


def _amounts(platform: Platform, begin: datetime, end: datetime) -> Iterator[tuple[str, str, float]]:
    """(metric, client, amount) of what adds up, from a midnight to a moment of the same day, that one included."""
    owners: dict[str, str] = {}  # the client that an event of a play counts for
    for events in plays_of(platform).values():
        first = events[0]
        owners.update({event.event_id: first.client_id for event in events})
        if first.fields["contenttype"] == "track" and begin <= first.occurred_at <= end:
            yield "tracks_started", first.client_id, 1.0
    for event in platform.events:
        if not begin <= event.occurred_at <= end:
            continue
        if event.stream == "play" and event.fields["secondslistened"]:
            # what was heard before midnight belongs to the day before
            heard = min(event.fields["secondslistened"], (event.occurred_at - begin).total_seconds())
            yield "hours_listened", owners.get(event.event_id, event.client_id), heard / 3600
        if event.stream == "showinteraction" and event.fields["kind"] == "join":
            yield "show_joins", event.client_id, 1.0
