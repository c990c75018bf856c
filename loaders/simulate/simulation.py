"""Days go by on a believable audio platform, and its systems write what they write into an inbox."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from loaders.errors import EarshotError
from loaders.simulate import devices, engagement, library, listening, people
from loaders.simulate.actors import Actor, envelope, style_of
from loaders.simulate.clock import DAY, HOUR, day_number
from loaders.simulate.delivery import CHANNELS, TABLES, Post
from loaders.simulate.devices import Device
from loaders.simulate.inbox import Inbox
from loaders.simulate.people import User
from loaders.simulate.shows import Stage
from loaders.simulate.world import CLIENTS, COUNTRIES, REGIONS, RHYTHM, SERVICES_CN, TRIAL


@dataclass(frozen=True)
class Summary:
    """What was written: records by dataset (retries included, before a mess), dumps, files, bytes."""

    inbox: Path
    truth: Path | None
    first_day: date
    last_day: date
    records: dict[str, int]
    dumps: int
    files: int
    bytes: int

    @property
    def events(self) -> int:
        """Event records of all streams."""
        return sum(count for name, count in self.records.items() if name not in TABLES)


def simulate(
    inbox: Path,
    *,
    users: int = 300,
    days: int = 42,
    end: date,
    seed: int = 1,
    mess: float = 0.0,
    broken_files: int = 0,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Fill an inbox with `days` days of a platform with `users` accounts; `end` is the last day (UTC).

    The same arguments give the same bytes. `mess` is the share of records that are broken, glued, repeated or
    carry undeclared fields, and makes some files odd; what was done to them goes to `truth.json` beside the
    inbox. `broken_files` is how many files or exports are damaged so that they have to be refused.
    `progress` is called with the days done and all days.

    Raises EarshotError when the inbox holds something that is not a simulation to be replaced (`force`).
    """
    if users < 0 or days < 1 or not 0 <= mess <= 1 or broken_files < 0:
        raise EarshotError(
            "simulate needs users >= 0, days >= 1, mess between 0 and 1 and broken files >= 0; change the arguments.", 2
        )
    try:
        first = end - timedelta(days=days - 1)
        if first.year < 1975 or end.year > 2095:
            raise OverflowError
    except OverflowError:
        raise EarshotError(
            f"simulate cannot write {days} days that end on {end}: times must lie between 1975 and 2095.", 2
        ) from None
    arguments = {"users": users, "days": days, "end": end.isoformat(), "seed": seed, "mess": mess}
    files = Inbox(inbox, {**arguments, "broken_files": broken_files}, force=force)
    platform = _Platform(seed, users, day_number(first), days, files, mess)
    for number in range(days):
        platform.live(day_number(first) + number, last=number == days - 1)
        if progress:
            progress(number + 1, days)
    written, size = files.close()
    records = dict.fromkeys((channel.split("/")[-1] for channel in CHANNELS), 0)
    for channel, count in zip(CHANNELS, platform.post.written, strict=True):
        records[channel.split("/")[-1]] += count
    return Summary(inbox, files.truth, first, end, records, files.dumps, written, size)


