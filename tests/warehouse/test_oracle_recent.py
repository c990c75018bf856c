"""The recomputation of registrations, of now and of the daily flash against numbers counted by hand."""

from datetime import timedelta

import pytest

from tests.warehouse.builders import Event, changes, deliver, device, event, native_export, play, release, show, user
from tests.warehouse.helpers import at, day, pick, platform_of
from tests.warehouse.oracle.flash import METRICS, rpt_daily_flash
from tests.warehouse.oracle.realtime import fct_active_users_hourly, rpt_so_far_today
from tests.warehouse.oracle.registrations import fct_registrations_daily

IN_ALL = {"partner_id": "all", "client_id": "all"}


def test_registrations_are_those_of_the_earliest_dump() -> None:
    dumps = (
        native_export("users", "2024-01-02T03:00", user("u1", "2024-01-01T10:00"), user("u2", "2024-01-05T10:00")),
        native_export("users", "2024-01-03T03:00", user("u1", "2024-01-02T10:00", client="velora-car", country=None)),
        native_export("devices", "2024-01-03T03:00", device("d1", registered="2024-01-02T00:00")),
    )
    assert fct_registrations_daily(platform_of(*dumps)) == []
    newest = deliver("2024-01-03", event("navigation", "2024-01-03T10:00"))
    columns = ("entity", "date_day", "client_id", "country_code", "device_model", "registrations", "total_to_date")
    assert pick(fct_registrations_daily(platform_of(newest, *dumps)), *columns) == [
        ("device", day("2024-01-02"), "nordklang-speaker", "zz", "Alto", 1, 1),
        ("device", day("2024-01-03"), "nordklang-speaker", "zz", "Alto", 0, 1),
        ("user", day("2024-01-01"), "earshot-ios", "de", "none", 1, 1),
        ("user", day("2024-01-02"), "earshot-ios", "de", "none", 0, 1),
        ("user", day("2024-01-03"), "earshot-ios", "de", "none", 0, 1),
    ]


def test_people_count_once_in_an_hour() -> None:
    platform = platform_of(
        deliver(
            "2024-01-02",
            event("navigation", "2024-01-01T23:00"),
            event("voicefeedback", "2024-01-01T23:59:59.999999", client="velora-car"),
            event("navigation", "2024-01-02T00:00"),
            event("navigation", "2024-01-02T01:00", user=None),
        )
    )
    rows = fct_active_users_hourly(platform)
    assert pick(rows, "hour_start", "active_users", **IN_ALL) == [(at("2024-01-01T23:00"), 1), (at("2024-01-02"), 1)]
    assert len(rows) == 5 + 3


@pytest.mark.parametrize(("days_back", "span"), [(0, "value"), (1, "same_time_yesterday"), (7, "same_time_last_week")])
def test_each_day_counts_up_to_the_same_time(days_back: int, span: str) -> None:
    def moment(time: str) -> str:
        return (at(f"2024-01-10T{time}") - timedelta(days=days_back)).isoformat(timespec="microseconds")

    platform = platform_of(
        deliver(
            "2024-01-11",
            event("navigation", "2024-01-10T12:00", user=None, client="mystery-box"),
            play(moment("00:30"), "a", "heartbeat", 3600),  # half of it before midnight
            play(moment("12:00"), "a", "heartbeat", 1800, client="velora-car"),  # counts for the play's client
            play(moment("12:00"), "b", contenttype="podcast"),
            event("showinteraction", moment("12:00"), user=None),
            *([play(moment("12:00:00.000001"), "c", "heartbeat", 900, user="u2")] if days_back else []),
        )
    )
    rows = rpt_so_far_today(platform)
    assert pick(rows, "metric", "as_of", span, **IN_ALL) == [
        ("active_users", at("2024-01-10T12:00"), 1),
        ("hours_listened", at("2024-01-10T12:00"), 1.0),
        ("show_joins", at("2024-01-10T12:00"), 1),
        ("tracks_started", at("2024-01-10T12:00"), 1),
    ]
    assert pick(rows, "metric", span, client_id="velora-car") == [("active_users", 1)]
    others = {"value", "same_time_yesterday", "same_time_last_week"} - {span}
    assert all(row[other] == 0 for row in rows for other in others)


