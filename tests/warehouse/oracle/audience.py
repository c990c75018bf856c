"""Audience: who was active, by day."""

from collections import Counter
from datetime import date
from typing import Any

from tests.warehouse.oracle.activity import activities
from tests.warehouse.oracle.platform import ALL, DAY, Platform, days_between

Row = dict[str, Any]


def fct_user_activity_daily(platform: Platform) -> list[Row]:
    """date_day, user_id, client_id, country_code, activity: one row if the user did it that day; `events` (count)."""
    counts = Counter(
        (activity.day, activity.user_id, activity.client_id, activity.country_code, activity.kind)
        for activity in activities(platform)
    )
    return [
        {
            "date_day": day,
            "user_id": user,
            "partner_id": platform.partner(client),
            "client_id": client,
            "country_code": country,
            "activity": kind,
            "events": events,
        }
        for (day, user, client, country, kind), events in sorted(counts.items())
    ]


def fct_active_users_daily(platform: Platform) -> list[Row]:
    """date_day, client_id ('all' too), country_code ('all' too), activity (`any`, `listening` = play): `dau`; `wau` =
    distinct users active in the 7 days; `mau` = in the 28 days; `stickiness` = dau / mau. A row for every day from
    the first activity to the newest day for each combination with mau > 0."""
    active: dict[tuple[str, str, str, str], dict[date, set[str]]] = {}
    for activity in activities(platform):
        for partner, client in platform.client_scopes(activity.client_id):
            for country in (activity.country_code, ALL):
                for kind in ("any", "listening") if activity.kind == "play" else ("any",):
                    by_day = active.setdefault((partner, client, country, kind), {})
                    by_day.setdefault(activity.day, set()).add(activity.user_id)
    if platform.newest_day is None or not active:
        return []
    first_day = min(min(by_day) for by_day in active.values())
    rows = []
    for (partner, client, country, kind), by_day in sorted(active.items()):
        for day in days_between(first_day, platform.newest_day):
            month = _users_in_days_to(day, 28, by_day)
            if not month:
                continue
            today = by_day.get(day, set())
            rows.append(
                {
                    "date_day": day,
                    "partner_id": partner,
                    "client_id": client,
                    "country_code": country,
                    "activity": kind,
                    "dau": len(today),
                    "wau": len(_users_in_days_to(day, 7, by_day)),
                    "mau": len(month),
                    "stickiness": len(today) / len(month),
                    "is_complete": platform.is_complete(day),
                }
            )
    return rows


def _users_in_days_to(day: date, days: int, by_day: dict[date, set[str]]) -> set[str]:
    """The distinct users of a window of n days, which ends with the named day and includes it."""
    users: set[str] = set()
    for n in range(days):
        users |= by_day.get(day - DAY * n, set())
    return users
