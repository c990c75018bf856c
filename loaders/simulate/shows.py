"""Live shows: creators, the schedule with its catalog changes, audiences that swell and go, outbreaks."""

from dataclasses import dataclass
from json.encoder import encode_basestring as quote
from random import Random
from typing import Any

import msgspec

from loaders.simulate.actors import Actor
from loaders.simulate.clock import DAY, HOUR, MINUTE, text
from loaders.simulate.delivery import INTERACTION, TABLES, Post
from loaders.simulate.engagement import notify
from loaders.simulate.library import Content
from loaders.simulate.listening import long_play
from loaders.simulate.people import User
from loaders.simulate.world import CATEGORIES, COUNTRIES, FIRST_NAMES, LAST_NAMES, RHYTHM, SHOW_TITLES, Country

SHOWS, CREATORS = TABLES.index("shows"), TABLES.index("creators")
LEAD_DAYS = 3  # a show is planned so many days ahead
REMEMBERED_DAYS = 8  # for so long an old show can be found again
POLL_VALUES = ("yes", "no", "a", "b", "c")
CHATS = ("hello!", "👏👏", "which song was that?", "lauter bitte", "第一次来", 'she said "never"', "lol")


@dataclass(slots=True, eq=False)
class Creator:
    """Somebody who makes shows."""

    id: str
    name: str
    category: str
    verified: bool
    country: Country
    language: str
    appeal: float


@dataclass(slots=True, eq=False)
class Show:
    """A planned show and what will become of it; times are epoch milliseconds."""

    id: str
    creator: Creator
    title: str
    category: str | None
    start: int
    end: int
    cancelled: bool
    endless: bool  # its end is never told
    outbreak: bool
    in_catalog: bool

    def content(self, source: str) -> Content:
        """What a player reports that plays the show."""
        details = f',"title":{quote(self.title)},"artist":{quote(self.creator.name)}'
        required = f'"musicsource":"{source}","contentid":"{self.id}","contenttype":"show","showid":"{self.id}"'
        return Content(required, details, 0)


