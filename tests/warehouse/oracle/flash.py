"""The daily flash: a day's headline numbers beside those of earlier days."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from tests.warehouse.oracle.activity import activities
from tests.warehouse.oracle.dimensions import dim_firmware_releases, dim_shows
from tests.warehouse.oracle.firmware import days_seen, latest_stable
from tests.warehouse.oracle.history import UNTRACKED, dump_versions
from tests.warehouse.oracle.listening import fct_plays, heard_in, plays_of
from tests.warehouse.oracle.platform import ALL, DAY, Platform, days_between
from tests.warehouse.oracle.registrations import registrations
from tests.warehouse.oracle.shows import Stay, stays

Row = dict[str, Any]
Scope = tuple[str, str]
Values = dict[Scope, dict[str, dict[date, float]]]  # by scope, metric and day
SHARE = "share_on_latest_firmware"
ON_FILE = ("user_registrations", "device_registrations", "shows_held")  # can lie years before anything happens
METRICS = (
    "dau",
    "wau",
    "mau",
    "new_users",
    "user_registrations",
    "device_registrations",
    "hours_listened",
    "valid_listens",
    "shows_held",
    "peak_concurrent_listeners",
    "music_service_signons",
    "voice_utterances",
    SHARE,
)


def rpt_daily_flash(platform: Platform) -> list[Row]:
    """date_day, client_id ('all' too), metric: value, day_before, same_day_last_week, mean_7d (the 7 days before),
    change_vs_last_week, is_complete. All metrics from the scope's first day, on which somebody or a device was active
    or anything was heard, to the newest; earlier days are not known (None), later ones without anything are 0. A share
    of no devices is not known."""
    if platform.newest_day is None:
        return []
    values: Values = {}
    for scope, metric, day, amount in _added(platform):
        by_day = values.setdefault(scope, {}).setdefault(metric, {})
        by_day[day] = by_day.get(day, 0.0) + amount
    for scope, metric, day, amount in (*_people(platform), *_shows(platform), *_shares(platform)):
        values.setdefault(scope, {}).setdefault(metric, {})[day] = amount
    rows = []
    for scope, metrics in sorted(values.items()):
        lively = [by_day for metric, by_day in metrics.items() if metric not in ON_FILE]
        first = min((day for by_day in lively for day in by_day), default=None)
        if first is None:
            continue
        for metric in METRICS:
            known = dict.fromkeys(days_between(first, platform.newest_day), None if metric == SHARE else 0.0)
            known |= {day: amount for day, amount in metrics.get(metric, {}).items() if day in known}
            for day, value in known.items():
                before = [known.get(day - DAY * n) for n in range(1, 8)]
                of_week = [amount for amount in before if amount is not None]
                last_week = before[6]
                rows.append(
                    {
                        "date_day": day,
                        "partner_id": scope[0],
                        "client_id": scope[1],
                        "metric": metric,
                        "value": value,
                        "day_before": before[0],
                        "same_day_last_week": last_week,
                        "mean_7d": sum(of_week) / len(of_week) if of_week else None,
                        "change_vs_last_week": value / last_week - 1 if value is not None and last_week else None,
                        "is_complete": platform.is_complete(day),
                    }
                )
    return rows


def _people(platform: Platform) -> Iterator[tuple[Scope, str, date, float]]:
    """Everybody once in each scope: active in the day, in the 7 and 28 days that end with it, or for the first time."""
    active: dict[Scope, dict[date, set[str]]] = {}
    first: dict[Scope, dict[str, date]] = {}
    for activity in activities(platform):
        for scope in platform.client_scopes(activity.client_id):
            active.setdefault(scope, {}).setdefault(activity.day, set()).add(activity.user_id)
            began = first.setdefault(scope, {})
            began[activity.user_id] = min(activity.day, began.get(activity.user_id, activity.day))
    assert platform.newest_day is not None
    for scope, by_day in active.items():
        began_on = list(first[scope].values())
        for day in days_between(min(by_day), platform.newest_day):
            for metric, days in (("dau", 1), ("wau", 7), ("mau", 28)):
                users = set().union(*(by_day.get(day - DAY * n, set()) for n in range(days)))
                yield scope, metric, day, float(len(users))
            yield scope, "new_users", day, float(began_on.count(day))


def _added(platform: Platform) -> Iterator[tuple[Scope, str, date, float]]:
    """What adds up over clients: registrations, hours and listens, sign-ons that succeeded, utterances."""
    for day, combination in registrations(platform):
        for scope in platform.client_scopes(combination[2]):
            yield scope, f"{combination[0]}_registrations", day, 1.0
    plays = {row["play_id"]: row for row in fct_plays(platform)}
    owners = {event.event_id: events[0].client_id for events in plays_of(platform).values() for event in events}
    for play in plays.values():
        if play["is_valid_listen"]:
            for scope in platform.client_scopes(play["client_id"]):
                yield scope, "valid_listens", play["date_day"], 1.0
    for event in platform.events:
        day = event.occurred_at.date()
        if event.stream == "play":
            for scope in platform.client_scopes(owners.get(event.event_id, event.client_id)):
                for hour, seconds in heard_in(event.occurred_at, event.fields["secondslistened"] or 0.0):
                    yield scope, "hours_listened", hour.date(), seconds / 3600
        for scope in platform.client_scopes(event.client_id):
            if event.stream == "musicserviceauth" and event.fields["outcome"] == "success":
                yield scope, "music_service_signons", day, 1.0
            if event.stream == "voicefeedback":
                yield scope, "voice_utterances", day, 1.0


def _shows(platform: Platform) -> Iterator[tuple[Scope, str, date, float]]:
    """shows_held: shows that the catalog says started that day, in all; for a client or partner, of these the ones in
    which somebody was that day who had joined with it. peak_concurrent_listeners: the most people in shows at one
    moment of the day, whichever shows; who is in two counts once."""
    there: dict[tuple[Scope, date], list[Stay]] = {}
    for stay in stays(platform):
        for scope in platform.client_scopes(stay.client_id):
            for day in days_between(stay.joined_at.date(), stay.left_at.date()):
                there.setdefault((scope, day), []).append(stay)
    started = {
        show["show_id"]: show["started_at"].date() for show in dim_shows(platform) if show["started_at"] is not None
    }
    for day in set(started.values()):
        yield (ALL, ALL), "shows_held", day, float(list(started.values()).count(day))
    for (scope, day), of_day in there.items():
        if scope != (ALL, ALL):
            held = {stay.show_id for stay in of_day if started.get(stay.show_id) == day}
            yield scope, "shows_held", day, float(len(held))
        # the crowd only grows when somebody comes, or has come before the day begins
        moments = {max(stay.joined_at, datetime.combine(day, time())) for stay in of_day}
        crowds = [{stay.user_id for stay in of_day if stay.joined_at <= at < stay.left_at} for at in moments]
        yield scope, "peak_concurrent_listeners", day, float(max(len(crowd) for crowd in crowds))


def _shares(platform: Platform) -> Iterator[tuple[Scope, str, date, float]]:
    """Of the active devices, as fct_firmware_uptake_daily counts them, those on their model's newest stable release; by
    the client that the device has at the end of the day."""
    dumps = platform.dumps["devices"]
    if not dumps or platform.newest_day is None:
        return
    versions = dump_versions(dumps, UNTRACKED["devices"])
    seen = days_seen(platform)
    releases = dim_firmware_releases(platform)
    for day in days_between(dumps[0].exported_at.date(), platform.newest_day):
        end_of_day = datetime.combine(day + DAY, time())
        window = {day - DAY * n for n in range(28)}
        active: dict[Scope, list[bool]] = {}
        for version in versions:
            if version.valid_from >= end_of_day or (version.valid_to is not None and version.valid_to < end_of_day):
                continue
            if seen.get(version.key, set()) & window:
                newest = latest_stable(releases, version.row["model"], end_of_day)
                is_on_it = newest is not None and version.row["firmwareVersion"] == newest
                for scope in platform.client_scopes(version.row["clientId"]):
                    active.setdefault(scope, []).append(is_on_it)
        for scope, devices in active.items():
            yield scope, SHARE, day, sum(devices) / len(devices)
