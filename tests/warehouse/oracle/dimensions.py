"""The dimensions and their histories."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tests.warehouse.oracle.activity import activities
from tests.warehouse.oracle.history import UNTRACKED, Version, dump_versions, last_versions, message_versions
from tests.warehouse.oracle.inbox import Dump
from tests.warehouse.oracle.platform import NO_COUNTRY, Platform, days_between, period_start

Row = dict[str, Any]


def dim_clients(platform: Platform) -> list[Row]:
    """client_id: client_name, partner_id, partner_name; the clients of the seed."""
    return [
        {name: client[name] for name in ("partner_id", "client_id", "client_name", "partner_name")}
        for client in platform.seeds.clients.values()
    ]


def dim_countries(platform: Platform) -> list[Row]:
    """country_code: name, region_name, continent."""
    return [
        {name: country[name] for name in ("country_code", "name", "region_name", "continent")}
        for country in platform.seeds.countries.values()
    ]


def dim_users(platform: Platform) -> list[Row]:
    """One row per user ever seen in a dump, as in the latest dump that has it."""
    active = _active_days(platform)
    return [
        {**_user(platform, row), "deleted_at": deleted_at, **_first_and_last(active.get(row["id"], set()))}
        for row, deleted_at in _last_items(platform.dumps["users"])
    ]


def dim_devices(platform: Platform) -> list[Row]:
    """One row per device ever seen in a dump, as in the latest dump that has it."""
    return [
        {**_device(platform, row), "deleted_at": deleted_at}
        for row, deleted_at in _last_items(platform.dumps["devices"])
    ]


def dim_users_history(platform: Platform) -> list[Row]:
    """One row a version of a user: the columns of the dimension, valid_from, valid_to, is_current."""
    active = _active_days(platform)
    return [
        {**_user(platform, version.row), **_first_and_last(active.get(version.key, set())), **_validity(version)}
        for version in dump_versions(platform.dumps["users"], UNTRACKED["users"])
    ]


def dim_devices_history(platform: Platform) -> list[Row]:
    """One row a version of a device: the columns of the dimension, valid_from, valid_to, is_current."""
    return [
        {**_device(platform, version.row), **_validity(version)}
        for version in dump_versions(platform.dumps["devices"], UNTRACKED["devices"])
    ]


def dim_shows(platform: Platform) -> list[Row]:
    """One row per show of the catalog: the current version or the last known one."""
    names = _creator_names(platform)
    return [
        {**_show(version.row, names), "deleted_at": version.valid_to}
        for version in last_versions(message_versions(platform.messages["shows"])).values()
    ]


def dim_shows_history(platform: Platform) -> list[Row]:
    """One row a version of a show: the columns of the dimension, valid_from, valid_to, is_current."""
    names = _creator_names(platform)
    return [
        {**_show(version.row, names), **_validity(version)} for version in message_versions(platform.messages["shows"])
    ]


def dim_firmware_releases(platform: Platform) -> list[Row]:
    """model, firmware_version: channel, released_at, release_rank within model by released_at."""
    rows = []
    current = [version for version in message_versions(platform.messages["firmware"]) if version.valid_to is None]
    for version in current:
        row = version.row
        of_model = [other.row for other in current if other.row["model"] == row["model"]]
        in_order = sorted((other["releasedat"], other["version"]) for other in of_model)
        rows.append(
            {
                "model": row["model"],
                "firmware_version": row["version"],
                "channel": row["channel"],
                "released_at": row["releasedat"],
                "release_rank": in_order.index((row["releasedat"], row["version"])) + 1,
            }
        )
    return rows


def calendar(first: date, last: date) -> list[Row]:
    """date_day with the start of its ISO week, of its month, its ISO day of the week and whether it is a weekend."""
    return [
        {
            "date_day": day,
            "week_start": period_start("week", day),
            "month_start": period_start("month", day),
            "day_of_week": day.isoweekday(),
            "is_weekend": day.isoweekday() >= 6,
        }
        for day in days_between(first, last)
    ]


def _last_items(dumps: list[Dump]) -> list[tuple[Mapping[str, Any], datetime | None]]:
    """For every id ever seen: its attributes in the latest dump that has it, and the export time of the first dump
    after that one (which does not have it), None when there is no later dump."""
    result = []
    for key in sorted({key for dump in dumps for key in dump.items}):
        newest = max(index for index, dump in enumerate(dumps) if key in dump.items)
        deleted_at = dumps[newest + 1].exported_at if newest + 1 < len(dumps) else None
        result.append((dumps[newest].items[key], deleted_at))
    return result


def _country(country: str | None) -> str:
    return country.lower() if country else NO_COUNTRY


def _user(platform: Platform, row: Mapping[str, Any]) -> Row:
    country_code = _country(row["country"])
    services = row["musicServices"]
    return {
        "user_id": row["id"],
        "partner_id": platform.partner(row["clientId"]),
        "client_id": row["clientId"],
        "country_code": country_code,
        "region_name": platform.seeds.countries.get(country_code, {}).get("region_name"),
        "language": row["language"],
        "registered_at": row["createdAt"],
        "status": row["status"],
        "music_services": None if services is None else json.dumps(services, separators=(",", ":"), ensure_ascii=False),
    }


def _active_days(platform: Platform) -> dict[str, set[date]]:
    """The days on which each user did anything that counts as activity."""
    days: dict[str, set[date]] = {}
    for activity in activities(platform):
        days.setdefault(activity.user_id, set()).add(activity.day)
    return days


def _first_and_last(days: set[date]) -> Row:
    return {"first_active_date": min(days, default=None), "last_active_date": max(days, default=None)}


def _device(platform: Platform, row: Mapping[str, Any]) -> Row:
    return {
        "device_id": row["id"],
        "model": row["model"],
        "partner_id": platform.partner(row["clientId"]),
        "client_id": row["clientId"],
        "country_code": _country(row["country"]),
        "owner_user_id": row["ownerId"],
        "firmware_version": row["firmwareVersion"],
        "registered_at": row["registeredAt"],
        "last_seen_at": row["lastSeenAt"],
    }


def _creator_names(platform: Platform) -> dict[str, str]:
    """The name of every creator that the catalog has now."""
    return {
        version.row["creatorid"]: version.row["displayname"]
        for version in message_versions(platform.messages["creators"])
        if version.valid_to is None
    }


def _show(row: Mapping[str, Any], creator_names: Mapping[str, str]) -> Row:
    return {
        "show_id": row["showid"],
        "title": row["title"],
        "creator_id": row["creatorid"],
        "creator_name": creator_names.get(row["creatorid"]),
        "category": row["category"],
        "language": row["language"],
        "status": row["status"],
        "scheduled_start_at": row["scheduledstart"],
        "started_at": row["startedat"],
        "ended_at": row["endedat"],
    }


def _validity(version: Version) -> Row:
    """A version's half-open life; `deleted_at` is its end when a deletion ended it."""
    return {
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "is_current": version.valid_to is None,
        "deleted_at": version.valid_to if version.ended_by_deletion else None,
    }
