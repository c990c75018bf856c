"""Trouble with screens, sign-ons, voices, messages and promotions. Each theme is told in its function's words."""

from typing import Any

from tests.warehouse.builders import Event, deliver, event, play
from tests.warehouse.helpers import together
from tests.warehouse.scenarios.days import FOURTH, LAST, SECOND, THIRD, Deliveries


def screens() -> Deliveries:
    """Seconds that are told the day after, ties and nothing told, a screen without a name, a copy that moves."""
    name = "screens.json"

    def move(at: str, screen: str, before: str | None, seconds: float | None, **more: Any) -> Event:
        return event("navigation", at, screen=screen, previousscreen=before, secondsonscreen=seconds, **more)

    return {
        SECOND: deliver(
            SECOND,
            move("2023-12-31T23:59:59", "home", None, None, user="screen-1", platform="ios"),
            move("2024-01-01T00:10", "search", "home", 601, user="screen-1", platform="ios"),
            move("2024-01-01T00:11", "search", "search", 60, user="screen-1", platform="ios"),
            move("2024-01-01T00:12", "player", "search", 0, user="screen-2", platform="ios"),
            move("2024-01-01T00:12", "player", "search", 1.5, user=None, platform="ios"),
            move("2024-01-01T00:13", "player", "search", None, user="screen-2", platform=None),
            move("2024-01-01T00:14", "", "", 7, user="screen-2", platform="web", client="mystery-box"),
            move("2024-01-01T00:15", "home", None, 8, user="screen-2", platform="web"),
            move("2024-01-01T00:16", "player", "home", 9, user="screen-3", id="screen-a", received="2024-01-08T08:00"),
            name=name,
        ),
        FOURTH: deliver(
            FOURTH,
            # the better copy lies on another day and leaves another screen
            move("2024-01-02T00:16", "player", "zoo", 5, user="screen-3", id="screen-a", received="2024-01-07T08:00"),
            move("2024-01-01T22:00", "player", "home", 0.001, user="screen-3"),
            name=name,
        ),
    }


def sign_ons() -> Deliveries:
    """Attempts that end each way, by people known and unknown, over countries and days, one of them late."""
    name = "sign-ons.json"

    def attempt(at: str, outcome: str, user: str | None = "signon-1", **more: Any) -> Event:
        return event("musicserviceauth", at, user=user, outcome=outcome, **more)

    return {
        SECOND: deliver(
            SECOND,
            attempt("2023-12-31T23:59:59.999999", "failure"),
            attempt("2024-01-01T00:00", "success"),
            attempt("2024-01-01T00:01", "success"),
            attempt("2024-01-01T00:02", "success", user=None, country=None),
            attempt("2024-01-01T00:03", "cancelled", user="signon-2", service="deezer", client="nobody-knows"),
            name=name,
        ),
        LAST: deliver(LAST, attempt("2024-01-01T00:04", "success", user="signon-2"), name=name),
    }


