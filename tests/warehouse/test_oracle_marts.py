"""The recomputation of audience, retention and dimensions against numbers counted by hand from the definitions."""

from tests.warehouse.builders import (
    changes,
    delete,
    deliver,
    device,
    event,
    native_export,
    pipeline_dump,
    play,
    release,
    show,
    upsert,
    user,
)
from tests.warehouse.helpers import at, day, pick, platform_of
from tests.warehouse.oracle.audience import fct_active_users_daily, fct_user_activity_daily
from tests.warehouse.oracle.dimensions import (
    calendar,
    dim_devices,
    dim_devices_history,
    dim_firmware_releases,
    dim_shows,
    dim_shows_history,
    dim_users,
    dim_users_history,
)
from tests.warehouse.oracle.platform import next_period, period_start, periods
from tests.warehouse.oracle.retention import fct_retention_cohorts


def test_what_is_activity() -> None:
    when = "2024-01-05T12:00"
    platform = platform_of(
        deliver(
            "2024-01-05",
            event("tokenrequest", when, user="granted"),
            event("tokenrequest", when, user="denied", outcome="denied"),
            event("notification", when, user="opened"),
            event("notification", when, user="sent", kind="sent"),
            event("promotion", when, user="clicked"),
            event("promotion", when, user="converted", kind="conversion"),
            event("promotion", when, user="saw", kind="impression"),
            event("musicserviceauth", when, user="failed", outcome="failure"),
            event("voicefeedback", when, user="spoke"),
            event("showinteraction", when, user="left", kind="leave"),
            event("navigation", when, user=None),
            play("2024-01-05T12:00", user="heard"),
            play("2024-01-05T13:00", user="heard", action="pause"),
        )
    )
    assert pick(fct_user_activity_daily(platform), "user_id", "activity", "events") == [
        ("clicked", "promotion", 1),
        ("converted", "promotion", 1),
        ("failed", "music_service_auth", 1),
        ("granted", "token_request", 1),
        ("heard", "play", 2),
        ("left", "show_interaction", 1),
        ("opened", "notification", 1),
        ("spoke", "voice", 1),
    ]


def test_days_are_utc_and_missing_country_is_zz() -> None:
    platform = platform_of(
        deliver(
            "2024-01-05",
            event("navigation", "2023-12-31T23:59:59.999999", country=None),
            event("navigation", "2024-01-01T00:00", country="gB"),
            event("navigation", "2024-01-01T00:00", client="nobody-knows"),
        )
    )
    columns = ("date_day", "country_code", "client_id", "partner_id")
    assert pick(fct_user_activity_daily(platform), *columns) == [
        (day("2023-12-31"), "zz", "earshot-ios", "earshot"),
        (day("2024-01-01"), "de", "nobody-knows", "unassigned"),
        (day("2024-01-01"), "gb", "earshot-ios", "earshot"),
    ]


def test_windows_end_with_the_day_and_include_it() -> None:
    platform = platform_of(
        deliver(
            "2024-02-01", event("navigation", "2024-01-01T12:00"), event("navigation", "2024-02-05T12:00", user=None)
        )
    )
    rows = fct_active_users_daily(platform)
    found = pick(rows, "date_day", "dau", "wau", "mau", "stickiness", partner_id="all", country_code="all")
    assert found[0] == (day("2024-01-01"), 1, 1, 1, 1.0)
    assert found[6] == (day("2024-01-07"), 0, 1, 1, 0.0)
    assert found[7] == (day("2024-01-08"), 0, 0, 1, 0.0)
    assert found[-1] == (day("2024-01-28"), 0, 0, 1, 0.0)  # nobody on the 29th: no row of zeros
    assert {row["activity"] for row in rows} == {"any"}


