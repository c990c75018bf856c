"""The recomputation of engagement against numbers counted by hand from the definitions."""

from fractions import Fraction
from typing import Any

import pytest

from tests.warehouse.builders import Event, deliver, event, play
from tests.warehouse.helpers import day, pick, platform_of
from tests.warehouse.oracle.engagement import (
    fct_music_service_signons_daily,
    fct_notification_funnel_daily,
    fct_promotion_effectiveness,
    fct_screen_engagement_daily,
    fct_screen_transitions_daily,
    fct_voice_daily,
    fct_voice_unrecognised,
    percentile,
)

DAY = "2024-01-05"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], Fraction(1, 2), None),
        ([7.0], Fraction(9, 10), 7.0),
        ([3.0, 1.0], Fraction(1, 2), 2.0),
        ([10.0, 0.0, 20.0], Fraction(1, 2), 10.0),
        ([0.0, 10.0], Fraction(9, 10), 9.0),
        ([5.0, 5.0, 5.0], Fraction(19, 20), 5.0),
    ],
)
def test_percentiles_lie_between_values_in_proportion(
    values: list[float], share: Fraction, expected: float | None
) -> None:
    assert percentile(values, share) == expected


def test_seconds_belong_to_the_screen_that_was_left() -> None:
    platform = platform_of(
        deliver(
            DAY,
            event("navigation", "2024-01-04T23:59", screen="home", platform="ios"),
            event("navigation", "2024-01-05T00:01", screen="player", previousscreen="home", secondsonscreen=120),
        )
    )
    columns = ("date_day", "platform", "screen", "views", "users", "median_seconds")
    assert pick(fct_screen_engagement_daily(platform), *columns) == [
        (day("2024-01-04"), "ios", "home", 1, 1, None),
        (day("2024-01-05"), "unknown", "home", 0, 0, 120),
        (day("2024-01-05"), "unknown", "player", 1, 1, None),
    ]
    assert pick(fct_screen_transitions_daily(platform), "date_day", "from_screen", "to_screen", "transitions") == [
        (day("2024-01-05"), "home", "player", 1)
    ]


def test_attempts_by_how_they_ended() -> None:
    platform = platform_of(
        deliver(
            DAY,
            event("musicserviceauth", f"{DAY}T10:00", outcome="failure", country=None),
            event("musicserviceauth", f"{DAY}T10:01", country=None),
            event("musicserviceauth", f"{DAY}T10:02", country=None),
            event("musicserviceauth", f"{DAY}T10:02", user=None, country=None),
            event("musicserviceauth", f"{DAY}T10:03", outcome="cancelled", country=None),
        )
    )
    measures = ("attempts", "successes", "failures", "cancellations", "users_signed_on")
    assert pick(fct_music_service_signons_daily(platform), "country_code", *measures) == [("zz", 5, 3, 1, 1, 1)]


def test_voice_and_what_was_said_in_vain() -> None:
    in_vain = [
        event("voicefeedback", f"{DAY}T10:{n:02}", f"u{n}", outcome="misunderstood", utterance="hm", latencyms=n * 100)
        for n in range(10)
    ]
    rare = [event("voicefeedback", f"{DAY}T11:{n:02}", outcome="unsupported", utterance="rare") for n in range(10)]
    dropped = [event("voicefeedback", f"{DAY}T12:{n:02}", f"u{n}", outcome="unsupported") for n in range(10)]
    platform = platform_of(deliver(DAY, *in_vain, *rare), deliver(DAY, *dropped, region="cn"))
    measures = ("utterances", "understood", "misunderstood", "unsupported", "p50_latency_ms", "p95_latency_ms")
    assert pick(fct_voice_daily(platform), "language", *measures) == [
        ("unknown", 30, 0, 10, 20, 450, pytest.approx(855))
    ]
    columns = ("month_start", "partner_id", "language", "utterance", "times", "users")
    expected = [(day("2024-01-01"), "earshot", "unknown", "hm", 10, 10)]
    assert pick(fct_voice_unrecognised(platform), *columns) == expected
    assert fct_voice_unrecognised(platform, 11) == []
    assert len(fct_voice_unrecognised(platform, 1)) == 2


@pytest.mark.parametrize(
    ("joined_at", "show", "joined"),
    [
        ("2024-01-06T00:30", "s1", 1),
        ("2024-01-05T23:30", "s1", 1),
        ("2024-01-06T00:30:00.000001", "s1", 0),
        ("2024-01-05T23:29:59.999999", "s1", 0),
        ("2024-01-05T23:45", "s2", 0),
    ],
)
def test_the_funnel_counts_on_the_day_of_sending(joined_at: str, show: str, joined: int) -> None:
    def step(at: str, kind: str, id: str = "n1", user: str | None = "u1", campaign: str | None = None) -> Event:
        fields: dict[str, Any] = {"notificationid": id, "kind": kind, "showid": "s1", "campaignid": campaign}
        return event("notification", at, user, **fields)

    steps = [
        step("2024-01-04T10:00", "sent"),
        step("2024-01-04T11:00", "sent", campaign="again"),
        step("2024-01-05T23:30", "opened"),
        step("2024-01-05T23:30", "opened", user=None),
        step("2024-01-04T10:00", "sent", "n2"),
        step("2024-01-04T10:00", "delivered", "n2"),
        step("2024-01-04T10:00", "opened", "never sent", user="u9"),
    ]
    join = event("showinteraction", joined_at, showid=show, client="velora-car")
    platform = platform_of(deliver(DAY, *steps, join))
    columns = ("date_day", "campaign_id", "sent", "delivered", "opened", "dismissed", "users_opened")
    found = pick(fct_notification_funnel_daily(platform), *columns, "users_joined_show_within_1h")
    assert found == [(day("2024-01-04"), "none", 2, 1, 1, 0, 1, joined)]


def test_listening_around_the_first_impression() -> None:
    platform = platform_of(
        deliver(
            "2024-01-20",
            event("promotion", "2024-01-10T12:00", kind="impression"),
            event("promotion", "2024-01-12T12:00", kind="impression"),
            event("promotion", "2024-01-10T12:00", kind="impression", user="silent"),
            event("promotion", "2024-01-10T12:00", kind="impression", user=None),
            event("promotion", "2024-01-10T12:00"),
            event("promotion", "2024-01-10T12:00", kind="skip", campaignid="skipped"),
            event("promotion", "2024-01-10T12:00", campaignid="clicked"),
            play("2024-01-03T12:30", "a", "heartbeat", 3600),  # half of it a week before
            play("2024-01-10T12:30", "b", "heartbeat", 3600, client="earshot-web"),  # half before, half after
            play("2024-01-17T12:30", "c", "heartbeat", 3600),  # half of it within the week after
            play("2024-01-17T13:30", "c", "heartbeat", 3600),
            play("2024-01-10T15:00", "d", "heartbeat", 3600, client="velora-car"),  # another partner's
        )
    )
    columns = ("campaign_id", "users_exposed", "impressions", "clicks", "conversions", "click_rate")
    hours = ("hours_per_user_7d_before", "hours_per_user_7d_after", "last_first_impression_on")
    assert pick(fct_promotion_effectiveness(platform), *columns, *hours) == [
        ("c1", 2, 4, 1, 0, 0.25, 0.5, 0.5, day("2024-01-10")),
        ("clicked", 0, 0, 1, 0, None, None, None, None),
    ]