def voices() -> Deliveries:
    """Words that ten people of a month say in vain, or nine; the tenth comes late, or goes again; dropped words."""

    def say(at: str, user: str | None, words: str, outcome: str = "misunderstood", **more: Any) -> Event:
        return event("voicefeedback", at, user=user, utterance=words, outcome=outcome, **more)

    def crowd(count: int, words: str, on: str = "2024-01-01", **more: Any) -> list[Event]:
        return [say(f"{on}T20:{n:02}", f"voice-{n}", words, **more) for n in range(count)]

    last = "2024-01-31T23:59:59.999999"
    return {
        SECOND: together(
            deliver(
                SECOND,
                *crowd(9, "nine in time", language="en"),
                *crowd(9, "nine for ever", outcome="unsupported", language="en"),
                *[say("2024-01-01T21:00", "voice-8", "nine for ever", language="en", id=f"v{n}") for n in range(9)],
                say("2024-01-01T21:00", None, "nine for ever", "unsupported", language="en"),
                *crowd(10, "ten with another tongue", latencyms=900),
                *crowd(9, "ten with a copy", language="en", latencyms=40),
                say("2024-01-01T22:00", "voice-9", "ten with a copy"),
                say("2024-01-01T22:00", "voice-9", "ten with a copy", id="voice-b", language="en"),
                *crowd(12, "understood", outcome="understood", language="en", intent="play", latencyms=0),
                *crowd(12, "", language="", intent=""),
                name="voices.json",
            ),
            deliver(SECOND, *crowd(12, "not to be kept", language="zh"), region="cn", name="voices.json"),
        ),
        FOURTH: deliver(
            FOURTH,
            # the tenth of January and the one of February
            say(last, "voice-9", "nine in time", "unsupported", language="en", intent="play", latencyms=10),
            say("2024-02-01T00:00", "voice-10", "nine for ever", "unsupported", language="en"),
            name="voices.json",
        ),
        LAST: deliver(
            LAST,
            # the better copy of what made ten was another's word
            say(
                "2024-01-01T22:00",
                "voice-0",
                "ten with a copy",
                id="voice-b",
                language="en",
                received="2024-01-01T21:00",
            ),
            *crowd(11, "leap", on="2024-02-29", outcome="unsupported"),
            name="voices.json",
        ),
    }


def messages() -> Deliveries:
    """Steps weeks after or days before the sending, joins at the edges of the hour and past midnight, sent events that
    come last or again, copies that belong to another message, and a join that turns out to have been none."""
    name = "messages.json"

    def step(at: str, message: str, kind: str, user: str | None = "msg-1", **more: Any) -> Event:
        more = {"showid": "msg-show", **more}
        return event("notification", at, user=user, notificationid=message, kind=kind, **more)

    def join(at: str, user: str | None = "msg-1", show_id: str = "msg-show", **more: Any) -> Event:
        return event("showinteraction", at, user=user, showid=show_id, kind="join", **more)

    return {
        SECOND: deliver(
            SECOND,
            step("2023-12-31T23:50", "m-1", "sent", campaignid="c-new-year"),
            step("2023-12-31T23:51", "m-1", "delivered", campaignid="c-other", client="earshot-web"),
            step("2024-01-01T23:30", "m-1", "opened", campaignid="c-other"),
            step("2024-01-01T23:31", "m-1", "opened", user="msg-2"),
            step("2024-01-01T23:32", "m-1", "opened", user=None),
            join("2024-01-01T23:45", user="msg-2", show_id="elsewhere"),
            join("2024-01-01T23:31", user=None),
            step("2024-01-01T08:00", "m-early", "opened"),
            step("2024-01-01T09:00", "m-copy", "sent"),
            step("2024-01-01T10:00", "m-copy", "opened", id="msg-open", received="2024-01-08T12:00"),
            join("2024-01-01T10:00"),
            step("2024-01-01T09:00", "m-moves", "sent", id="msg-sent", received="2024-01-08T12:00", showid=None),
            step("2024-01-01T09:30", "m-moves", "dismissed"),
            step("2024-01-01T09:00", "m-plain", "sent", client="nobody-knows", campaignid=""),
            step("2024-01-01T09:00", "m-plain", "sent", client="nobody-knows", campaignid="c-new-year"),
            step("2024-01-02T00:30", "m-gone", "sent", id="msg-gone", received="2024-01-08T12:00"),
            name=name,
        ),
        THIRD: deliver(
            THIRD,
            # what was opened before midnight, and who joined after it
            join("2024-01-02T00:30"),
            join("2024-01-02T00:31:00.000001", user="msg-2", id="msg-late"),
            # it was sent after all, on the day before
            step("2023-12-31T08:00", "m-early", "sent"),
            step("2024-01-03T09:00", "m-other", "sent"),
            # the better copy belongs to another message
            step("2024-01-03T10:00", "m-other", "opened", id="msg-open", received="2024-01-07T12:00"),
            # nothing of this one is left
            step("2024-01-05T00:30", "m-else", "delivered", id="msg-gone", received="2024-01-07T12:00"),
            name=name,
        ),
        FOURTH: deliver(
            FOURTH,
            step("2023-12-30T12:00", "m-1", "sent", client="earshot-web", campaignid=None),
            step("2024-01-31T23:59", "m-1", "opened", user="msg-3"),
            join("2024-02-01T00:59", user="msg-3"),
            # the sending has moved by days
            step("2024-01-04T09:00", "m-moves", "sent", id="msg-sent", received="2024-01-07T12:00"),
            step("2024-01-04T09:10", "m-moves", "opened", user="msg-4"),
            join("2024-01-04T09:20", user="msg-4", id="msg-join", received="2024-01-06T00:00"),
            name=name,
        ),
        LAST: deliver(
            LAST,
            # in time after all; and no join at all
            join("2024-01-02T00:31", user="msg-2", id="msg-late"),
            event("showinteraction", "2024-01-04T09:20", user="msg-4", showid="msg-show", kind="share", id="msg-join"),
            step("2024-03-07T00:00", "m-plain", "dismissed"),
            name=name,
        ),
    }