def test_totals_count_people_once() -> None:
    when = "2024-01-05T12:00"
    platform = platform_of(
        deliver(
            "2024-01-05",
            event("navigation", when, client="earshot-ios"),
            event("navigation", when, client="earshot-web", country="FR"),
            play(when, client="velora-car"),
        )
    )
    found = pick(fct_active_users_daily(platform), "partner_id", "client_id", "country_code", "dau", activity="any")
    assert found == [
        ("all", "all", "all", 1),
        ("all", "all", "de", 1),
        ("all", "all", "fr", 1),
        ("earshot", "all", "all", 1),
        ("earshot", "all", "de", 1),
        ("earshot", "all", "fr", 1),
        ("earshot", "earshot-ios", "all", 1),
        ("earshot", "earshot-ios", "de", 1),
        ("earshot", "earshot-web", "all", 1),
        ("earshot", "earshot-web", "fr", 1),
        ("velora", "all", "all", 1),
        ("velora", "all", "de", 1),
        ("velora", "velora-car", "all", 1),
        ("velora", "velora-car", "de", 1),
    ]
    listening = pick(fct_active_users_daily(platform), "partner_id", activity="listening", country_code="all")
    assert listening == [("all",), ("velora",), ("velora",)]


def test_complete_is_what_lies_before_the_newest_received_day() -> None:
    platform = platform_of(
        deliver("2024-01-05", event("navigation", "2024-01-03T12:00", received="2024-01-05T00:00")),
    )
    assert pick(fct_active_users_daily(platform), "date_day", "is_complete", partner_id="all", country_code="all") == [
        (day("2024-01-03"), True)
    ]
    platform = platform_of(deliver("2024-01-05", event("navigation", "2024-01-05T12:00")))
    assert {row["is_complete"] for row in fct_active_users_daily(platform)} == {False}


def test_nothing_comes_of_nothing() -> None:
    platform = platform_of()
    assert fct_active_users_daily(platform) == fct_retention_cohorts(platform) == dim_users(platform) == []


def test_periods() -> None:
    assert period_start("week", day("2024-01-01")) == period_start("week", day("2024-01-07")) == day("2024-01-01")
    assert period_start("week", day("2023-12-31")) == day("2023-12-25")
    assert next_period("month", day("2024-02-01")) == day("2024-03-01")
    assert periods("month", day("2023-12-31"), day("2024-02-29")) == [
        day("2023-12-01"),
        day("2024-01-01"),
        day("2024-02-01"),
    ]


def test_first_active_cohorts() -> None:
    """a comes on Sunday, is away a week and back in the third; b comes on Monday and never again."""
    platform = platform_of(
        deliver(
            "2024-01-20",
            event("navigation", "2024-01-07T12:00", user="a"),
            event("navigation", "2024-01-08T12:00", user="b"),
            event("navigation", "2024-01-21T12:00", user="a", country="FR"),
        )
    )
    rows = fct_retention_cohorts(platform)
    columns = ("cohort_start", "period_number", "cohort_users", "retained_users", "returning_users", "is_complete")
    weeks = pick(rows, *columns, period_type="week", partner_id="all", country_code="de")
    assert weeks == [
        (day("2024-01-01"), 0, 1, 1, 1, True),
        (day("2024-01-01"), 1, 1, 0, 1, True),
        (day("2024-01-01"), 2, 1, 1, 1, False),
        (day("2024-01-08"), 0, 1, 1, 1, True),
        (day("2024-01-08"), 1, 1, 0, 0, False),
    ]
    assert pick(rows, *columns, period_type="month", partner_id="all", country_code="all") == [
        (day("2024-01-01"), 0, 2, 2, 2, False)
    ]
    assert {row["country_code"] for row in rows} == {"de", "all"}  # the country of the first activity


