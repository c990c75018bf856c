"""The recomputation of adoption against days counted by hand from the definition."""

from typing import Any

from tests.warehouse.builders import Files, changes, deliver, device, event, native_export, release
from tests.warehouse.helpers import pick, platform_of
from tests.warehouse.oracle.firmware import fct_firmware_adoption


def fleet(on: str, **devices: int) -> Files:
    """A dump with so many active devices on each version; `v1_0` stands for 1.0."""
    items: list[dict[str, Any]] = []
    for name, count in devices.items():
        for _ in range(count):
            seen = f"2024-01-{on}T01:00:00Z"
            items.append(device(f"d{len(items)}", name[1:].replace("_", "."), lastSeenAt=seen))
    return native_export("devices", f"2024-01-{on}T03:00", *items, export_id=on)


def test_days_until_a_share_of_the_fleet_is_as_new() -> None:
    platform = platform_of(
        fleet("10", v0_9=8, v1_0=2),
        fleet("11", v0_9=5, v1_0=5),
        fleet("12", v0_9=5, v1_0=4, v2_0=1),
        fleet("13", v0_9=10),
        fleet("14", v2_0=9, vunheard_of=1),
        changes(
            "firmware",
            "2024-01-14",
            release("2024-01-01T00:00", "Alto", "0.9", "2023-01-01T00:00"),
            release("2024-01-01T00:00", "Alto", "1.0", "2024-01-01T23:00"),
            release("2024-01-01T00:00", "Alto", "2.0", "2024-01-13T00:00"),
            release("2024-01-01T00:00", "Basso", "1.0", "2024-01-01T00:00"),
        ),
        deliver("2024-01-15", event("navigation", "2024-01-15T10:00", user=None)),
    )
    days = ("model", "firmware_version", "days_to_10_pct", "days_to_50_pct", "days_to_90_pct")
    assert pick(fct_firmware_adoption(platform), *days) == [
        ("Alto", "0.9", None, None, None),
        ("Alto", "1.0", None, 10, 13),
        # a tenth ran it before its release, and nobody on the day itself
        ("Alto", "2.0", 1, 1, 1),
        ("Basso", "1.0", None, None, None),
    ]
