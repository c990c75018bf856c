"""Retention: of those who came first in a period, who is there later."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from tests.warehouse.oracle.activity import Activity, activities
from tests.warehouse.oracle.platform import ALL, DAY, NO_COUNTRY, Platform, next_period, period_start, periods

Row = dict[str, Any]
Scope = tuple[str, str]


def fct_retention_cohorts(platform: Platform) -> list[Row]:
    """cohort_kind (`first_active`, `registered`), period_type (`week`, `month`), cohort_start, period_number (dense, up
    to the newest period begun), client_id ('all' too), country_code ('all' too). `cohort_users`, `retained_users`
    (active in exactly that period), `returning_users` (active in that period or any later) and their rates. Cohort
    and activity are both taken within the row's client scope."""
    active: dict[Scope, dict[str, list[Activity]]] = {}
    for activity in activities(platform):
        for scope in platform.client_scopes(activity.client_id):
            active.setdefault(scope, {}).setdefault(activity.user_id, []).append(activity)
    joined = {"first_active": _first_active(active), "registered": _registered(platform)}
    rows: list[Row] = []
    for kind, members in joined.items():
        for period_type in ("week", "month"):
            for scope, users in sorted(members.items()):
                rows += _cells(platform, kind, period_type, scope, users, active.get(scope, {}))
    return rows


def _first_active(active: dict[Scope, dict[str, list[Activity]]]) -> dict[Scope, dict[str, tuple[date, str]]]:
    """Day and country of each user's earliest activity in each scope (at one moment: the smallest country)."""
    result: dict[Scope, dict[str, tuple[date, str]]] = {}
    for scope, users in active.items():
        for user, done in users.items():
            first = min(done, key=lambda activity: (activity.at, activity.country_code))
            result.setdefault(scope, {})[user] = (first.day, first.country_code)
    return result


def _registered(platform: Platform) -> dict[Scope, dict[str, tuple[date, str]]]:
    """Day and country of each user's registration in each scope: client, country and date are those of the earliest
    dump that has the user."""
    result: dict[Scope, dict[str, tuple[date, str]]] = {}
    seen: set[str] = set()
    for dump in platform.dumps["users"]:
        for user, row in dump.items.items():
            if user not in seen:
                seen.add(user)
                country = row["country"].lower() if row["country"] else NO_COUNTRY
                for scope in platform.client_scopes(row["clientId"]):
                    result.setdefault(scope, {})[user] = (row["createdAt"].date(), country)
    return result


def _cells(
    platform: Platform,
    kind: str,
    period_type: str,
    scope: Scope,
    users: dict[str, tuple[date, str]],
    active: dict[str, list[Activity]],
) -> Iterable[Row]:
    """All cells of one scope: each cohort against its own and every later period begun."""
    if platform.newest_day is None:
        return
    periods_active = {
        user: {period_start(period_type, activity.day) for activity in done} for user, done in active.items()
    }
    cohorts: dict[tuple[date, str], set[str]] = {}
    for user, (day, own_country) in users.items():
        for country in (own_country, ALL):
            cohorts.setdefault((period_start(period_type, day), country), set()).add(user)
    for (start, country), cohort in sorted(cohorts.items()):
        for number, period in enumerate(periods(period_type, start, platform.newest_day)):
            retained = {user for user in cohort if period in periods_active.get(user, set())}
            returning = {user for user in cohort if any(later >= period for later in periods_active.get(user, set()))}
            yield {
                "cohort_kind": kind,
                "period_type": period_type,
                "cohort_start": start,
                "period_number": number,
                "partner_id": scope[0],
                "client_id": scope[1],
                "country_code": country,
                "cohort_users": len(cohort),
                "retained_users": len(retained),
                "returning_users": len(returning),
                "retention_rate": len(retained) / len(cohort),
                "returning_rate": len(returning) / len(cohort),
                "is_complete": platform.is_complete(next_period(period_type, period) - DAY),
            }
