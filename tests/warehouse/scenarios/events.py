"""Trouble with events: copies, order, borders, clocks and files. Each theme is told in its function's words."""

import gzip

from tests.warehouse.builders import (
    Event,
    deliver,
    event,
    json_lines,
    play,
)
from tests.warehouse.helpers import together
from tests.warehouse.scenarios.days import FIRST, FOURTH, LAST, SECOND, THIRD, Deliveries


def duplicates() -> Deliveries:
    """The better copy of an event arrives later and lies on another date, has another user, seconds or play."""

    def named(name: str) -> dict[str, str]:
        return {"name": f"duplicates-{name}.json"}

    worse = [
        play("2024-01-01T10:00", "dup-1", received="2024-01-02T01:00", id="dup-a", user="dup-worse", seconds=100),
        event(
            "navigation", "2024-01-01T10:00", received="2024-01-02T01:00", id="dup-a", user="dup-nav", client="worse"
        ),
        event("showinteraction", "2024-01-01T10:00", received="2024-01-02T01:00", id="dup-a", user="dup-worse"),
        # the copy that loses must not count as the newest day, nor as the newest received day
        event("navigation", "2024-03-07T23:00", received="2024-06-01T01:00", id="dup-b", user="dup-worse"),
        play("2024-01-01T11:00", "dup-2", received="2024-01-01T11:00", id="dup-c", seconds=40, user="dup-u"),
        play("2024-01-01T11:00", "dup-3", received="2024-01-01T11:00", id="dup-c", seconds=50, user="dup-u"),
    ]
    better = [
        play("2023-12-31T10:00", "dup-1b", received="2023-12-31T11:00", id="dup-a", user="dup-better", seconds=10),
        event("navigation", "2024-01-08T10:00", received="2024-01-01T23:00", id="dup-a", user="dup-nav"),
        event("showinteraction", "2023-12-29T10:00", received="2024-01-01T01:00", id="dup-a", user="dup-better"),
        event("navigation", "2024-01-08T23:00", id="dup-b", user="dup-better"),
    ]
    # equal received_at: region cn sorts before eu, whenever it arrives
    tie_eu = play("2024-01-08T10:00", "dup-4", id="dup-d", seconds=60, user="dup-eu", received="2024-01-08T12:00")
    tie_cn = play("2024-01-07T10:00", "dup-4", id="dup-d", seconds=70, user="dup-cn", received="2024-01-08T12:00")
    glued = b"".join(json_lines([one.record]).rstrip(b"\n") for one in (tie_eu, tie_cn, tie_eu))
    return {
        SECOND: together(
            deliver("2024-01-02T02", *worse, **named("worse")),
            deliver("2024-01-02T03", *worse[:2], **named("again")),
        ),
        THIRD: together(
            deliver("2024-01-09T02", *better, **named("better")),
            deliver("2024-01-09T03", tie_eu, *worse[:1], **named("tie")),
        ),
        FOURTH: {
            **deliver("2024-01-09T03", tie_cn, region="cn", **named("tie")),
            "events/eu/play/2024/02/01/duplicates-glued.json": glued,
        },
        LAST: deliver("2024-01-01T02", tie_eu, *worse, **named("old-path")),
    }


def moving_plays() -> Deliveries:
    """Late events move a play's first date, so that others fall out of it or come into it."""
    name = "moving.json"
    return {
        SECOND: deliver(
            SECOND,
            play("2024-01-01T23:59:30", "early", user="move-1", genre="jazz", device="dev-late"),
            play("2024-01-02T00:10", "early", "heartbeat", 600, user="move-1", genre="jazz"),
            play("2024-01-01T08:00", "later", user="move-2", id="move-first", received="2024-01-01T20:00"),
            name=name,
        ),
        THIRD: deliver(
            THIRD,
            play("2024-01-03T00:10", "early", "skip", 600, user="move-1", genre="jazz", country="FR"),
            # after the second date: belongs to no play, and brings its own dimensions
            play("2024-01-04T00:10", "early", "stop", 900, user="move-3", genre="rock", device="dev-late"),
            play("2024-01-06T00:00", "later", "stop", 1200, user="move-2", musicsource="radio"),
            name=name,
        ),
        FOURTH: deliver(
            FOURTH,
            # an earlier start arrives: what was on the third date now belongs to no play
            play("2023-12-31T23:00", "early", user="move-1", genre=None, client="velora-car", country=None),
            # the better copy of the start lies four days later: the orphan comes home
            play("2024-01-05T23:00", "later", user="move-2", id="move-first", received="2024-01-01T19:00", sent=None),
            play("2024-01-05T23:30", "later", "pause", 0, user="move-2", durationseconds=2400, title="Late"),
            name=name,
        ),
    }


