"""Trending shows: what is liked more than usual."""

from datetime import date
from math import sqrt
from typing import Any

from tests.warehouse.oracle.dimensions import dim_shows
from tests.warehouse.oracle.platform import ALL, DAY, NO_COUNTRY, UNKNOWN, WEIGHTS, Platform

Row = dict[str, Any]
MIN_LISTENERS = 5


def fct_trending_shows(platform: Platform, min_listeners: int = MIN_LISTENERS) -> list[Row]:
    """date_day, scope_type (`all` `category` `country`), scope_value, show_id: engagement of the day against the mean
    of the 7 days before, only shows with at least `min_listeners` listeners in that scope that day."""
    categories = {show["show_id"]: show["category"] for show in dim_shows(platform)}
    acts: dict[tuple[str, str, str], dict[date, set[tuple[str, str]]]] = {}  # distinct (user, kind) pairs
    for event in platform.events:
        # `play` is any play event with a show_id
        kind = "play" if event.stream == "play" else event.fields.get("kind")
        if event.stream not in ("play", "showinteraction") or kind not in WEIGHTS:
            continue
        show = event.fields["showid"]
        if show is None or event.user_id is None:
            continue
        category = categories.get(show) or UNKNOWN
        country = event.country_code or NO_COUNTRY
        for scope in ((ALL, ALL), ("category", category), ("country", country)):
            by_day = acts.setdefault((*scope, show), {})
            by_day.setdefault(event.occurred_at.date(), set()).add((event.user_id, kind))
    rows = []
    for (scope_type, scope_value, show), by_day in sorted(acts.items()):
        for day, pairs in sorted(by_day.items()):
            listeners = {user for user, _ in pairs}
            if len(listeners) < min_listeners:
                continue
            recent = _engagement(pairs)
            expected = sum(_engagement(by_day.get(day - DAY * n, set())) for n in range(1, 8)) / 7
            rows.append(
                {
                    "date_day": day,
                    "scope_type": scope_type,
                    "scope_value": scope_value,
                    "show_id": show,
                    "recent_engagement": recent,
                    "expected_engagement": expected,
                    "trend_score": (recent - expected) / sqrt(expected + 1),
                    "listeners": len(listeners),
                }
            )
    return _ranked(rows)


def _engagement(pairs: set[tuple[str, str]]) -> int:
    """Σ weight × distinct (user, kind) pairs: one fan cannot buy a trend."""
    return sum(WEIGHTS[kind] for _, kind in pairs)


def _ranked(rows: list[Row]) -> list[Row]:
    """`rank` by trend_score and recent engagement, the greatest first, then by show_id."""
    rows = sorted(rows, key=lambda row: (-row["trend_score"], -row["recent_engagement"], row["show_id"]))
    places: dict[tuple[Any, ...], int] = {}
    for row in rows:
        scope = (row["date_day"], row["scope_type"], row["scope_value"])
        places[scope] = row["rank"] = places.get(scope, 0) + 1
    return rows
