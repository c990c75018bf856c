"""The recomputation of listening, trending and firmware against numbers counted by hand from the definitions."""

import pytest

from tests.warehouse.builders import Event, changes, deliver, device, event, native_export, play, release, show
from tests.warehouse.helpers import at, day, pick, platform_of
from tests.warehouse.oracle.firmware import fct_firmware_uptake_daily
from tests.warehouse.oracle.listening import fct_listening_daily, fct_listening_hourly, fct_plays, heard_in
from tests.warehouse.oracle.trending import fct_trending_shows


def test_a_play_takes_each_attribute_from_its_earliest_event_that_has_it() -> None:
    platform = platform_of(
        deliver(
            "2024-01-05",
            play("2024-01-05T10:00", user=None, country=None, platform="web"),
            play("2024-01-05T10:02", action="stop", seconds=20, genre="jazz", durationseconds=40, platform="ios"),
            play("2024-01-05T10:01", action="heartbeat", seconds=None, user="u2", genre="rock"),
        )
    )
    [row] = fct_plays(platform)
    expected = {
        "started_at": at("2024-01-05T10:00"),
        "ended_at": at("2024-01-05T10:02"),
        "user_id": "u2",
        "country_code": "de",
        "platform": "web",
        "genre": "rock",
        "music_source": "unknown",
        "show_id": None,
        "seconds_listened": 20.0,
        "completion": 0.5,
        "is_valid_listen": True,  # half of the content
        "end_reason": "stop",
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("seconds", "duration", "completion", "valid"),
    [
        (29.999, None, None, False),
        (30.0, None, None, True),
        (30.0, 3600.0, 30 / 3600, True),
        (5.0, 10.0, 0.5, True),
        (4.9, 10.0, 0.49, False),
        (20.0, 10.0, 1.0, True),
        (None, 10.0, 0.0, False),
    ],
)
def test_valid_listens(seconds: float | None, duration: float | None, completion: float | None, valid: bool) -> None:
    platform = platform_of(deliver("2024-01-05", play("2024-01-05T10:00", seconds=seconds, durationseconds=duration)))
    [row] = fct_plays(platform)
    assert row["completion"] == (pytest.approx(completion) if completion is not None else None)
    assert row["is_valid_listen"] is valid
    assert row["end_reason"] == "open"


def test_events_after_the_second_date_belong_to_no_play_but_their_seconds_count() -> None:
    platform = platform_of(
        deliver(
            "2024-01-05",
            play("2024-01-05T23:59", genre="jazz", user="a"),
            play("2024-01-07T23:59", action="pause", seconds=60, user="a"),
            play("2024-01-08T00:10", action="skip", seconds=120, genre="rock", user="b"),
        )
    )
    [row] = fct_plays(platform)
    assert (row["ended_at"], row["seconds_listened"], row["end_reason"]) == (at("2024-01-07T23:59"), 60.0, "open")
    columns = ("date_day", "genre", "plays_started", "listeners", "skips")
    daily = fct_listening_daily(platform)
    assert pick(daily, *columns) == [
        (day("2024-01-05"), "jazz", 1, 0, 0),
        (day("2024-01-07"), "jazz", 0, 1, 0),
        (day("2024-01-08"), "rock", 0, 1, 0),
    ]
    assert sum(row["hours_listened"] for row in daily) == pytest.approx(180 / 3600)


def test_seconds_go_to_the_hours_in_which_they_were_heard() -> None:
    assert list(heard_in(at("2024-01-01T01:10:00"), 2 * 3600)) == [
        (at("2024-01-01T01:00"), 600.0),
        (at("2024-01-01T00:00"), 3600.0),
        (at("2023-12-31T23:00"), 3000.0),
    ]
    assert list(heard_in(at("2024-03-01T00:00:00"), 10)) == [(at("2024-02-29T23:00"), 10)]
    assert list(heard_in(at("2024-03-01T00:00:00"), 0)) == []


def test_listening_by_hour_and_by_day() -> None:
    platform = platform_of(
        native_export("devices", "2024-01-01T03:00", device("d1", model="Old"), device("d2")),
        native_export("devices", "2024-01-03T03:00", device("d1", model="Alto")),
        deliver(
            "2024-01-02",
            play("2024-01-01T23:50", device="d1", genre="jazz"),
            play("2024-01-02T00:30", action="skip", seconds=2400, device="d2"),
            play("2024-01-02T00:30", "p2", device="d2", user="u2"),
        ),
    )
    columns = ("device_model", "genre", "hours_listened", "plays_started", "valid_listens", "skips")
    assert pick(fct_listening_hourly(platform), "hour_start", *columns) == [
        (at("2024-01-01T23:00"), "Alto", "jazz", pytest.approx(1 / 6), 1, 1, 1),
        (at("2024-01-02T00:00"), "Alto", "jazz", pytest.approx(0.5), 0, 0, 0),
        (at("2024-01-02T00:00"), "Alto", "unknown", 0.0, 1, 0, 0),
    ]
    assert pick(fct_listening_daily(platform), "date_day", "genre", "listeners") == [
        (day("2024-01-01"), "jazz", 1),
        (day("2024-01-02"), "jazz", 1),
        (day("2024-01-02"), "unknown", 0),
    ]