def orderly_plays() -> Deliveries:
    """The order of a play's events is when they happened, then when they were received, then their ids."""
    noon, one = "2024-01-31T12:00", "2024-01-31T13:00"
    return {
        FOURTH: deliver(
            FOURTH,
            play(noon, "order-1", received="2024-01-31T15:00", genre="first", user=None, country=None),
            play(one, "order-1", "stop", 60, received="2024-01-31T14:00", genre="second", user="order-1", country="IT"),
            play("2024-02-01T00:30", "order-1", "pause", 60, user=None, device="dev-2"),
            play(noon, "order-2", "skip", id="order-z", received="2024-01-31T12:30", genre="first", user="order-2"),
            play(noon, "order-2", "stop", id="order-a", received="2024-01-31T12:40", genre="second", user="order-3"),
            play(noon, "order-3", "skip", id="order-c", genre="second", user="order-2", platform="car"),
            play(noon, "order-3", "stop", id="order-b", genre="first", user="order-3", platform="web"),
            name="orderly.json",
        )
    }


def small_acts() -> Deliveries:
    """What is activity and what is not, where nothing else makes the user active."""

    def each(stream: str, field: str, *values: str) -> list[Event]:
        return [event(stream, "2024-01-30T12:00", f"act-{value}", **{field: value}) for value in values]

    return {
        FOURTH: deliver(
            FOURTH,
            *each("notification", "kind", "sent", "delivered", "dismissed", "opened"),
            *each("promotion", "kind", "impression", "skip", "click", "conversion"),
            *each("tokenrequest", "outcome", "granted", "denied"),
            *each("musicserviceauth", "outcome", "success", "failure", "cancelled"),
            *each("voicefeedback", "outcome", "misunderstood", "unsupported"),
            *each("showinteraction", "kind", "leave", "unlike"),
            name="acts.json",
        )
    }


def long_listening() -> Deliveries:
    """Seconds that span hours, dates, the year's end and a 29 February; plays that share a moment."""
    name = "long.json"
    return {
        SECOND: deliver(
            SECOND,
            play("2024-01-01T00:00", "long-1", "heartbeat", 86400, user="long-1", device="dev-1"),
            play("2024-01-01T00:00:00.000001", "long-2", "stop", 0.1, user="long-2"),
            play("2024-01-01T13:00", "long-3", "heartbeat", 3600, user="long-2", client="nordklang-speaker"),
            play("2024-01-01T13:30", "long-3", "skip", 5400.75, user="long-2", client="nordklang-app"),
            name=name,
        ),
        LAST: deliver(
            LAST,
            play("2024-02-29T23:30", "long-4", user="long-1", durationseconds=7200, contenttype="podcast"),
            play("2024-03-01T00:30", "long-4", "pause", 3599.999999, user="long-1"),
            play("2024-03-01T00:30", "long-4", "stop", 0, user="long-1", received="2024-03-01T00:31"),
            play("2024-03-02T00:00", "long-4", "resume", user="long-1"),
            play("2024-03-02T23:59:59.999999", "long-4", "heartbeat", 14.999999, user="long-1"),
            play("2024-03-01T12:00", "long-5", "heartbeat", 29.999, user="long-3", durationseconds=60),
            play("2024-03-01T12:00", "long-6", "heartbeat", 30, user="long-3", durationseconds=6000),
            play("2024-03-01T12:00", "long-7", "skip", 5, user="long-3", durationseconds=10),
            play("2024-03-01T12:00", "long-8", "skip", 20, user=None, country=None, durationseconds=10),
            # as doubles add it up: 0.30000000000000004, of which nothing was heard before midnight
            play("2024-02-29T12:00", "long-9", user="long-4", genre="residue"),
            play("2024-03-01T00:00:00.3", "long-9", "stop", 0.1 + 0.2, user="long-4"),
            play("2024-03-02T11:00:00.1", "long-10", "heartbeat", 3600.1 + 1e-10, user="long-4", genre="less"),
            play("2024-03-02T15:00", "long-11", "heartbeat", 1e-10, user="long-4", genre="nothing"),
            name=name,
        ),
    }


def calendar_borders() -> Deliveries:
    """Activity on the last microsecond of weeks, months and the year, and on the first of the next."""
    moments = [
        ("2023-12-31T23:59:59.999999", "2024-01-01T00:00"),
        ("2024-01-07T23:59:59.999999", "2024-01-08T00:00"),
        ("2024-01-31T23:59:59.999999", "2024-02-01T00:00"),
    ]
    leap = ("2024-02-28T23:59:59.999999", "2024-02-29T00:00", "2024-02-29T23:59:59.999999", "2024-03-01T00:00")
    early = [event("navigation", moment, user=f"border-{moment[:10]}") for pair in moments for moment in pair]
    again = [event("voicefeedback", moment, user="border-2023-12-31") for moment in leap]
    return {
        FOURTH: deliver(FOURTH, *early, name="borders.json"),
        LAST: deliver(
            LAST, *again, event("navigation", "2024-03-03T12:00", user="border-2024-01-01"), name="borders.json"
        ),
    }


