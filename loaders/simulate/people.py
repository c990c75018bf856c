"""The accounts: who registers when, comes and goes, changes, deletes the account, and what a dump shows of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from loaders.simulate.actors import Actor, dress, envelope, style_of
from loaders.simulate.clock import DAY, HOUR, text
from loaders.simulate.layouts import Types
from loaders.simulate.world import (
    COUNTRIES,
    FIRST_NAMES,
    GENRES,
    LAST_NAMES,
    REGIONS,
    SERVICES,
    SERVICES_CN,
    Client,
    Country,
)

if TYPE_CHECKING:
    from loaders.simulate.devices import Device

NEVER = 1 << 60


@dataclass(slots=True, eq=False)
class User:
    """An account and the person's habits. Days are day numbers, times epoch milliseconds."""

    id: str
    created: int
    joined: int  # day of `created`
    leaves: int  # first day without the account, or NEVER
    returns: int  # first day the account is there again, or NEVER
    client: str
    country: Country
    language: str
    name: str
    birth_year: int
    consent: bool
    services: list[str]
    status: str
    updated: int
    habit: float  # probability to be active on a day while not lapsed
    genres: tuple[int, ...]
    app: Actor
    lapsed: bool = False
    turns: int = NEVER  # day on which `lapsed` changes
    devices: list["Device"] = field(default_factory=list)

    def has_account(self, day: int) -> bool:
        """Whether the account stands in the table at the start of a day."""
        return self.joined < day and not self.leaves <= day < self.returns

    def is_reachable(self, day: int) -> bool:
        """Whether the person may do something on a day."""
        return (
            self.joined <= day
            and not self.lapsed
            and self.status == "active"
            and not self.leaves <= day + 1 < self.returns
        )


def populate(seed: int, count: int, first_day: int, days: int, clients: Sequence[Client]) -> list[User]:
    """Make everybody who will ever have an account: two in three before the first day, the rest while it runs."""
    rng = Random(f"{seed}/people")
    return [_register(rng, number, first_day, days, clients) for number in range(count)]


def _register(rng: Random, number: int, first_day: int, days: int, clients: Sequence[Client]) -> User:
    home = rng.choices(clients, [c.weight for c in clients])[0]
    country = rng.choices(COUNTRIES, [c.weight for c in COUNTRIES])[0]
    if rng.random() < 0.66:
        joined = first_day - 1 - min(int(rng.expovariate(1 / 220)), 1400)
    else:
        joined = first_day + int(days * rng.random() ** 0.8)
    created = joined * DAY + int((rng.random() * 16 + 6) % 24 * HOUR)
    begins = max(joined, first_day)
    leaves = begins + 2 + int(rng.expovariate(1 / 900))
    returns = leaves + 2 + int(rng.expovariate(1 / 8)) if rng.random() < 0.25 else NEVER
    language = rng.choice(country.languages)
    choices = SERVICES_CN if country.code == "cn" else SERVICES
    user_id = f"u{number:05d}{rng.getrandbits(24):06x}"
    device_id = f"app-{rng.getrandbits(48):012x}" if rng.random() < 0.7 else None
    platform = rng.choice(home.platforms)
    shown_country = None if rng.random() < 0.03 else country.code
    version = rng.choice(home.versions) if home.versions else None
    app = Actor(
        REGIONS.index("cn" if country.code == "cn" else "eu"),
        envelope(home.id, user_id, device_id, shown_country, platform, version),
        style_of(home.style, country.zone),
    )
    lapsed = joined < first_day and rng.random() < 0.22
    return User(
        id=user_id,
        created=created,
        joined=joined,
        leaves=leaves,
        returns=returns,
        client=home.id,
        country=country,
        language=language,
        name=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        birth_year=rng.randrange(1946, 2011),
        consent=rng.random() < 0.7,
        services=sorted(rng.sample(choices, rng.choice((0, 1, 1, 1, 2)))),
        status="active",
        updated=created,
        habit=min(0.97, 0.3 + rng.betavariate(1.6, 1.4)),
        genres=tuple(rng.choices(range(len(GENRES)), k=rng.choice((2, 3, 4)))),
        app=dress(app, rng),
        lapsed=lapsed,
        turns=begins + 1 + int(rng.expovariate(1 / (12 if lapsed else 40))),
    )


def live_through(user: User, day: int, rng: Random) -> None:
    """Let a day begin for a user: lapse or come back, and now and then change something of the account."""
    if day >= user.turns:
        user.lapsed = not user.lapsed
        user.turns = day + 2 + int(rng.expovariate(1 / (12 if user.lapsed else 40)))
    if user.joined >= day:
        return
    if day == user.leaves - 2 and rng.random() < 0.5:
        user.status = "deleted"
    elif day == user.returns or (user.status != "active" and rng.random() < 0.1 and user.leaves > day + 2):
        user.status = "active"
    elif rng.random() < 0.008:
        _change(user, rng)
    else:
        return
    user.updated = day * DAY + rng.randrange(HOUR)  # before the day's dump


def _change(user: User, rng: Random) -> None:
    """Change one thing of an account. Region and the app's own idea of the country stay as they are."""
    draw = rng.random()
    choices = SERVICES_CN if user.country.code == "cn" else SERVICES
    if draw < 0.4:
        service = rng.choice(choices)
        user.services = sorted(set(user.services) ^ {service})
    elif draw < 0.6:
        user.consent = not user.consent
    elif draw < 0.75:
        user.language = rng.choice(("en", *user.country.languages))
    elif draw < 0.85:
        user.name = f"{user.name.split()[0]} {rng.choice(LAST_NAMES)}"
    elif draw < 0.93:
        user.status = "suspended"
    elif user.country.code != "cn":
        user.country = rng.choice([country for country in COUNTRIES if country.code != "cn"])


def dump(users: list[User], day: int, types: Types) -> Iterator[dict[str, Any]]:
    """Show the table at the start of a day, one typed item per account. Sets that are empty do not exist there."""
    for number, user in enumerate(users):
        if not user.has_account(day):
            continue
        item: dict[str, Any] = {
            "id": {types.S: user.id},
            "createdAt": {types.S: text(user.created)},
            "clientId": {types.S: user.client},
            "language": {types.S: user.language},
            "birthYear": {types.N: str(user.birth_year)},
            "displayName": {types.S: user.name},
            "email": {types.NULL: True} if number % 11 == 0 else {types.S: f"{user.id}@example.com"},
            "marketingConsent": {types.BOOL: user.consent},
            "status": {types.S: user.status},
            "updatedAt": {types.S: text(user.updated)},
            "preferences": {
                types.M: {
                    "theme": {types.S: "dark" if number % 3 else "light"},
                    "volume": {types.N: f"0.{number % 89 + 10}"},
                    "equaliser": {types.L: [{types.N: str(number % 7 - 3)}, {types.N: "0"}, {types.N: "1E-2"}]},
                }
            },
        }
        if user.services:
            item["musicServices"] = {types.SS: user.services}
        if number % 29:
            item["country"] = {types.S: user.country.code.upper() if number % 2 else user.country.code}
        elif number % 2:
            item["country"] = {types.S: ""}
        yield item
