"""Engagement: screens, sign-ons, voice, notifications and promotions, by the words of their definitions."""

from collections.abc import Callable, Hashable, Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.warehouse.oracle.inbox import Event
from tests.warehouse.oracle.listening import plays_of
from tests.warehouse.oracle.platform import NO_COUNTRY, UNKNOWN, Platform

Row = dict[str, Any]
HOUR = timedelta(hours=1)
WEEK_SECONDS = 7 * 86_400.0
NO_CAMPAIGN = "none"
MIN_GROUP_USERS = 10


def percentile(values: Iterable[float], share: Fraction) -> float | None:
    """The value that this share of the others lies below, between two values in proportion; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * float(place - below)


def _of(platform: Platform, stream: str) -> list[Event]:
    return [event for event in platform.events if event.stream == stream]


def _grouped(events: Iterable[Event], key_of: Callable[[Event], tuple[Hashable, ...]]) -> dict[Any, list[Event]]:
    groups: dict[Any, list[Event]] = {}
    for event in events:
        groups.setdefault(key_of(event), []).append(event)
    return groups


def _users(events: Iterable[Event]) -> set[str]:
    return {event.user_id for event in events if event.user_id is not None}


def _day(event: Event) -> date:
    return event.occurred_at.date()


def fct_screen_engagement_daily(platform: Platform) -> list[Row]:
    """date_day, client_id, platform, screen: views and users of those shown it; the seconds are those that the next
    event tells of the screen before it (`secondsonscreen`: on the previous screen), on the day of that event."""
    events = _of(platform, "navigation")
    shown = _grouped(events, lambda e: (_day(e), e.client_id, e.platform or UNKNOWN, e.fields["screen"] or UNKNOWN))
    timed = [e for e in events if e.fields["previousscreen"] and e.fields["secondsonscreen"] is not None]
    left = _grouped(timed, lambda e: (_day(e), e.client_id, e.platform or UNKNOWN, e.fields["previousscreen"]))
    rows = []
    for key in sorted(shown.keys() | left.keys()):
        day, client, software_kind, screen = key
        seconds = [event.fields["secondsonscreen"] for event in left.get(key, [])]
        rows.append(
            {
                "date_day": day,
                "partner_id": platform.partner(client),
                "client_id": client,
                "platform": software_kind,
                "screen": screen,
                "views": len(shown.get(key, [])),
                "users": len(_users(shown.get(key, []))),
                "median_seconds": percentile(seconds, Fraction(1, 2)),
                "p90_seconds": percentile(seconds, Fraction(9, 10)),
            }
        )
    return rows


def fct_screen_transitions_daily(platform: Platform) -> list[Row]:
    """date_day, client_id, from_screen, to_screen: transitions (events with a previous screen)."""
    moved = [event for event in _of(platform, "navigation") if event.fields["previousscreen"]]
    groups = _grouped(
        moved, lambda e: (_day(e), e.client_id, e.fields["previousscreen"], e.fields["screen"] or UNKNOWN)
    )
    return [
        {
            "date_day": day,
            "partner_id": platform.partner(client),
            "client_id": client,
            "from_screen": before,
            "to_screen": after,
            "transitions": len(events),
        }
        for (day, client, before, after), events in sorted(groups.items())
    ]


def fct_music_service_signons_daily(platform: Platform) -> list[Row]:
    """date_day, client_id, country_code, service: attempts, successes, failures, cancellations, users_signed_on."""
    groups = _grouped(
        _of(platform, "musicserviceauth"),
        lambda e: (_day(e), e.client_id, e.country_code or NO_COUNTRY, e.fields["service"] or UNKNOWN),
    )
    rows = []
    for (day, client, country, service), events in sorted(groups.items()):
        by_outcome = {
            outcome: [event for event in events if event.fields["outcome"] == outcome]
            for outcome in ("success", "failure", "cancelled")
        }
        rows.append(
            {
                "date_day": day,
                "partner_id": platform.partner(client),
                "client_id": client,
                "country_code": country,
                "service": service,
                "attempts": len(events),
                "successes": len(by_outcome["success"]),
                "failures": len(by_outcome["failure"]),
                "cancellations": len(by_outcome["cancelled"]),
                "users_signed_on": len(_users(by_outcome["success"])),
            }
        )
    return rows


def fct_voice_daily(platform: Platform) -> list[Row]:
    """date_day, client_id, country_code, language, intent: utterances, by outcome, and their latency."""
    groups = _grouped(
        _of(platform, "voicefeedback"),
        lambda e: (
            _day(e),
            e.client_id,
            e.country_code or NO_COUNTRY,
            e.fields["language"] or UNKNOWN,
            e.fields["intent"] or UNKNOWN,
        ),
    )
    rows = []
    for (day, client, country, language, intent), events in sorted(groups.items()):
        outcomes = [event.fields["outcome"] for event in events]
        latencies = [event.fields["latencyms"] for event in events if event.fields["latencyms"] is not None]
        rows.append(
            {
                "date_day": day,
                "partner_id": platform.partner(client),
                "client_id": client,
                "country_code": country,
                "language": language,
                "intent": intent,
                "utterances": len(events),
                "understood": outcomes.count("understood"),
                "misunderstood": outcomes.count("misunderstood"),
                "unsupported": outcomes.count("unsupported"),
                "p50_latency_ms": percentile(latencies, Fraction(1, 2)),
                "p95_latency_ms": percentile(latencies, Fraction(19, 20)),
            }
        )
    return rows


def fct_voice_unrecognised(platform: Platform, min_group_users: int = MIN_GROUP_USERS) -> list[Row]:
    """month_start, client_id, language, utterance: times and users of what was not understood, or understood and not
    supported; only utterances of at least `min_group_users` users."""
    groups = _grouped(
        [
            event
            for event in _of(platform, "voicefeedback")
            if event.fields["outcome"] in ("misunderstood", "unsupported") and event.fields["utterance"]
        ],
        lambda e: (_day(e).replace(day=1), e.client_id, e.fields["language"] or UNKNOWN, e.fields["utterance"]),
    )
    return [
        {
            "month_start": month,
            "partner_id": platform.partner(client),
            "client_id": client,
            "language": language,
            "utterance": utterance,
            "times": len(events),
            "users": len(_users(events)),
        }
        for (month, client, language, utterance), events in sorted(groups.items())
        if len(_users(events)) >= min_group_users
    ]


def fct_notification_funnel_daily(platform: Platform) -> list[Row]:
    """date_day (of sent), client_id, campaign_id (`none`): what became of the notifications sent that day, whenever it
    became so. What was never sent is left out. Client, campaign and show are those of the first sent event."""
    joins: dict[tuple[str, str], list[datetime]] = {}  # by user and show
    for event in _of(platform, "showinteraction"):
        if event.fields["kind"] == "join" and event.user_id is not None:
            joins.setdefault((event.user_id, event.fields["showid"]), []).append(event.occurred_at)
    cells: dict[tuple[date, str, str], Row] = {}
    openers: dict[tuple[date, str, str], set[str]] = {}
    joiners: dict[tuple[date, str, str], set[str]] = {}
    notifications = _grouped(_of(platform, "notification"), lambda e: (e.fields["notificationid"],))
    for events in notifications.values():  # in order of time
        sent = next((event for event in events if event.fields["kind"] == "sent"), None)
        if sent is None:
            continue
        key = (_day(sent), sent.client_id, sent.fields["campaignid"] or NO_CAMPAIGN)
        row = cells.setdefault(key, dict.fromkeys(("sent", "delivered", "opened", "dismissed"), 0))
        for kind in {event.fields["kind"] for event in events}:
            row[kind] += 1
        for event in events:
            if event.fields["kind"] == "opened" and event.user_id is not None:
                openers.setdefault(key, set()).add(event.user_id)
                moments = joins.get((event.user_id, sent.fields["showid"]), [])
                if any(event.occurred_at <= moment <= event.occurred_at + HOUR for moment in moments):
                    joiners.setdefault(key, set()).add(event.user_id)
    return [
        {
            "date_day": day,
            "partner_id": platform.partner(client),
            "client_id": client,
            "campaign_id": campaign,
            **row,
            "users_opened": len(openers.get((day, client, campaign), ())),
            "users_joined_show_within_1h": len(joiners.get((day, client, campaign), ())),
        }
        for (day, client, campaign), row in sorted(cells.items())
    ]


def fct_promotion_effectiveness(platform: Platform) -> list[Row]:
    """campaign_id, client_id: how often a promotion was seen and followed, and how long those who saw it listened, in
    the 7 days before and after each user's first impression, with any client of the partner."""
    heard = _heard(platform)
    groups = _grouped(_of(platform, "promotion"), lambda e: (e.fields["campaignid"] or NO_CAMPAIGN, e.client_id))
    rows = []
    for (campaign, client), events in sorted(groups.items()):
        kinds = [event.fields["kind"] for event in events]
        impressions, clicks, conversions = (kinds.count(kind) for kind in ("impression", "click", "conversion"))
        if impressions + clicks + conversions == 0:  # only skips: a row of zeros
            continue
        first: dict[str, datetime] = {}
        for event in events:  # in order of time
            if event.fields["kind"] == "impression" and event.user_id is not None:
                first.setdefault(event.user_id, event.occurred_at)
        before = after = 0.0
        for user, moment in first.items():
            for heard_at, seconds in heard.get((user, platform.partner(client)), []):
                end = (heard_at - moment).total_seconds()
                before += _overlap(end - seconds, end, -WEEK_SECONDS, 0.0)
                after += _overlap(end - seconds, end, 0.0, WEEK_SECONDS)
        rows.append(
            {
                "campaign_id": campaign,
                "partner_id": platform.partner(client),
                "client_id": client,
                "users_exposed": len(first),
                "impressions": impressions,
                "clicks": clicks,
                "conversions": conversions,
                "click_rate": clicks / impressions if impressions else None,
                "hours_per_user_7d_before": before / 3600 / len(first) if first else None,
                "hours_per_user_7d_after": after / 3600 / len(first) if first else None,
                "last_first_impression_on": max(first.values()).date() if first else None,
            }
        )
    return rows


def _heard(platform: Platform) -> dict[tuple[str, str], list[tuple[datetime, float]]]:
    """What each user heard with the clients of each partner: when hearing ended, and its seconds. A play's user and
    client stand for all its events; an event that belongs to no play speaks for itself."""
    owners: dict[str, tuple[str | None, str]] = {}
    for events in plays_of(platform).values():
        user = next((event.user_id for event in events if event.user_id is not None), None)
        owners.update({event.event_id: (user, events[0].client_id) for event in events})
    heard: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    for event in _of(platform, "play"):
        user, client = owners.get(event.event_id, (event.user_id, event.client_id))
        if user is not None and event.fields["secondslistened"]:
            spans = heard.setdefault((user, platform.partner(client)), [])
            spans.append((event.occurred_at, event.fields["secondslistened"]))
    return heard


def _overlap(start: float, end: float, first: float, last: float) -> float:
    """Seconds that two spans share."""
    return max(0.0, min(end, last) - max(start, first))
