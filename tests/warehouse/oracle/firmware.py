"""Firmware: how many devices run which version."""

from datetime import date, datetime, time
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
    seen = _days_seen(platform)
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
                    "is_latest_stable": firmware == _latest_stable(releases, model, end_of_day),
                }
            )
    return rows


def _days_seen(platform: Platform) -> dict[str, set[date]]:
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


def _latest_stable(releases: list[Row], model: str, end_of_day: datetime) -> str | None:
    """The model's stable release with the greatest released_at before the end of the day (ties: greatest version)."""
    stable = [
        (row["released_at"], row["firmware_version"])
        for row in releases
        if row["model"] == model and row["channel"] == "stable" and row["released_at"] < end_of_day
    ]
    return max(stable)[1] if stable else None
