"""Growth accounting: where a period's users come from, and how many of the period before stayed away."""

from typing import Any

from tests.warehouse.oracle.activity import activities
from tests.warehouse.oracle.platform import DAY, Platform, next_period, period_start, periods

Row = dict[str, Any]


def fct_user_growth(platform: Platform) -> list[Row]:
    """period_type (`day` `week` `month`), period_start, client_id ('all' too): `active_users`; `new_users` (first
    active period ever, for that client_id scope); `retained_users` (active in the period before too);
    `resurrected_users` (active before, but not in the period before); `churned_users` (active in the period before, not
    in this one). Dense from the scope's first activity to the newest day's period."""
    if platform.newest_day is None:
        return []
    rows = []
    for period_type in ("day", "week", "month"):
        active: dict[tuple[str, str], dict[str, set[Any]]] = {}
        for activity in activities(platform):
            for scope in platform.client_scopes(activity.client_id):
                users = active.setdefault(scope, {})
                users.setdefault(activity.user_id, set()).add(period_start(period_type, activity.day))
        for (partner, client), users in sorted(active.items()):
            first_period = min(min(starts) for starts in users.values())
            before = None
            for period in periods(period_type, first_period, platform.newest_day):
                fates = {"new": 0, "retained": 0, "resurrected": 0, "churned": 0}
                for starts in users.values():
                    if period not in starts:
                        fates["churned"] += before in starts
                    elif min(starts) == period:
                        fates["new"] += 1
                    elif before in starts:
                        fates["retained"] += 1
                    else:
                        fates["resurrected"] += 1
                rows.append(
                    {
                        "period_type": period_type,
                        "period_start": period,
                        "partner_id": partner,
                        "client_id": client,
                        "active_users": sum(period in starts for starts in users.values()),
                        **{f"{fate}_users": number for fate, number in fates.items()},
                        "is_complete": platform.is_complete(next_period(period_type, period) - DAY),
                    }
                )
                before = period
    return rows