class _Platform:
    """Everything that lasts from day to day; its size depends on the users, not on the days."""

    def __init__(self, seed: int, users: int, first_day: int, days: int, files: Inbox, mess: float) -> None:
        self._seed = seed
        self._first_day = first_day
        self._days = days
        self._files = files
        self.post = Post(seed, first_day, (first_day + days) * DAY, files.deliver, 0.02 + mess / 2)
        self._library = library.build(seed)
        self._releases = devices.publish(seed, first_day, days)
        self._clients = (*CLIENTS, TRIAL) if mess else CLIENTS
        self._users = people.populate(seed, users, first_day, days, self._clients)
        self._fleet = devices.build_fleet(seed, self._users, self._releases, first_day)
        self._stage = Stage(seed, users, first_day)
        self._visitors = self._make_visitors(Random(f"{seed}/visitors"), users)
        devices.announce(self.post, self._releases, Random(f"{seed}/releases"))
        self._stage.open(self.post)

    def _make_visitors(self, rng: Random, users: int) -> list[Actor]:
        """People who never sign in: on the web without a device, and in apps with one."""
        visitors = []
        for number in range(-(-users // 30)):
            country = rng.choices(COUNTRIES, [c.weight for c in COUNTRIES])[0]
            region = REGIONS.index("cn" if country.code == "cn" else "eu")
            code = country.code if number % 3 else None
            if number % 2:
                members = envelope("earshot-android", None, f"app-{rng.getrandbits(48):012x}", code, "android", None)
                visitors.append(Actor(region, members, style_of("local", country.zone)))
            else:
                visitors.append(
                    Actor(region, envelope("earshot-web", None, None, code, "web", "2026.4"), style_of("epoch", 0))
                )
        return visitors

    def live(self, day: int, *, last: bool) -> None:
        """Let one day (UTC) pass and deliver what was received."""
        rng = Random(f"{self._seed}/day/{day}")
        self.post.begin(day)
        for user in self._users:
            people.live_through(user, day, rng)
        for device in self._fleet:
            devices.live_through(device, day, self._users, self._releases, rng)
        self._dump(day, rng)
        weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
        running = engagement.campaigns(self._seed, self._first_day, day)
        self._stage.begin(self.post, day, rng)
        crowd = []
        for user in self._users:
            if user.is_reachable(day) and rng.random() < user.habit * (1.1 if weekend else 0.96):
                if user.joined < day:  # shows and messages begin the day after the registration
                    crowd.append(user)
                self._spend_day(user, day, weekend, running, rng)
        for actor in self._visitors:
            if rng.random() < 0.5:
                at = day * DAY + rng.randrange(DAY)
                self.post.lose_network(actor, at)
                at = engagement.browse(self.post, rng, actor, running, at)
                if rng.random() < 0.3:
                    listening.listen(self.post, rng, actor, self._library, (0, 1), ["radio"], at)
        for device in self._fleet:
            if device.owner is None and device.is_usable(day) and rng.random() < 0.4:
                self._play_on(device, (0, 4), day * DAY + rng.randrange(DAY), rng)
        self._stage.perform(self.post, day, crowd, self._visitors, rng)
        engagement.spread_the_word(self.post, rng, crowd, running, self._stage.schedule(day), day)
        engagement.serve(self.post, rng, day, len(self._users), self._clients)
        self._dump_changes(day)
        self.post.deliver(day, last=last)

    def _dump(self, day: int, rng: Random) -> None:
        """Export both tables in the small hours, as they are then; some days nobody does."""
        if not self._users or (rng.random() < 0.05 and day != self._first_day):
            return
        native = day - self._first_day >= self._days // 3
        at = day * DAY + HOUR + rng.randrange(HOUR)
        self._files.dump("users", at, lambda types: people.dump(self._users, day, types), native, rng)
        if self._fleet:
            self._files.dump(
                "devices", at, lambda types: devices.dump(self._fleet, day, self._releases, types), native, rng
            )

    def _dump_changes(self, day: int) -> None:
        """On some evenings of a mess, export what changed in the tables since they were last exported."""
        rng = Random(f"{self._seed}/changes/{day}")
        if rng.random() < 0.6:
            return
        at = (day + 1) * DAY - rng.randrange(1, HOUR)
        self._files.changes("users", at, lambda types: people.dump(self._users, day + 1, types), rng)
        self._files.changes("devices", at, lambda types: devices.dump(self._fleet, day + 1, self._releases, types), rng)

    def _spend_day(self, user: User, day: int, weekend: bool, running: list[engagement.Campaign], rng: Random) -> None:
        """One to some sessions of an active user, in the app or on a device of theirs."""
        post = self.post
        post.lose_network(user.app, day * DAY + rng.randrange(DAY))
        usable = [device for device in user.devices if device.is_usable(day)]
        zone = user.country.zone // 60
        for _ in range(1 + int(rng.expovariate(1 / 1.6))):
            local = rng.choices(range(24), RHYTHM[weekend])[0]
            at = day * DAY + (local - zone) % 24 * HOUR + rng.randrange(HOUR)
            if at < user.created:  # the account is made in the course of the day
                at = user.created + rng.randrange(1000, HOUR)
                engagement.ask_for_token(post, rng, user.app, at - 500, "password")
            if usable and rng.random() < 0.5:
                device = rng.choice(usable)
                if rng.random() < 0.6:
                    engagement.speak(post, rng, device.actor, user.language, at)
                self._play_on(device, user.genres, at + 4000, rng)
                continue
            if rng.random() < 0.6:
                engagement.ask_for_token(post, rng, user.app, at, "refresh_token")
            at = engagement.browse(post, rng, user.app, running, at + 900)
            if rng.random() < 0.07:
                engagement.sign_on(post, rng, user, at)
            if rng.random() < 0.75:
                listening.listen(post, rng, user.app, self._library, user.genres, self._sources(user), at + 700)

    def _play_on(self, device: Device, genres: tuple[int, ...], at: int, rng: Random) -> None:
        at = max(at, device.registered)
        device.seen = max(device.seen, at)
        if rng.random() < 0.25:
            engagement.ask_for_token(self.post, rng, device.actor, at - 800, "device_code")
        sources = self._sources(device.owner) if device.owner else ["radio", "local"]
        listening.listen(self.post, rng, device.actor, self._library, genres, sources, at)
        if device.owner and rng.random() < 0.5:
            engagement.speak(self.post, rng, device.actor, device.owner.language, at + 60_000)

    def _sources(self, user: User) -> list[str]:
        return [*user.services, *user.services, "local" if user.country.code != "cn" else SERVICES_CN[0]]
