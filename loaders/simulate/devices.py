"""The hardware: who owns which speaker, firmware and how it spreads, and what a dump shows of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import msgspec

from loaders.simulate.actors import Actor, dress, envelope, style_of
from loaders.simulate.clock import DAY, HOUR, text
from loaders.simulate.delivery import TABLES, Post
from loaders.simulate.layouts import Types
from loaders.simulate.people import NEVER, User
from loaders.simulate.world import CLIENT, COUNTRIES, MODELS, REGIONS, Country, Model


class Release(NamedTuple):
    """A version of a model's firmware."""

    model: str
    version: str
    beta: bool
    released: int  # epoch milliseconds
    notes: str


@dataclass(slots=True, eq=False)
class Device:
    """A piece of hardware. Days are day numbers, times epoch milliseconds."""

    id: str
    model: Model
    registered: int
    joined: int  # day of `registered`
    retires: int  # first day it is no longer in the table, or NEVER
    country: Country
    owner: User | None
    firmware: int  # index into the model's releases
    patience: float  # days it takes an update after it was offered
    tester: bool
    channels: list[str]
    updated: int
    seen: int
    awake: float  # probability to report on a day on which nobody uses it
    actor: Actor

    def in_table(self, day: int) -> bool:
        """Whether the device stands in the table at the start of a day."""
        return self.joined < day < self.retires

    def is_usable(self, day: int) -> bool:
        """Whether somebody may use it on a day."""
        return self.joined <= day < self.retires - 1


def publish(seed: int, first_day: int, days: int) -> dict[str, list[Release]]:
    """Make every model's releases, oldest first, from a year before the first day on."""
    rng = Random(f"{seed}/firmware")
    found: dict[str, list[Release]] = {}
    for model in MODELS:
        releases: list[Release] = []
        day, minor = first_day - 360 + rng.randrange(20), 0
        while day < first_day + days:
            version = f"{model.major}.{minor}"
            at = day * DAY + rng.randrange(8, 16) * HOUR
            if minor % 2:
                early = at - rng.randrange(6, 12) * DAY
                releases.append(Release(model.name, f"{version}.0-beta1", True, early, f"Testers' {version}"))
            releases.append(Release(model.name, f"{version}.0", False, at, f"Stability; “{version}” for all"))
            if rng.random() < 0.2:  # a fix in a hurry
                fix = at + rng.randrange(2, 6) * DAY
                releases.append(Release(model.name, f"{version}.1", False, fix, "Fixes a restart"))
            day += model.weeks_between_releases * 7 + rng.randrange(-4, 9)
            minor += 1
        found[model.name] = sorted(
            (release for release in releases if release.released < (first_day + days) * DAY),
            key=lambda release: release.released,
        )
    return found


def announce(post: Post, releases: dict[str, list[Release]], rng: Random) -> None:
    """Tell the catalog of every release; some notes are mended later, a bad beta is taken back."""
    for release in (release for of_model in releases.values() for release in of_model):
        at = release.released - rng.randrange(HOUR)
        row = {
            "model": release.model,
            "version": release.version,
            "channel": "beta" if release.beta else "stable",
            "releasedat": release.released if rng.random() < 0.1 else text(release.released),
        }
        _tell(post, at, {"op": "upsert", **row, "notes": release.notes})
        draw = rng.random()
        later = release.released + rng.randrange(HOUR, 4 * DAY)
        if draw < 0.1:
            _tell(post, later, {"op": "upsert", **row, "notes": f"{release.notes}. Known issue: AirPlay"})
        elif draw < 0.3 and release.beta:
            _tell(post, later, {"op": "delete", "model": release.model, "version": release.version})


def _tell(post: Post, at: int, row: dict[str, Any]) -> None:
    post.announce(TABLES.index("firmware"), at, msgspec.json.encode({"updatedat": text(at), **row}).decode())