def test_cohort_and_activity_are_taken_within_the_client_scope() -> None:
    platform = platform_of(
        deliver(
            "2024-01-20",
            event("navigation", "2024-01-01T12:00", client="earshot-ios"),
            event("navigation", "2024-01-08T12:00", client="earshot-web", country="FR"),
        )
    )
    found = pick(
        fct_retention_cohorts(platform),
        "client_id",
        "cohort_start",
        "country_code",
        "period_number",
        "retained_users",
        period_type="week",
        partner_id="earshot",
    )
    own = [row for row in found if row[2] != "all"]
    assert own == [
        ("all", day("2024-01-01"), "de", 0, 1),
        ("all", day("2024-01-01"), "de", 1, 1),
        ("earshot-ios", day("2024-01-01"), "de", 0, 1),
        ("earshot-ios", day("2024-01-01"), "de", 1, 0),
        ("earshot-web", day("2024-01-08"), "fr", 0, 1),
    ]


def test_registered_cohorts_are_those_of_the_earliest_dump() -> None:
    platform = platform_of(
        native_export("users", "2024-01-02T03:00", user("u1", "2023-12-31T12:00", country="FR")),
        native_export("users", "2024-01-03T03:00", user("u1", "2024-01-02T12:00", client="velora-car")),
        native_export("users", "2024-01-04T03:00", user("later", "2024-03-01T12:00")),
        deliver(
            "2024-01-20",
            event("navigation", "2024-01-01T12:00", client="velora-car"),
            event("navigation", "2024-02-01T12:00", client="earshot-ios", user="nobody"),
        ),
    )
    rows = fct_retention_cohorts(platform)
    columns = ("partner_id", "client_id", "period_number", "cohort_users", "retained_users")
    assert pick(rows, *columns, cohort_kind="registered", period_type="month", country_code="fr") == [
        ("all", "all", 0, 1, 0),
        ("all", "all", 1, 1, 1),
        ("all", "all", 2, 1, 0),
        ("earshot", "all", 0, 1, 0),
        ("earshot", "all", 1, 1, 0),
        ("earshot", "all", 2, 1, 0),
        ("earshot", "earshot-ios", 0, 1, 0),
        ("earshot", "earshot-ios", 1, 1, 0),
        ("earshot", "earshot-ios", 2, 1, 0),
    ]
    assert {row["cohort_start"] for row in rows if row["cohort_kind"] == "registered"} == {
        day("2023-12-01"),
        day("2023-12-25"),
    }


def test_users_are_as_in_the_latest_dump_that_has_them() -> None:
    platform = platform_of(
        native_export("users", "2024-01-02T03:00", user("gone", "2024-01-01T12:00"), user("back", "2024-01-01T12:00")),
        native_export("users", "2024-01-03T03:00"),  # an empty dump deletes nobody
        pipeline_dump("users", "2024-01-04T03:00:00", user("stays", "2024-01-01T12:00", country="", language="sv")),
        native_export("users", "2024-01-05T03:00", user("back", "2024-01-01T12:00", country="FR")),
        deliver("2024-01-05", event("navigation", "2024-01-03T12:00", user="back", client="x")),
        deliver("2024-01-06", event("tokenrequest", "2024-01-04T12:00", user="back", outcome="denied")),
    )
    rows = dim_users(platform)
    columns = ("user_id", "country_code", "region_name", "deleted_at", "first_active_date")
    assert pick(rows, *columns) == [
        ("back", "fr", "Western Europe", None, day("2024-01-03")),
        ("gone", "de", "Western Europe", at("2024-01-04T03:00"), None),
        ("stays", "zz", "Unknown", at("2024-01-05T03:00"), None),
    ]
    assert pick(dim_users_history(platform), "valid_from", "valid_to", "is_current", "deleted_at", user_id="back") == [
        (at("2024-01-02T03:00"), at("2024-01-04T03:00"), False, at("2024-01-04T03:00")),
        (at("2024-01-05T03:00"), None, True, None),
    ]