def wandering_users() -> Deliveries:
    """Users of several partners' clients and several countries a day, first moments that tie, clients nobody knows."""
    name = "wandering.json"
    tie = "2024-01-03T09:00"
    return {
        FIRST: deliver(
            FIRST,
            event("navigation", "2023-12-28T09:00", user="wander-1", client="earshot-ios", country="DE"),
            event("navigation", "2023-12-28T10:00", user="wander-1", client="velora-car", country="FR"),
            play("2023-12-28T11:00", "wander-p", user="wander-1", client="velora-watch", country="de"),
            event("navigation", "2023-12-28T11:00", user="wander-2", client="mystery-box", country=None),
            name=name,
        ),
        THIRD: deliver(
            THIRD,
            event("navigation", tie, user="wander-3", country="SE", client="maison-app", id="tie-1"),
            event("promotion", tie, user="wander-3", country="FI", client="maison-app", id="tie-2"),
            event("navigation", tie, user="wander-4", country="SE", client="maison-app", id="tie-4"),
            event("navigation", tie, user="wander-4", country="FI", client="maison-app", id="tie-3"),
            event("tokenrequest", "2024-01-03T08:00", user="wander-3", country="AA", outcome="denied"),
            event("navigation", "2024-01-08T09:00", user="wander-2", client="mystery-box", country="GB"),
            event("navigation", "2024-01-08T09:00", user="wander-2", client="other-mystery", country="GB"),
            name=name,
        ),
        LAST: deliver(
            LAST,
            # an activity earlier than any known before moves the first period and country
            event("musicserviceauth", "2023-12-20T09:00", user="wander-2", client="mystery-box", country="XK"),
            play("2019-02-28T23:59", "ancient", "heartbeat", 90, user="ancient"),
            event("navigation", "2024-03-01T09:00", user="wander-1", client="earshot-web", country="FR"),
            # is called like the rows over every client
            play("2024-03-01T09:00", "wander-all", "heartbeat", 60, user="wander-5", client="all"),
            # what was received last did not happen last
            event("navigation", "2024-03-01T09:00", user="wander-1", client="earshot-ios", received="2024-03-10T01:00"),
            name=name,
        ),
    }


def wrong_clocks() -> Deliveries:
    """Clocks that are fast, slow or senseless, other ways to write a time, and events without user or device."""
    name = "clocks.json"
    epoch_ms = 1704412800000  # 2024-01-05T00:00:00Z
    odd = Event("navigation", {**event("navigation", "2024-01-05T00:00", user="clock-4").record, "eventtime": epoch_ms})
    zone = event("navigation", "2024-01-05T00:00", user="clock-5", received="2024-01-05T09:00")
    zone.record["eventtime"] = "2024-01-05T00:30:00.123456789+0100"
    return {
        THIRD: deliver(
            THIRD,
            # a year fast: the wrong clock cancels out
            play("2025-01-05T23:50", "clock-1", sent="2025-01-06T00:10", received="2024-01-06T00:10", user="clock-1"),
            event("navigation", "2031-01-01T00:00", received="2024-01-06T12:00", user="clock-2"),
            event(
                "navigation", "2024-01-05T10:00", sent="2024-01-05T09:00", received="2024-01-06T09:00", user="clock-3"
            ),
            event(
                "navigation", "1999-01-05T10:00", sent="1999-01-05T10:00", received="2024-01-06T09:00", user="clock-3"
            ),
            odd,
            zone,
            event("navigation", "2024-01-05T10:00", user=None, device="dev-1"),
            event("navigation", "2024-01-05T10:00", user=None, device=None, country=None),
            name=name,
        ),
    }


def broken_files() -> Deliveries:
    """Valid records among broken ones, in files as streams leave them."""
    good = [event("navigation", f"2024-01-07T{hour:02}:00", user=f"file-{hour}").record for hour in range(8)]
    one = [json_lines([record]).rstrip(b"\n") for record in good]
    bad = [b"{", one[0][:-1] + b',"screen":"again"}', one[0].replace(b'"home"', b"12"), b"null", one[0] + b"}"]
    bad.append(one[0][:-1] + b',"note":"\\ud800"}')
    mixed = b"\xef\xbb\xbf" + one[1] + b"\r\n\r\n" + b"\n".join(bad) + b"\n" + one[2] + one[3] + b"\n\n" + one[4]
    folder = "events/cn/navigation/2024/01/09/05"
    shop = event("voicefeedback", "2024-01-07T10:00", user="file-voice", utterance="hello").record
    return {
        THIRD: {
            f"{folder}/broken.json": mixed,
            f"{folder}/zipped": gzip.compress(one[5] + b"\n" + bad[0], mtime=0),
            f"{folder}/empty.jsonl": b"",
            f"{folder}/_unfinished.json": one[6],
            f"{folder}/unfinished.json.tmp": one[7],
            "events/cn/voicefeedback/2024/01/09/voice.ndjson.gz": gzip.compress(json_lines([shop]), mtime=0),
        },
    }
