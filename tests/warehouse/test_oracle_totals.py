"""The recomputation of listening in total against numbers counted by hand from the definition."""

from tests.warehouse.builders import deliver, event, play
from tests.warehouse.helpers import at, pick, platform_of
from tests.warehouse.oracle.totals import fct_listening_totals

MEASURES = ("hours_listened", "plays_started", "valid_listens", "listeners", "is_complete")


def test_people_count_once_in_each_period() -> None:
    platform = platform_of(
        deliver(
            "2024-01-02",
            # an hour over New Year, a Sunday to a Monday, of a play that its client started
            play("2023-12-31T23:30", "a", client="earshot-ios"),
            play("2024-01-01T00:30", "a", "stop", 3600, client="earshot-web"),
            play("2024-01-01T12:00", "b", "heartbeat", 1800, client="earshot-web"),
            play("2024-01-01T12:00", "c", "heartbeat", 1800, client="velora-car"),
            play("2024-01-01T12:30", "d", "heartbeat", 1800, user=None, client="velora-car"),
            play("2024-01-01T12:30", "e", user="u2", client="velora-car"),
            event("navigation", "2024-01-02T00:00"),
        )
    )
    rows = fct_listening_totals(platform)
    in_all = {"partner_id": "all", "client_id": "all"}
    assert pick(rows, "period_type", "period_start", *MEASURES, **in_all) == [
        ("day", at("2023-12-31"), 0.5, 1, 1, 1, True),
        ("day", at("2024-01-01"), 2.0, 4, 3, 1, True),
        ("hour", at("2023-12-31T23:00"), 0.5, 1, 1, 1, True),
        ("hour", at("2024-01-01T00:00"), 0.5, 0, 0, 1, True),
        ("hour", at("2024-01-01T11:00"), 1.0, 0, 0, 1, True),
        ("hour", at("2024-01-01T12:00"), 0.5, 4, 3, 0, True),
        ("month", at("2023-12-01"), 0.5, 1, 1, 1, True),
        ("month", at("2024-01-01"), 2.0, 4, 3, 1, False),
        ("week", at("2023-12-25"), 0.5, 1, 1, 1, True),
        ("week", at("2024-01-01"), 2.0, 4, 3, 1, False),
        ("year", at("2023-01-01"), 0.5, 1, 1, 1, True),
        ("year", at("2024-01-01"), 2.0, 4, 3, 1, False),
    ]
    columns = ("partner_id", "client_id", "hours_listened", "plays_started", "listeners")
    assert pick(rows, *columns, period_type="year", period_start=at("2024-01-01")) == [
        ("all", "all", 2.0, 4, 1),
        ("earshot", "all", 1.0, 1, 1),
        ("earshot", "earshot-ios", 0.5, 0, 1),
        ("earshot", "earshot-web", 0.5, 1, 1),
        ("velora", "all", 1.0, 3, 1),
        ("velora", "velora-car", 1.0, 3, 1),
    ]
