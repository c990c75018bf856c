"""What people hear: sessions of tracks, a station, a podcast, and the events their players report."""

from random import Random

from loaders.simulate.actors import Actor
from loaders.simulate.clock import MINUTE
from loaders.simulate.delivery import PLAY, Post
from loaders.simulate.library import Content, Library, of_source


class Playback:
    """One playback: remembers when it last reported, so that seconds are told once and never more than passed."""

    def __init__(self, post: Post, rng: Random, actor: Actor, content: Content, at: int) -> None:
        self._post = post
        self._actor = actor
        self._content = content
        self._head = f'"playid":"p{rng.getrandbits(64):016x}","action":"'
        # Most players repeat everything; some tell the details with the first event only, a few only later.
        draw = rng.random()
        self._first_details = draw > 0.03
        self._later_details = draw < 0.8
        self._whole_seconds = draw < 0.3
        self._since = at
        details = content.details if self._first_details else ""
        post.send(PLAY, at, actor, f'{self._head}play",{content.required}{details}')

    def report(self, action: str, at: int, *, heard: bool = True) -> None:
        """Report an action; what passed since the last report was heard, or was a pause."""
        passed = at - self._since if heard else 0
        self._since = at
        seconds = str(passed // 1000) if self._whole_seconds else f"{passed / 1000}"
        details = self._content.details if self._later_details else ""
        body = f'{self._head}{action}","secondslistened":{seconds},{self._content.required}{details}'
        self._post.send(PLAY, at, self._actor, body)


def listen(
    post: Post, rng: Random, actor: Actor, library: Library, genres: tuple[int, ...], sources: list[str], at: int
) -> int:
    """Hold one listening session from a time on; give back when it ends."""
    draw = rng.random()
    if draw < 0.13:
        return long_play(post, rng, actor, rng.choice(library.stations), at, int(rng.expovariate(1 / 2100) + 20))
    if draw < 0.23:
        episode = rng.choice(library.podcasts)
        wanted = episode.seconds if rng.random() < 0.4 else int(episode.seconds * rng.random()) + 5
        return long_play(post, rng, actor, episode, at, wanted)
    source = rng.choice(sources)
    for _ in range(1 + int(rng.expovariate(1 / 6))):
        tracks = library.tracks[rng.choice(genres)]
        at = _track(post, rng, actor, of_source(tracks[int(len(tracks) * rng.random() ** 2.2)], source), at)
    return at


def long_play(post: Post, rng: Random, actor: Actor, content: Content, at: int, seconds: int) -> int:
    """Hear something long: a sign of life every five minutes; some players just vanish."""
    seconds = min(seconds, 5 * 3600)
    play = Playback(post, rng, actor, content, at)
    end = at + seconds * 1000 + rng.randrange(1000)
    while end - at > 6 * MINUTE:
        at += 5 * MINUTE + rng.randrange(-400, 400)
        play.report("heartbeat", at)
    if rng.random() > 0.08:
        play.report("stop", end)
    return end


def _track(post: Post, rng: Random, actor: Actor, track: Content, at: int) -> int:
    play = Playback(post, rng, actor, track, at)
    draw = rng.random()
    if draw < 0.24:  # not this one
        at += min(1500 + int(rng.expovariate(1 / 20_000)), track.seconds * 1000)
        play.report("skip", at)
        return at + rng.randrange(200, 2500)
    whole = track.seconds * 1000
    if draw < 0.32:
        half = int(whole * rng.uniform(0.1, 0.9))
        play.report("pause", at + half)
        wait = int(rng.expovariate(1 / 240_000)) + 2000
        at += wait
        play.report("resume", at + half, heard=False)
    elif whole > 150_000 and draw < 0.7:
        play.report("heartbeat", at + 120_000 + rng.randrange(800))
    at += whole
    if draw < 0.955:
        play.report("stop", at)
    return at + rng.randrange(100, 4000)