def test_last_seen_alone_makes_no_version() -> None:
    def dump(on: str, **more: str) -> dict[str, bytes]:
        return native_export(
            "devices", f"2024-01-{on}T03:00", device("d1", lastSeenAt=f"2024-01-{on}T01:00:00Z", **more)
        )

    platform = platform_of(dump("02"), dump("03"), dump("04", firmware="1.1"), dump("05", firmware="1.0"))
    columns = ("valid_from", "valid_to", "firmware_version", "last_seen_at")
    assert [row[:3] for row in pick(dim_devices_history(platform), *columns)] == [
        (at("2024-01-02T03:00"), at("2024-01-04T03:00"), "1.0"),
        (at("2024-01-04T03:00"), at("2024-01-05T03:00"), "1.1"),
        (at("2024-01-05T03:00"), None, "1.0"),
    ]
    assert pick(dim_devices(platform), "last_seen_at", "firmware_version") == [(at("2024-01-05T01:00"), "1.0")]


def test_shows_and_their_history() -> None:
    platform = platform_of(
        changes(
            "shows",
            "2024-01-10",
            show("2024-01-03T00:00", "s1", category="talk"),
            show("2024-01-01T00:00", "s1", category="jazz"),
            show("2024-01-02T00:00", "s1", category="jazz"),  # says nothing new
            delete("2024-01-04T00:00", showid="s1"),
            show("2024-01-04T00:00", "s1", category="never"),  # the delete of the same moment counts
            show("2024-01-06T00:00", "s1", category="talk"),
            show("2024-01-01T00:00", "s2", creatorid="gone"),
            delete("2024-01-02T00:00", showid="s2"),
            delete("2024-01-02T00:00", showid="s3"),
        ),
        changes(
            "creators",
            "2024-01-10",
            upsert("2024-01-05T00:00", creatorid="cr1", displayname="New name"),
            upsert("2024-01-01T00:00", creatorid="cr1", displayname="Old name"),
            upsert("2024-01-01T00:00", creatorid="gone", displayname="Somebody"),
            delete("2024-01-02T00:00", creatorid="gone"),
        ),
    )
    assert pick(dim_shows_history(platform), "valid_from", "valid_to", "category", show_id="s1") == [
        (at("2024-01-01T00:00"), at("2024-01-03T00:00"), "jazz"),
        (at("2024-01-03T00:00"), at("2024-01-04T00:00"), "talk"),
        (at("2024-01-06T00:00"), None, "talk"),
    ]
    assert sorted(row["show_id"] for row in dim_shows(platform)) == ["s1", "s2"]
    assert pick(dim_shows(platform), "deleted_at", "creator_name", show_id="s1") == [(None, "New name")]
    assert pick(dim_shows(platform), "deleted_at", "creator_name", show_id="s2") == [(at("2024-01-02T00:00"), None)]


def test_releases_are_ranked_within_their_model() -> None:
    platform = platform_of(
        changes(
            "firmware",
            "2024-01-10",
            release("2024-01-01T00:00", "Alto", "1.10", "2024-01-03T00:00"),
            release("2024-01-01T00:00", "Alto", "1.9", "2024-01-02T00:00"),
            release("2024-01-01T00:00", "Alto", "1.0", "2024-01-01T00:00"),
            delete("2024-01-02T00:00", model="Alto", version="1.0"),
            release("2024-01-01T00:00", "Basso", "7", "2024-02-01T00:00", channel="beta"),
        )
    )
    assert pick(dim_firmware_releases(platform), "model", "firmware_version", "release_rank") == [
        ("Alto", "1.10", 2),
        ("Alto", "1.9", 1),
        ("Basso", "7", 1),
    ]


def test_calendar() -> None:
    assert pick(calendar(day("2024-03-01"), day("2024-03-03")), "date_day", "week_start", "is_weekend") == [
        (day("2024-03-01"), day("2024-02-26"), False),
        (day("2024-03-02"), day("2024-02-26"), True),
        (day("2024-03-03"), day("2024-02-26"), True),
    ]