def build_fleet(seed: int, users: list[User], releases: dict[str, list[Release]], first_day: int) -> list[Device]:
    """Give users their devices, and add a few that nobody has signed in to."""
    rng = Random(f"{seed}/devices")
    fleet: list[Device] = []
    for user in users:
        hardware = user.client in ("nordklang-speaker", "maison-hifi", "velora-car", "velora-watch")
        for _ in range(rng.choice((1, 1, 2)) if hardware else rng.choice((0, 0, 1, 1, 2, 3))):
            device = _make(rng, len(fleet), user, user.country, user.joined, releases, first_day)
            user.devices.append(device)
            fleet.append(device)
    for _ in range(len(users) // 25):
        country = rng.choices(COUNTRIES, [c.weight for c in COUNTRIES])[0]
        joined = first_day - 30 + rng.randrange(60)
        fleet.append(_make(rng, len(fleet), None, country, joined, releases, first_day))
    return fleet


def _make(
    rng: Random,
    number: int,
    owner: User | None,
    country: Country,
    since: int,
    releases: dict[str, list[Release]],
    first_day: int,
) -> Device:
    model = rng.choices(MODELS, [m.weight for m in MODELS])[0]
    if owner:
        own = [m for m in MODELS if m.client == owner.client]
        model = rng.choice(own) if own else model
    joined = since + (0 if rng.random() < 0.5 else int(rng.expovariate(1 / 40)))
    registered = max(joined * DAY + rng.randrange(DAY), owner.created + 60_000 if owner else 0)
    joined = registered // DAY
    device = Device(
        id=f"{model.client.split('-')[0][:2]}-{number:05d}-{rng.getrandbits(32):08x}",
        model=model,
        registered=registered,
        joined=joined,
        retires=max(joined, first_day) + 5 + int(rng.expovariate(1 / 500)) if rng.random() < 0.6 else NEVER,
        country=country,
        owner=owner,
        firmware=0,
        # A rollout in waves, then people who switch the speaker off: some are never reached.
        patience=NEVER if rng.random() < 0.05 else rng.choice((0.2, 1, 3, 7)) + rng.expovariate(1 / 5),
        tester=rng.random() < 0.06,
        channels=[f"channel-{rng.randrange(40)}" for _ in range(rng.randrange(5))],
        updated=registered,
        seen=registered,
        awake=rng.choice((0.02, 0.5, 0.9, 0.98)),
        actor=Actor(REGIONS.index("cn" if country.code == "cn" else "eu"), "", style_of("seconds", 0)),
    )
    device.actor.style = style_of(CLIENT[model.client].style, country.zone)
    dress(device.actor, rng)
    # What it left the factory with is some months old.
    built = registered - rng.randrange(20, 90) * DAY
    for index, release in enumerate(releases[model.name]):
        if not release.beta and release.released <= built:
            device.firmware = index
    update(device, releases[model.name], max(joined, first_day) * DAY)
    _rewrite_envelope(device, releases[model.name])
    return device


def update(device: Device, releases: list[Release], now: int) -> bool:
    """Install the newest release that has been offered to the device for long enough; tell whether there was one."""
    newest = device.firmware
    for index in range(device.firmware + 1, len(releases)):
        release = releases[index]
        if release.released > now:
            break
        if release.beta and not device.tester:
            continue
        if release.released + device.patience * DAY <= now and now >= device.registered:
            newest = index
    if newest == device.firmware:
        return False
    device.firmware = newest
    return True


def live_through(device: Device, day: int, users: list[User], releases: dict[str, list[Release]], rng: Random) -> None:
    """Let a day begin for a device: install, change hands, report."""
    if not device.joined < day < device.retires:
        return
    versions = releases[device.model.name]
    if update(device, versions, day * DAY):
        device.updated = day * DAY + rng.randrange(HOUR)  # before the day's dump
        _rewrite_envelope(device, versions)
    if rng.random() < 0.0015:
        _hand_over(device, day, users, rng)
        _rewrite_envelope(device, versions)
    if rng.random() < device.awake:
        device.seen = max(device.seen, day * DAY - rng.randrange(1, DAY))


def _hand_over(device: Device, day: int, users: list[User], rng: Random) -> None:
    """Sell it within the region, or reset it to nobody's."""
    if device.owner:
        device.owner.devices.remove(device)
        device.owner = None
    buyer = rng.choice(users)
    if buyer.app.region == device.actor.region and buyer.has_account(day) and rng.random() < 0.8:
        device.owner = buyer
        device.country = buyer.country
        buyer.devices.append(device)
    device.updated = day * DAY + rng.randrange(HOUR)


def _rewrite_envelope(device: Device, releases: list[Release]) -> None:
    version = releases[device.firmware].version if releases else None
    owner = device.owner.id if device.owner else None
    device.actor.envelope = envelope(
        device.model.client, owner, device.id, device.country.code, device.model.platform, version
    )


def dump(fleet: list[Device], day: int, releases: dict[str, list[Release]], types: Types) -> Iterator[dict[str, Any]]:
    """Show the table at the start of a day, one typed item per device."""
    for number, device in enumerate(fleet):
        if not device.in_table(day):
            continue
        item: dict[str, Any] = {
            "id": {types.S: device.id},
            "model": {types.S: device.model.name},
            "clientId": {types.S: device.model.client},
            "registeredAt": {types.S: text(device.registered)},
            "firmwareVersion": {types.S: releases[device.model.name][device.firmware].version},
            "lastSeenAt": {types.S: text(device.seen)},
            "channels": {types.L: [{types.S: channel} for channel in device.channels]},
            "updatedAt": {types.S: text(device.updated)},
        }
        if number % 23:
            item["country"] = {types.S: device.country.code}
        if number % 97 == 5:  # never told its version
            del item["firmwareVersion"]
        if device.owner:
            item["ownerId"] = {types.S: device.owner.id}
        elif number % 2:
            item["ownerId"] = {types.NULL: True}
        yield item