def fans(on: str, show_id: str, count: int, kind: str = "join", country: str = "DE") -> list[Event]:
    when = f"2024-01-{on}T12:00"
    return [
        event("showinteraction", when, user=f"fan{n}", showid=show_id, kind=kind, country=country) for n in range(count)
    ]


def test_trending_needs_five_listeners_in_the_scope() -> None:
    platform = platform_of(
        deliver("2024-01-08", *fans("08", "four", 4), *fans("08", "five", 5)),
        deliver("2024-01-09", *fans("08", "mixed", 3), *fans("08", "mixed", 5, country="FR", kind="leave")),
        deliver("2024-01-10", *[one for _ in range(9) for one in fans("08", "four", 1, kind="chat")]),
    )
    assert pick(fct_trending_shows(platform), "scope_type", "scope_value", "show_id", "listeners") == [
        ("all", "all", "five", 5),
        ("category", "unknown", "five", 5),
        ("country", "de", "five", 5),
    ]


def test_trend_is_the_day_against_the_seven_before() -> None:
    platform = platform_of(
        deliver("2024-01-01", *fans("01", "s1", 100)),  # the eighth day before counts no more
        deliver("2024-01-02", *fans("02", "s1", 14)),
        deliver("2024-01-09", *fans("09", "s1", 5), *fans("09", "s1", 1, kind="share")),
        deliver("2024-01-10", *[play("2024-01-09T13:00", showid="s1", user=user) for user in ("fan0", "fan1", None)]),
        changes("shows", "2024-01-01", show("2024-01-01T00:00", "s1", category="old")),
        changes("shows", "2024-01-11", show("2024-01-11T00:00", "s1", category="new")),
    )
    columns = ("scope_value", "recent_engagement", "expected_engagement", "trend_score", "listeners", "rank")
    found = pick(fct_trending_shows(platform), *columns, date_day=day("2024-01-09"))
    score = (10 - 2) / 3**0.5
    assert found == [(scope, 10, 2.0, pytest.approx(score), 5, 1) for scope in ("all", "de", "new")]


def test_ties_of_the_rank() -> None:
    platform = platform_of(
        deliver("2024-01-08", *fans("08", "b", 6), *fans("08", "a", 6)),
        deliver("2024-01-09", *fans("08", "c", 5), *fans("08", "c", 1, "like")),
    )
    found = pick(fct_trending_shows(platform), "rank", "show_id", scope_type="all")
    assert found == [(1, "c"), (2, "a"), (3, "b")]


def test_firmware_is_counted_at_the_end_of_the_day() -> None:
    platform = platform_of(
        native_export("devices", "2024-01-01T03:00", device("d1"), device("d2"), device("d3", lastSeenAt=None)),
        native_export("devices", "2024-01-02T23:59", device("d1", "1.1"), device("d2"), device("d3")),
        native_export("devices", "2024-01-04T00:00", device("d1", "1.1"), device("d4", None, model="Basso")),
        changes(
            "firmware",
            "2024-01-01",
            release("2024-01-01T00:00", "Alto", "1.0", "2023-12-31T12:00"),
            release("2024-01-01T00:00", "Alto", "1.1", "2024-01-02T12:00"),
            release("2024-01-01T00:00", "Alto", "2.0", "2024-01-01T12:00", channel="beta"),
        ),
        deliver(
            "2024-01-04",
            event("navigation", "2024-01-01T12:00", user=None, device="d1"),
            event("tokenrequest", "2024-01-03T12:00", user=None, device="d2", outcome="denied"),
            event("navigation", "2024-01-04T12:00", user=None),
        ),
    )
    rows = fct_firmware_uptake_daily(platform)
    columns = ("devices", "active_devices", "share_of_active", "days_since_release", "is_latest_stable")
    assert pick(rows, "date_day", "firmware_version", *columns, model="Alto") == [
        (day("2024-01-01"), "1.0", 3, 1, 1.0, 1, True),
        (day("2024-01-02"), "1.0", 2, 0, 0.0, 2, False),
        (day("2024-01-02"), "1.1", 1, 1, 1.0, 0, True),
        (day("2024-01-03"), "1.0", 2, 1, 0.5, 3, False),
        (day("2024-01-03"), "1.1", 1, 1, 0.5, 1, True),
        (day("2024-01-04"), "1.1", 1, 1, 1.0, 2, True),
    ]
    assert pick(rows, "date_day", "firmware_version", *columns, model="Basso") == [
        (day("2024-01-04"), "unknown", 1, 0, None, None, False)
    ]


def test_a_device_is_active_for_twenty_eight_days() -> None:
    seen = device("d1", lastSeenAt="2024-01-01T12:00:00Z")
    platform = platform_of(
        native_export("devices", "2024-01-01T03:00", seen),
        deliver("2024-01-30", event("navigation", "2024-01-30T12:00", user=None)),
    )
    found = pick(fct_firmware_uptake_daily(platform), "date_day", "active_devices", "share_of_active")
    assert found[27:] == [(day("2024-01-28"), 1, 1.0), (day("2024-01-29"), 0, None), (day("2024-01-30"), 0, None)]