def test_a_day_stands_beside_earlier_ones() -> None:
    platform = platform_of(
        deliver(
            "2024-01-09",
            event("navigation", "2024-01-01T10:00"),
            event("navigation", "2024-01-01T10:00", "u2", client="velora-car"),
            event("navigation", "2024-01-02T10:00"),
            event("navigation", "2024-01-08T10:00", "u3"),
            event("navigation", "2024-01-09T10:00", user=None),
        )
    )
    rows = rpt_daily_flash(platform)
    assert {row["metric"] for row in rows} == set(METRICS)
    assert len(rows) == 13 * 9 * 5  # metrics, days, two clients of two partners and all
    columns = ("value", "day_before", "same_day_last_week", "mean_7d", "change_vs_last_week", "is_complete")
    days = pick(rows, "date_day", *columns, metric="dau", **IN_ALL)
    assert days[0] == (day("2024-01-01"), 2, None, None, None, None, True)
    assert days[1] == (day("2024-01-02"), 1, 2, None, 2.0, None, True)
    assert days[7] == (day("2024-01-08"), 1, 0, 2, 3 / 7, -0.5, True)
    assert days[8] == (day("2024-01-09"), 0, 1, 1, 2 / 7, -1.0, False)
    assert pick(rows, "date_day", "value", metric="new_users", client_id="earshot-ios")[7] == (day("2024-01-08"), 1)


def test_numbers_of_a_day() -> None:
    def join(time: str, until: str, who: str, show_id: str, client: str = "earshot-ios") -> list[Event]:
        return [
            event("showinteraction", f"2024-01-05T{time}", who, client, showid=show_id, kind="join"),
            event("showinteraction", f"2024-01-05T{until}", who, client, showid=show_id, kind="leave"),
        ]

    acts = [
        *join("10:00", "11:00", "u1", "s1"),
        *join("10:30", "12:00", "u1", "s2", "velora-car"),
        *join("10:59", "11:30", "u2", "s2", "velora-car"),
        *join("11:30", "12:00", "u3", "s1", "velora-car"),
    ]
    platform = platform_of(
        deliver(
            "2024-01-05",
            *acts,
            event("musicserviceauth", "2024-01-05T10:00", outcome="failure"),
            event("musicserviceauth", "2024-01-05T10:01"),
            event("voicefeedback", "2024-01-05T10:00", user=None),
            play("2024-01-05T12:00", "a", "heartbeat", 3600),
        ),
        changes(
            "shows",
            "2024-01-05",
            show("2024-01-05T10:00", "s1", startedat="2024-01-05T10:00:00Z"),
            show("2024-01-05T10:00", "s2", startedat="2024-01-04T23:59:59Z"),
            show("2024-01-05T10:00", "s3", startedat="2024-01-05T00:00:00Z"),
        ),
        changes("firmware", "2024-01-05", release("2024-01-01T00:00", "Alto", "1.1", "2024-01-01T00:00")),
        native_export(
            "devices",
            "2024-01-04T03:00",
            device("d1", "1.1", client="velora-car", lastSeenAt="2024-01-01T00:00:00Z"),
            device("d2", "1.0", client="velora-car", lastSeenAt="2024-01-04T00:00:00Z"),
            device("d3", "1.1", client="velora-car", lastSeenAt="2023-12-01T00:00:00Z"),
            device("d4", "1.1", model="Basso", client="earshot-ios", lastSeenAt="2024-01-04T00:00:00Z"),
        ),
    )
    rows = rpt_daily_flash(platform)
    on_the_day = {"date_day": day("2024-01-05")}
    assert dict(pick(rows, "metric", "value", **IN_ALL, **on_the_day)) == {
        **dict.fromkeys(("dau", "wau", "mau", "new_users"), 3.0),
        **dict.fromkeys(("user_registrations", "device_registrations"), 0.0),
        **dict.fromkeys(("hours_listened", "valid_listens", "music_service_signons", "voice_utterances"), 1.0),
        "shows_held": 2.0,
        "peak_concurrent_listeners": 2.0,
        "share_on_latest_firmware": pytest.approx(1 / 3),
    }
    of_client = dict(pick(rows, "metric", "value", client_id="velora-car", **on_the_day))
    assert (of_client["shows_held"], of_client["peak_concurrent_listeners"]) == (1.0, 2.0)
    assert of_client["share_on_latest_firmware"] == 0.5
    # the first day of what the devices say is that of the first dump; nobody did anything yet
    assert min(row["date_day"] for row in rows) == day("2024-01-04")
