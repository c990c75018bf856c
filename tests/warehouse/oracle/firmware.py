"""Firmware: how many devices run which version."""

from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from tests.warehouse.oracle.dimensions import dim_firmware_releases
from tests.warehouse.oracle.history import UNTRACKED, dump_versions
from tests.warehouse.oracle.platform import DAY, UNKNOWN, Platform, days_between

Row = dict[str, Any]


def fct_firmware_uptake_daily(platform: Platform) -> list[Row]:
    """date_day, model, firmware_version: `devices` on that version at the end of the day, from the device history;
    `active_devices` (of those, seen in the 28 days, by an event or lastSeenAt); `share_of_active` (within model and
    day); `days_since_release`; `is_latest_stable` (on that day). From the day of the first dump to the newest day."""
    dumps = platform.dumps["devices"]
    if not dumps or platform.newest_day is None:
        return []
    versions = dump_versions(dumps, UNTRACKED["devices"])
    seen = days_seen(platform)
    releases = dim_firmware_releases(platform)
    released = {(row["model"], row["firmware_version"]): row["released_at"] for row in releases}
    rows = []
    for day in days_between(dumps[0].exported_at.date(), platform.newest_day):
        end_of_day = datetime.combine(day + DAY, time())
        window = {day - DAY * n for n in range(28)}
        there: dict[tuple[str, str], set[str]] = {}
        for version in versions:
            if version.valid_from < end_of_day and (version.valid_to is None or version.valid_to >= end_of_day):
                firmware = version.row["firmwareVersion"] or UNKNOWN
                there.setdefault((version.row["model"], firmware), set()).add(version.key)
        for (model, firmware), devices in sorted(there.items()):
            active = {device for device in devices if seen.get(device, set()) & window}
            of_model = {
                device
                for (other, _), others in there.items()
                if other == model
                for device in others
                if seen.get(device, set()) & window
            }
            released_at = released.get((model, firmware))
            rows.append(
                {
                    "date_day": day,
                    "model": model,
                    "firmware_version": firmware,
                    "devices": len(devices),
                    "active_devices": len(active),
                    "share_of_active": len(active) / len(of_model) if of_model else None,
                    "days_since_release": (day - released_at.date()).days if released_at else None,
                    "is_latest_stable": firmware == latest_stable(releases, model, end_of_day),
                }
            )
    return rows


def fct_firmware_adoption(platform: Platform) -> list[Row]:
    """model, firmware_version: days from release until that share of the model's active devices ran this version or a
    later-released one; null while not reached, and where it was already past it on the day of the first dump."""
    releases = dim_firmware_releases(platform)
    ranks = {(row["model"], row["firmware_version"]): row["release_rank"] for row in releases}
    active: dict[str, dict[date, list[tuple[int, int]]]] = {}  # of each model and day: release rank, active devices
    for row in fct_firmware_uptake_daily(platform):
        rank = ranks.get((row["model"], row["firmware_version"]), 0)
        days = active.setdefault(row["model"], {})
        days.setdefault(row["date_day"], []).append((rank, row["active_devices"]))
    dumps = platform.dumps["devices"]
    first_day = dumps[0].exported_at.date() if dumps else date.max

    def days_to(release: Row, share: Fraction) -> int | None:
        released_on = release["released_at"].date()
        for day, versions in sorted(active.get(release["model"], {}).items()):
            devices = sum(count for _, count in versions)
            there = sum(count for rank, count in versions if rank >= release["release_rank"])
            if devices and Fraction(there, devices) >= share:
                if day == first_day:
                    return None
                if day >= released_on:
                    return int((day - released_on).days)
        return None

    return [
        {
            "model": release["model"],
            "firmware_version": release["firmware_version"],
            "released_at": release["released_at"],
            "days_to_10_pct": days_to(release, Fraction(1, 10)),
            "days_to_50_pct": days_to(release, Fraction(1, 2)),
            "days_to_90_pct": days_to(release, Fraction(9, 10)),
        }
        for release in releases
    ]


def days_seen(platform: Platform) -> dict[str, set[date]]:
    """The days on which each device sent an event of any stream, or which a dump gives as lastSeenAt."""
    seen: dict[str, set[date]] = {}
    for event in platform.events:
        if event.device_id is not None:
            seen.setdefault(event.device_id, set()).add(event.occurred_at.date())
    for dump in platform.dumps["devices"]:
        for device, row in dump.items.items():
            if row["lastSeenAt"] is not None:
                seen.setdefault(device, set()).add(row["lastSeenAt"].date())
    return seen


def latest_stable(releases: list[Row], model: str, end_of_day: datetime) -> str | None:
    """The model's stable release with the greatest released_at before the end of the day (ties: greatest version)."""
    stable = [
        (row["released_at"], row["firmware_version"])
        for row in releases
        if row["model"] == model and row["channel"] == "stable" and row["released_at"] < end_of_day
    ]
    return max(stable)[1] if stable else None
