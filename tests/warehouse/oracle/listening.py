"""Listening: plays, and the hours in which they were heard."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.warehouse.oracle.inbox import Event
from tests.warehouse.oracle.platform import DAY, NO_COUNTRY, UNKNOWN, Platform

Row = dict[str, Any]
HOUR = timedelta(hours=1)
CELL = ("partner_id", "client_id", "country_code", "device_model", "music_source", "content_type", "genre")


def plays_of(platform: Platform) -> dict[str, list[Event]]:
    """The events that belong to each play, in order: those on its first date and the two dates after."""
    plays: dict[str, list[Event]] = {}
    for event in platform.events:
        if event.stream == "play":
            plays.setdefault(event.fields["playid"], []).append(event)
    for play_id, events in plays.items():
        events.sort(key=lambda event: (event.occurred_at, event.received_at, event.event_id))
        last_day = events[0].occurred_at.date() + 2 * DAY
        plays[play_id] = [event for event in events if event.occurred_at.date() <= last_day]
    return plays


def fct_plays(platform: Platform) -> list[Row]:
    """play_id and what became of it. Attributes are those of the play's earliest event that has them."""
    return [_play(platform, play_id, events) for play_id, events in sorted(plays_of(platform).items())]


def _play(platform: Platform, play_id: str, events: list[Event]) -> Row:
    def own(name: str) -> Any:
        return next((value for event in events if (value := event.fields[name]) is not None), None)

    def envelope(name: str) -> Any:
        return next((value for event in events if (value := getattr(event, name)) is not None), None)

    first, last = events[0], events[-1]
    seconds = sum(event.fields["secondslistened"] or 0.0 for event in events)
    duration = own("durationseconds")
    return {
        "play_id": play_id,
        "started_at": first.occurred_at,
        "ended_at": last.occurred_at,
        "date_day": first.occurred_at.date(),
        "user_id": envelope("user_id"),
        "device_id": envelope("device_id"),
        "partner_id": platform.partner(first.client_id),
        "client_id": first.client_id,
        "country_code": envelope("country_code") or NO_COUNTRY,
        "platform": envelope("platform"),
        "music_source": own("musicsource") or UNKNOWN,
        "content_id": own("contentid"),
        "content_type": own("contenttype"),
        "show_id": own("showid"),
        "title": own("title"),
        "artist": own("artist"),
        "genre": own("genre") or UNKNOWN,
        "duration_seconds": duration,
        "seconds_listened": seconds,
        "completion": None if duration is None else min(1.0, seconds / duration),
        # 30 seconds or more, or half of the content or more
        "is_valid_listen": seconds >= 30 or (duration is not None and seconds >= duration / 2),
        "end_reason": last.fields["action"] if last.fields["action"] in ("stop", "skip") else "open",
    }


def fct_listening_hourly(platform: Platform) -> list[Row]:
    """hour_start and the play's dimensions: hours_listened (each event's seconds go to the hours in which they were
    heard), plays_started, valid_listens, skips (these three by the hour of started_at)."""
    return [
        {name: value for name, value in row.items() if name != "listeners"}
        for row in _listening(platform, "hour_start", lambda moment: moment.replace(minute=0, second=0, microsecond=0))
    ]


def fct_listening_daily(platform: Platform) -> list[Row]:
    """The same by date_day, and `listeners` (distinct users with seconds allocated to the day)."""
    return _listening(platform, "date_day", lambda moment: moment.date())


def _listening(platform: Platform, period: str, period_of: Callable[[datetime], date]) -> list[Row]:
    models = _device_models(platform)
    plays = {row["play_id"]: row for row in fct_plays(platform)}
    belonging = {event.event_id for events in plays_of(platform).values() for event in events}
    cells: dict[tuple[Any, ...], Row] = {}
    listeners: dict[tuple[Any, ...], set[str]] = {}

    def cell(moment: datetime, source: Row) -> tuple[Any, ...]:
        dimensions = {**source, "device_model": models.get(source["device_id"], UNKNOWN)}
        key = (period_of(moment), *(dimensions[name] for name in CELL))
        if key not in cells:
            cells[key] = {
                **dict(zip((period, *CELL), key, strict=True)),
                "hours_listened": 0.0,
                "plays_started": 0,
                "valid_listens": 0,
                "skips": 0,
            }
            listeners[key] = set()
        return key

    for play in plays.values():
        row = cells[cell(play["started_at"], play)]
        row["plays_started"] += 1
        row["valid_listens"] += play["is_valid_listen"]
        row["skips"] += play["end_reason"] == "skip"
    for event in platform.events:
        if event.stream == "play" and event.fields["secondslistened"]:
            # an event that belongs to no play brings its own dimensions
            source = plays[event.fields["playid"]] if event.event_id in belonging else _own_dimensions(platform, event)
            for hour, seconds in heard_in(event.occurred_at, event.fields["secondslistened"]):
                key = cell(hour, source)
                cells[key]["hours_listened"] += seconds / 3600
                if source["user_id"] is not None:
                    listeners[key].add(source["user_id"])
    return [
        {**row, "listeners": len(listeners[key])}
        for key, row in sorted(cells.items())
        if row["hours_listened"] > 0 or row["plays_started"] > 0
    ]


def heard_in(occurred_at: datetime, seconds: float) -> Iterator[tuple[datetime, float]]:
    """The hours that `[occurred_at - seconds, occurred_at]` touches, latest first, and the seconds heard in each; those
    that round to nothing, to a billionth, are left out."""
    end = occurred_at
    while round(seconds, 9) > 0:
        hour = datetime.combine(end.date(), time(end.hour))
        if hour == end:
            hour = end - HOUR
        part = min(seconds, (end - hour).total_seconds())
        if round(part, 9) > 0:
            yield hour, part
        seconds -= part
        end = hour


def _own_dimensions(platform: Platform, event: Event) -> Row:
    return {
        "user_id": event.user_id,
        "device_id": event.device_id,
        "partner_id": platform.partner(event.client_id),
        "client_id": event.client_id,
        "country_code": event.country_code or NO_COUNTRY,
        "music_source": event.fields["musicsource"] or UNKNOWN,
        "content_type": event.fields["contenttype"],
        "genre": event.fields["genre"] or UNKNOWN,
    }


def _device_models(platform: Platform) -> dict[str | None, str]:
    """The model of every device, as in the latest dump that has it."""
    models: dict[str | None, str] = {}
    for dump in platform.dumps["devices"]:
        models.update({device: row["model"] for device, row in dump.items.items()})
    return models
