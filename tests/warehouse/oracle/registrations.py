"""Registrations: who and what was registered when, as the earliest dump that has it tells."""

from collections import Counter
from datetime import date
from typing import Any

from tests.warehouse.oracle.platform import NO_COUNTRY, UNKNOWN, Platform, days_between

Row = dict[str, Any]
COMBINATION = ("entity", "partner_id", "client_id", "country_code", "device_model")
Registered = tuple[date, tuple[str, str, str, str, str]]  # the day, and the combination it belongs to


def registrations(platform: Platform) -> list[Registered]:
    """Every user and device that any dump has had, once. Day, client, country and model are those of the earliest dump
    that has it; what it became later, or that it was deleted, changes nothing."""
    found = []
    for entity, table in (("user", "users"), ("device", "devices")):
        known: set[str] = set()
        for dump in platform.dumps[table]:
            for id, row in dump.items.items():
                if id in known:
                    continue
                known.add(id)
                at = row["createdAt"] if entity == "user" else row["registeredAt"]
                client = row["clientId"]
                country = row["country"].lower() if row["country"] else NO_COUNTRY
                model = "none" if entity == "user" else row["model"] or UNKNOWN
                found.append((at.date(), (entity, platform.partner(client), client, country, model)))
    return found


def fct_registrations_daily(platform: Platform) -> list[Row]:
    """date_day, entity, client_id, country_code, device_model: registrations, total_to_date. Dense from a combination's
    own first date to the newest day: who registered after it is not there yet."""
    if platform.newest_day is None:
        return []
    by_combination: dict[tuple[str, str, str, str, str], Counter[date]] = {}
    for day, combination in registrations(platform):
        by_combination.setdefault(combination, Counter())[day] += 1
    rows = []
    for combination, counts in sorted(by_combination.items()):
        total = 0
        for day in days_between(min(counts), platform.newest_day):
            total += counts[day]
            rows.append(
                {
                    "date_day": day,
                    **dict(zip(COMBINATION, combination, strict=True)),
                    "registrations": counts[day],
                    "total_to_date": total,
                }
            )
    return rows