class Stage:
    """All creators and the shows of the days around today."""

    def __init__(self, seed: int, users: int, first_day: int) -> None:
        self._seed = seed
        self._users = users
        self._shows: dict[int, list[Show]] = {}
        self._number = 0
        rng = Random(f"{seed}/creators")
        self._creators = [self._creator(rng, number) for number in range(4 + users // 40)]
        self._first_day = first_day

    def _creator(self, rng: Random, number: int) -> Creator:
        country = rng.choices(COUNTRIES, [country.weight for country in COUNTRIES])[0]
        return Creator(
            id=f"c{number:04d}{rng.getrandbits(16):04x}",
            name=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
            category=rng.choice(CATEGORIES),
            verified=rng.random() < 0.3,
            country=country,
            language=rng.choice(country.languages),
            appeal=rng.lognormvariate(0, 0.8),
        )

    def open(self, post: Post) -> None:
        """Announce the creators there are, and plan the first days."""
        rng = Random(f"{self._seed}/opening")
        for creator in self._creators:
            at = self._first_day * DAY - rng.randrange(1, 200 * DAY)
            post.announce(CREATORS, at, _creator_message(creator, at))
        for day in range(self._first_day, self._first_day + LEAD_DAYS):
            self._plan(post, day, rng)

    def begin(self, post: Post, day: int, rng: Random) -> None:
        """Plan the day that has come into view, forget one, and let creators change."""
        self._plan(post, day + LEAD_DAYS, rng)
        self._shows.pop(day - REMEMBERED_DAYS, None)
        creator = rng.choice(self._creators)
        at = day * DAY + rng.randrange(DAY)
        draw = rng.random()
        if draw < 0.1:
            creator.verified = True
            post.announce(CREATORS, at, _creator_message(creator, at))
        elif draw < 0.18:
            creator.category = rng.choice(CATEGORIES)
            post.announce(CREATORS, at, _creator_message(creator, at))
        elif draw < 0.2:
            gone = msgspec.json.encode({"op": "delete", "updatedat": text(at), "creatorid": creator.id}).decode()
            post.announce(CREATORS, at, gone)

    def _plan(self, post: Post, day: int, rng: Random) -> None:
        planned = []
        for _ in range(max(1, round((2 + self._users / 250) * rng.uniform(0.7, 1.3)))):
            creator = rng.choice(self._creators)
            local = rng.choices(range(24), RHYTHM[1])[0] * HOUR + rng.choice((0, 15, 30)) * MINUTE
            start = day * DAY + (local - creator.country.zone * MINUTE) % DAY
            minutes = rng.choice((20, 30, 45, 60, 60, 90, 120, 180))
            self._number += 1
            # The first days always have one, so that even a short run shows a trend.
            outbreak = rng.random() < 0.04 or self._number % 25 == 9
            show = Show(
                id=f"s{self._number:05d}{rng.getrandbits(20):05x}",
                creator=creator,
                title=rng.choice(SHOW_TITLES[creator.category]),
                category=None if rng.random() < 0.04 else creator.category,
                start=start,
                end=start + (26 * 60 if rng.random() < 0.01 else minutes) * MINUTE,
                cancelled=rng.random() < 0.05 and not outbreak,
                endless=rng.random() < 0.06,
                outbreak=outbreak,
                in_catalog=rng.random() > 0.03,
            )
            planned.append(show)
            if show.in_catalog:
                _announce_life(post, show, rng)
        self._shows[day] = planned

    def schedule(self, day: int) -> list[tuple[str, int]]:
        """The day's shows as far as they are planned: id and planned start."""
        return [(show.id, show.start) for show in self._shows.get(day, ())]

    def perform(self, post: Post, day: int, crowd: list[User], anonymous: list[Actor], rng: Random) -> None:
        """Let the day's shows happen before those of the crowd that care, and an old one be found again."""
        shows = [show for show in self._shows.get(day, ()) if not show.cancelled]
        for show in shows:
            share = show.creator.appeal * 0.4 / len(shows) * (6 if show.outbreak else 1)
            size = min(len(crowd), int(len(crowd) * share) + rng.randrange(2))
            for user in rng.sample(crowd, size):
                if rng.random() < 0.12:
                    before = show.start - rng.randrange(MINUTE, 20 * MINUTE)
                    notify(post, rng, user, before, show_id=show.id, opens=True)
                _attend(post, show, user.app, rng)
            for actor in anonymous:
                if rng.random() < share / 3:
                    _attend(post, show, actor, rng)
        past = [show for back in range(1, REMEMBERED_DAYS) for show in self._shows.get(day - back, ())]
        if past and rng.random() < 0.35:
            _rediscover(post, rng.choice(past), day, crowd, rng)


def _creator_message(creator: Creator, at: int) -> str:
    row = {
        "op": "upsert",
        "updatedat": text(at),
        "creatorid": creator.id,
        "displayname": creator.name,
        "category": creator.category,
        "verified": creator.verified,
    }
    return msgspec.json.encode(row).decode()


def _announce_life(post: Post, show: Show, rng: Random) -> None:
    """Send everything the catalog will say about a show: each message is the whole row as it then is."""
    begun = show.start + rng.randrange(-2 * MINUTE, 6 * MINUTE)
    announced = show.start - rng.randrange(3 * HOUR, LEAD_DAYS * DAY)
    row: dict[str, Any] = {
        "showid": show.id,
        "creatorid": show.creator.id,
        "title": show.title,
        "category": show.category,
        "language": show.creator.language,
        "status": "scheduled",
        "scheduledstart": text(show.start),
        "scheduledend": text(show.end),
        "tags": rng.sample(("live", "new", "family", "explicit", "café", "guest"), rng.randrange(4)),
    }
    if rng.random() < 0.7:
        row["description"] = f"{show.creator.name} invites you.\nBring friends & questions."
    life: list[tuple[int, dict[str, Any] | None]] = [(announced, {})]
    if show.cancelled:
        life.append((show.start - rng.randrange(2 * HOUR), {"status": "cancelled"}))
    else:
        life.append((begun, {"status": "live", "startedat": text(begun)}))
        if not show.endless:
            ended = show.end + rng.randrange(-5 * MINUTE, 5 * MINUTE)
            life.append((ended, {"status": "ended", "endedat": ended if rng.random() < 0.1 else text(ended)}))
    if rng.random() < 0.15:
        show.title = f"{show.title} ({rng.choice(('again', 'special', 'part 2'))})"
        life.append((rng.randrange(announced, show.end + DAY), {"title": show.title}))
    if rng.random() < 0.06:
        life.append((rng.randrange(announced, show.end + DAY), {"category": rng.choice(CATEGORIES)}))
    if rng.random() < 0.03:
        life.append((rng.randrange(announced, show.end), {}))  # written again without a change
    if rng.random() < 0.04:
        life.append((show.end + rng.randrange(HOUR, 3 * DAY), None))
    for at, change in sorted(life, key=lambda step: step[0]):
        if change is None:
            gone = {"op": "delete", "updatedat": text(at), "showid": show.id}
            post.announce(SHOWS, at, msgspec.json.encode(gone).decode())
            return
        row.update(change)
        post.announce(SHOWS, at, msgspec.json.encode({"op": "upsert", "updatedat": text(at), **row}).decode())


def _attend(post: Post, show: Show, actor: Actor, rng: Random) -> None:
    """Join, take part, leave: most come in the first half, few stay to the end."""
    length = show.end - show.start
    joined = show.start + int(rng.triangular(0, length, length * 0.2))
    stay = min(int(rng.expovariate(1 / (18 * MINUTE))) + 4000, show.end - joined + rng.randrange(20_000))

    def act(kind: str, at: int, value: str | None = None) -> None:
        tail = f',"value":{quote(value)}' if value else ""
        post.send(INTERACTION, at, actor, f'"showid":"{show.id}","kind":"{kind}"{tail}')

    def during() -> int:
        return joined + int(rng.random() * stay)

    if rng.random() > 0.01:  # the join of some got lost
        act("join", joined)
    if rng.random() < 0.02:
        act("join", during())
    if rng.random() > 0.07:
        act("leave", joined + stay)
    if rng.random() < 0.4:
        long_play(post, rng, actor, show.content("live"), joined + 200, stay // 1000)
    liked = rng.random()
    if liked < 0.3:
        at = during()
        act("like", at)
        if liked < 0.03:
            act("unlike", at + rng.randrange(500, 60_000))
    for _ in range(int(rng.expovariate(1 / 0.6))):
        act("chat", during(), rng.choice(CHATS))
    draw = rng.random()
    if draw < 0.04:
        act("share", during(), rng.choice(("whatsapp", "x", "wechat", "link")))
    elif draw < 0.09:
        act("follow_creator", during())
    elif draw < 0.2:
        act("poll_vote", during(), rng.choice(POLL_VALUES))
    elif draw < 0.215:
        act("call_in", during())
    elif draw < 0.22:
        act("co_host", during())
    elif draw < 0.24:
        act("notification_enable", during())


def _rediscover(post: Post, show: Show, day: int, crowd: list[User], rng: Random) -> None:
    """An old show goes round: shares and plays of the recording, in one country above all."""
    favoured = rng.choice(COUNTRIES)
    start = day * DAY + rng.randrange(6, 20) * HOUR
    for user in rng.sample(crowd, int(len(crowd) * rng.uniform(0.03, 0.15))):
        if user.country != favoured and rng.random() < 0.4:
            continue
        at = start + int(rng.expovariate(1 / (2 * HOUR)))
        long_play(post, rng, user.app, show.content("archive"), at, rng.randrange(10, 2400))
        if rng.random() < 0.4:
            kind = rng.choice(("like", "share", "follow_creator"))
            post.send(INTERACTION, at + 9000, user.app, f'"showid":"{show.id}","kind":"{kind}"')
