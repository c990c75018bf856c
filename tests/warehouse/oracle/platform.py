"""What the marts are computed from: every event once, the dumps in order, the catalog, the seeds, the newest days."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from tests.warehouse.oracle.inbox import Dump, Event, Inbox, Message, client_of

DAY = timedelta(days=1)
ALL = "all"
UNASSIGNED = "unassigned"
NO_COUNTRY = "zz"
UNKNOWN = "unknown"
# as marts.md states them; that the seed agrees is a test of its own
WEIGHTS = {
    "play": 1,
    "join": 1,
    "like": 2,
    "share": 3,
    "follow_creator": 4,
    "chat": 1,
    "poll_vote": 1,
    "call_in": 5,
    "co_host": 5,
    "notification_enable": 2,
}


@dataclass(frozen=True)
class Seeds:
    """Rows of the seeds `clients` and `countries` by their first column."""

    clients: Mapping[str, Mapping[str, str]]
    countries: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Platform:
    """One platform's state. `events` hold each event once; `dumps` are by table, in order, without failed ones."""

    events: list[Event]
    dumps: Mapping[str, list[Dump]]
    messages: Mapping[str, list[Message]]
    seeds: Seeds

    @cached_property
    def newest_day(self) -> date | None:
        """The date of the newest occurred_at over all streams; None without any event."""
        return max((event.occurred_at.date() for event in self.events), default=None)

    @cached_property
    def newest_received_day(self) -> date | None:
        """The newest received_at day in the data; None without any event."""
        return max((event.received_at.date() for event in self.events), default=None)

    def partner(self, client_id: str) -> str:
        """From dim_clients; a client that the seed does not know is partner `unassigned`."""
        client = self.seeds.clients.get(client_id)
        return client["partner_id"] if client else UNASSIGNED

    def client_scopes(self, client_id: str) -> list[tuple[str, str]]:
        """(partner, client), (partner, 'all') and ('all', 'all')."""
        return [(self.partner(client_id), client_id), (self.partner(client_id), ALL), (ALL, ALL)]

    def is_complete(self, last_day: date) -> bool:
        """Whether a period that ends with `last_day` lies wholly before the newest received_at day in the data."""
        return self.newest_received_day is not None and last_day < self.newest_received_day


def read_seeds(folder: Path) -> Seeds:
    """The seeds as the repository ships them."""

    def rows(name: str, key: str) -> dict[str, dict[str, str]]:
        with (folder / f"{name}.csv").open(newline="") as file:
            return {row[key]: row for row in csv.DictReader(file)}

    return Seeds(clients=rows("clients", "client_id"), countries=rows("countries", "country_code"))


def make_platform(inbox: Inbox, seeds: Seeds, as_of: date | None = None) -> Platform:
    """An inbox with every event once and every dump once; with `as_of`, as if nothing later had happened: without the
    events, dumps and catalog changes of later days."""
    events = without_duplicates(inbox.events)

    def is_known(moment: datetime) -> bool:
        return as_of is None or moment.date() <= as_of

    return Platform(
        events=[event for event in events if is_known(event.occurred_at)],
        dumps={
            table: _in_order([dump for dump in dumps if is_known(dump.exported_at)])
            for table, dumps in inbox.dumps.items()
        },
        messages={
            table: [message for message in messages if is_known(message.updated_at)]
            for table, messages in inbox.messages.items()
        },
        seeds=seeds,
    )


def without_duplicates(events: Iterable[Event]) -> list[Event]:
    """A duplicate event (same stream, same event_id) counts once: the copy with the earliest received_at wins,
    among equals the one with the smallest source path and line."""
    best: dict[tuple[str, str], Event] = {}
    for event in events:
        key = (event.stream, event.event_id)
        if key not in best or (event.received_at, event.origin) < (best[key].received_at, best[key].origin):
            best[key] = event
    return sorted(best.values(), key=lambda event: (event.occurred_at, event.received_at, event.event_id))


def _in_order(dumps: list[Dump]) -> list[Dump]:
    """Dumps by export time, clients by the names that marts have for them. An empty one says nothing, unless changes
    emptied it; files of one export time are one dump."""
    merged: dict[datetime, Dump] = {}
    for dump in dumps:
        items = {id: {**item, "clientId": client_of(item["clientId"])} for id, item in dump.items.items()}
        earlier = merged.get(dump.exported_at, Dump(dump.exported_at, {}))
        merged[dump.exported_at] = Dump(
            dump.exported_at, {**earlier.items, **items}, is_emptied=earlier.is_emptied or dump.is_emptied
        )
    return [merged[moment] for moment in sorted(merged) if merged[moment].items or merged[moment].is_emptied]


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + DAY * n for n in range((last - first).days + 1)]


def period_start(period_type: str, day: date) -> date:
    """First day of the period that a day is in; weeks start on Monday."""
    if period_type == "week":
        return day - DAY * day.weekday()
    if period_type == "month":
        return day.replace(day=1)
    return day


def next_period(period_type: str, start: date) -> date:
    """First day of the period after the one that starts with `start`."""
    length = {"day": 1, "week": 7, "month": 31}[period_type]
    return period_start(period_type, start + DAY * length)


def periods(period_type: str, first: date, last: date) -> list[date]:
    """Starts of all periods from the one that `first` is in to the one that `last` is in."""
    starts = []
    start = period_start(period_type, first)
    while start <= last:
        starts.append(start)
        start = next_period(period_type, start)
    return starts