def promotions() -> Deliveries:
    """First impressions that move to and fro, weeks cut to the microsecond, people of two partners, nobody known."""
    name = "promotions.json"

    def promote(at: str, kind: str, user: str | None = "promo-1", campaign: str = "c-1", **more: Any) -> Event:
        return event("promotion", at, user=user, campaignid=campaign, kind=kind, **more)

    seen = "2024-01-08T12:00:00.250000"
    return {
        SECOND: deliver(
            SECOND,
            play("2024-01-01T12:30", "promo-p1", "heartbeat", 3600, user="promo-1", client="earshot-web"),
            # between the two first impressions that there are at different times
            play("2024-01-02T00:00", "promo-p2", "heartbeat", 86400, user="promo-1"),
            play("2023-12-28T00:10", "promo-p3", "heartbeat", 1200, user="promo-1"),
            promote("2024-01-02T09:00", "click"),
            name=name,
        ),
        THIRD: deliver(
            THIRD,
            promote(seen, "impression"),
            promote("2024-01-08T13:00", "impression"),
            promote("2024-01-08T13:00", "conversion"),
            promote(seen, "impression", client="velora-car"),
            promote("2024-01-08T12:00", "impression", user="promo-silent"),
            promote("2024-01-08T12:00", "impression", user=None),
            promote("2024-01-08T12:00", "skip", campaign="c-skipped"),
            promote("2024-01-08T12:00", "click", campaign="c-clicked"),
            promote("2024-01-08T12:00", "impression", user=None, campaign="", client="mystery-box"),
            play("2024-01-08T12:00:10", "promo-p4", "heartbeat", 20.5, user="promo-1"),
            play("2024-01-08T12:00:10", "promo-p5", "heartbeat", 100, user="promo-1", client="velora-watch"),
            name=name,
        ),
        FOURTH: deliver(
            FOURTH,
            # an earlier impression arrives late
            promote("2024-01-04T00:05", "impression", id="promo-a", received="2024-01-31T00:00"),
            # the end of the week after falls into this span; the play's user and client stand for the anonymous event
            play("2024-01-14T23:59", "promo-p6", user="promo-1", client="earshot-web"),
            play("2024-01-15T12:00:30", "promo-p6", "heartbeat", 60, user=None, client="velora-car"),
            play("2024-01-18T12:00:30", "promo-p6", "heartbeat", 500, user="promo-silent", client="earshot-ios"),
            name=name,
        ),
        LAST: deliver(
            LAST,
            # and turns out to have been none: the first one of before is the first again
            promote("2024-01-04T00:05", "skip", id="promo-a", received="2024-01-30T00:00"),
            play("2024-01-16T00:00", "promo-p7", "heartbeat", 50000, user="promo-1"),
            promote("2024-02-29T12:00", "impression", user="promo-2", campaign="c-leap"),
            play("2024-03-07T12:00", "promo-p8", "heartbeat", 3600.5, user="promo-2"),
            name=name,
        ),
    }
