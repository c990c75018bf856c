"""What makes a platform worth comparing: traits of the data that definitions stumble over, each with the platforms that
have it. They are read from the inbox, so none can vanish unnoticed when somebody edits a platform.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from tests.warehouse.helpers import SEEDS
from tests.warehouse.oracle.activity import counts_as_activity
from tests.warehouse.oracle.history import last_versions, message_versions
from tests.warehouse.oracle.inbox import Event, Inbox
from tests.warehouse.oracle.platform import Platform, make_platform

_DAY = re.compile("[0-9]{4}/[0-9]{2}/[0-9]{2}")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Facts:
    """An inbox, with each event once and dumps in order."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.known: Platform = make_platform(inbox, SEEDS)
        self.events = self.known.events
        self.users = {event.user_id for event in self.events if event.user_id is not None}
        self.dates = {event.occurred_at.date() for event in self.events}

    def told(self, table: str, field: str) -> dict[str, list[Any]]:
        """What the dumps say of a field of each item, one after the other; None also where the item is missing."""
        dumps = self.known.dumps[table]
        ids = {id for dump in dumps for id in dump.items}
        return {id: [dump.items[id][field] if id in dump.items else None for dump in dumps] for id in ids}

    def plays(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.stream == "play":
                found[event.fields["playid"]].append(event)
        return found

    def visits(self) -> Iterator[tuple[str, datetime, datetime | None, int, bool]]:
        """Of each listener in a show: since the first join, until the leave, joins; or a leave that came alone."""
        acts: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in self.events:
            if event.stream == "showinteraction" and event.user_id and event.fields["kind"] in ("join", "leave"):
                acts[event.fields["showid"], event.user_id].append(event)
        for (show_id, _), of_user in acts.items():
            since: datetime | None = None
            joins = 0
            for event in of_user:
                if event.fields["kind"] == "join":
                    since, joins = since or event.occurred_at, joins + 1
                elif since is None:
                    yield show_id, event.occurred_at, event.occurred_at, 0, True
                else:
                    yield show_id, since, event.occurred_at, joins, False
                    since, joins = None, 0
            if since is not None:
                yield show_id, since, None, joins, False

    def active_hours(self) -> dict[datetime, list[Event]]:
        found: dict[datetime, list[Event]] = defaultdict(list)
        for event in self.events:
            if counts_as_activity(event):
                found[event.occurred_at.replace(minute=0, second=0, microsecond=0)].append(event)
        return found


def one_user(facts: Facts) -> bool:
    return len(facts.users) == 1


def no_users(facts: Facts) -> bool:
    return not facts.users and not any(dump.items for dump in facts.known.dumps["users"])


def devices_without_users(facts: Facts) -> bool:
    return no_users(facts) and bool(facts.events) and any(dump.items for dump in facts.known.dumps["devices"])


def one_day(facts: Facts) -> bool:
    return len(facts.dates) == 1


def a_years_end(facts: Facts) -> bool:
    return any(day.month == 1 and day.day == 1 and day - DAY in facts.dates for day in facts.dates)


def a_29_february(facts: Facts) -> bool:
    return any((day.month, day.day) == (2, 29) for day in facts.dates)


def a_client_unknown_to_the_seed(facts: Facts) -> bool:
    in_events = {event.client_id for event in facts.events}
    registered = {item["clientId"] for dump in facts.known.dumps["users"] for item in dump.items.values()}
    return bool(in_events - SEEDS.clients.keys()) and bool(registered - SEEDS.clients.keys() - {None})


def users_of_two_partners(facts: Facts) -> bool:
    partners: dict[str, set[str]] = defaultdict(set)
    for event in facts.events:
        if counts_as_activity(event) and event.user_id and event.client_id in SEEDS.clients:
            partners[event.user_id].add(facts.known.partner(event.client_id))
    return any(len(found) >= 2 for found in partners.values())


def a_show_without_an_end(facts: Facts) -> bool:
    """Somebody joined it and did not leave."""
    shows = last_versions(message_versions(facts.known.messages["shows"]))
    endless = {key[0] for key, version in shows.items() if version.row["endedat"] is None}
    return any(show_id in endless and until is None for show_id, _, until, _, _ in facts.visits())


def plays_across_midnight(facts: Facts) -> bool:
    return any(
        event.occurred_at.date()
        != (event.occurred_at - timedelta(seconds=float(event.fields["secondslistened"]))).date()
        for event in facts.events
        if event.stream == "play" and event.fields["secondslistened"]
    )


def plays_on_two_dates(facts: Facts) -> bool:
    return any(len({event.occurred_at.date() for event in of_play}) == 2 for of_play in facts.plays().values())


def plays_that_go_on_too_long(facts: Facts) -> bool:
    """Seconds beyond the two dates after a play's first one."""
    return any(
        event.fields["secondslistened"] and event.occurred_at.date() - of_play[0].occurred_at.date() > 2 * DAY
        for of_play in facts.plays().values()
        for event in of_play
    )


def devices_that_change_owner(facts: Facts) -> bool:
    return any(len(set(owners) - {None}) > 1 for owners in facts.told("devices", "ownerId").values())


def devices_that_go_back_to_older_firmware(facts: Facts) -> bool:
    """To one that was released before."""
    releases = last_versions(message_versions(facts.known.messages["firmware"]))
    released = {key: version.row["releasedat"] for key, version in releases.items()}
    models = facts.told("devices", "model")
    return any(
        (model, before) in released and (model, after) in released and released[model, after] < released[model, before]
        for id, versions in facts.told("devices", "firmwareVersion").items()
        for model, (before, after) in zip(models[id], pairwise(versions), strict=False)
    )


def users_deleted_and_back(facts: Facts) -> bool:
    def returned(there: list[Any]) -> bool:
        changes = [id is not None for id, _ in groupby(there)]
        return changes.count(True) > 1

    return any(returned(there) for there in facts.told("users", "id").values())


def registrations_told_in_two_ways(facts: Facts) -> bool:
    """The earliest dump that has a user names another client or country than a later one; between two days of
    registrations is one without, and a device was registered, too."""
    days = {created.date() for told in facts.told("users", "createdAt").values() for created in told if created}
    gap = any(after - before > DAY for before, after in pairwise(sorted(days)))
    moved = any(
        len({value for value in told if value is not None}) > 1
        for field in ("clientId", "country")
        for told in facts.told("users", field).values()
    )
    return gap and moved and bool(facts.told("devices", "registeredAt"))


def shows_attended_in_every_way(facts: Facts) -> bool:
    """Joined twice, left without a join, not left, stayed over midnight."""
    visits = list(facts.visits())
    return (
        any(joins > 1 for *_, joins, _ in visits)
        and any(alone for *_, alone in visits)
        and any(until is None for _, _, until, _, _ in visits)
        and any(until and until.date() > since.date() for _, since, until, _, _ in visits)
    )


def shows_that_one_leaves_when_another_comes(facts: Facts) -> bool:
    visits = [(show_id, since, until) for show_id, since, until, joins, _ in facts.visits() if joins]
    came = {(show_id, since) for show_id, since, _ in visits}
    return any((show_id, until) in came for show_id, _, until in visits)


def a_firmware_that_spreads(facts: Facts) -> bool:
    """Less than half of a model's devices run a version or a later one in a dump, nine of ten in a later dump."""
    releases = last_versions(message_versions(facts.known.messages["firmware"]))
    for (model, version), release in releases.items():
        newer = {
            other
            for (of_model, other), later in releases.items()
            if of_model == model and (later.row["releasedat"], other) >= (release.row["releasedat"], version)
        }
        few = False
        for dump in facts.known.dumps["devices"]:
            runs = [item["firmwareVersion"] in newer for item in dump.items.values() if item["model"] == model]
            if runs and few and sum(runs) >= 0.9 * len(runs):
                return True
            few = few or (bool(runs) and sum(runs) < 0.5 * len(runs))
    return False


def hours_with_one_user_at_two_clients(facts: Facts) -> bool:
    """And hours without anybody between others."""
    hours = facts.active_hours()
    twice = any(
        len({(event.user_id, event.client_id) for event in events}) > len({event.user_id for event in events})
        for events in hours.values()
    )
    return twice and any(after - before > HOUR for before, after in pairwise(sorted(hours)))


def records_rejected_on_several_days(facts: Facts) -> bool:
    """Of several datasets, in files that were delivered on several days."""
    bad = [landing for landing in facts.inbox.landings if landing["records_quarantined"]]
    days = {found[0] for landing in bad if (found := _DAY.search(landing["source_path"]))}
    return len({landing["dataset"] for landing in bad}) > 1 and len(days) > 1


def events_days_late(facts: Facts) -> bool:
    return any(event.received_at - event.occurred_at > 2 * DAY for event in facts.events)


def copies_that_differ(facts: Facts) -> bool:
    """One event told twice, with another time."""
    told: dict[tuple[str, str], set[date]] = defaultdict(set)
    for event in facts.inbox.events:
        told[event.stream, event.event_id].add(event.occurred_at.date())
    return any(len(dates) > 1 for dates in told.values())


def an_empty_dump(facts: Facts) -> bool:
    return any(not dump.items for dumps in facts.inbox.dumps.values() for dump in dumps)


CHANCE = ("by chance", "new year")
SIMULATED = ("simulated 1", "simulated 2", "simulated 3")
HAND = ("small town", "hand-written")
TRAITS: dict[Callable[[Facts], bool], tuple[str, ...]] = {
    no_users: ("nothing", "nobody"),
    devices_without_users: ("nobody",),
    one_user: ("one user",),
    one_day: ("one user", "one day"),
    a_years_end: ("hand-written", "new year"),
    a_29_february: ("nobody", "small town", "hand-written", "by chance", *SIMULATED),
    a_client_unknown_to_the_seed: (*HAND, *CHANCE),
    users_of_two_partners: (*HAND, *CHANCE),
    a_show_without_an_end: (*HAND, *CHANCE, "simulated 1", "simulated 2"),
    plays_across_midnight: (*HAND, *CHANCE, *SIMULATED),
    plays_on_two_dates: (*HAND, *SIMULATED),
    plays_that_go_on_too_long: (*HAND, *CHANCE),
    devices_that_change_owner: ("small town", *CHANCE, "simulated 1", "simulated 2"),
    devices_that_go_back_to_older_firmware: (*HAND, *CHANCE),
    users_deleted_and_back: (*HAND, *CHANCE, *SIMULATED),
    registrations_told_in_two_ways: (*HAND, *CHANCE),
    shows_attended_in_every_way: ("small town", *CHANCE, "simulated 1", "simulated 2"),
    shows_that_one_leaves_when_another_comes: ("small town",),
    a_firmware_that_spreads: (*HAND, "by chance", *SIMULATED),
    hours_with_one_user_at_two_clients: (*HAND, *CHANCE, *SIMULATED),
    records_rejected_on_several_days: ("small town", "simulated 2", "simulated 3"),
    events_days_late: (*HAND, *CHANCE, "simulated 2", "simulated 3"),
    copies_that_differ: ("hand-written", *CHANCE),
    an_empty_dump: ("hand-written", "by chance"),
}
