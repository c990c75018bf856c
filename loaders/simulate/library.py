"""What can be heard: tracks, stations and podcasts, their members of a `play` event written out beforehand."""

from json.encoder import encode_basestring as quote
from random import Random
from typing import NamedTuple

from loaders.simulate.world import ADJECTIVES, GENRES, NOUNS


class Content(NamedTuple):
    """Something to play. `required` are the members every event needs, `details` what not every producer repeats."""

    required: str
    details: str
    seconds: int  # 0: without an end


class Library(NamedTuple):
    """Tracks by genre and the popular first; a track's `required` lacks its music source, which differs by user."""

    tracks: tuple[tuple[Content, ...], ...]
    stations: tuple[Content, ...]
    podcasts: tuple[Content, ...]


def build(seed: int) -> Library:
    """Make the library of a platform; it depends on the seed alone."""
    rng = Random(f"{seed}/library")
    return Library(
        tuple(tuple(_tracks(rng, number)) for number in range(len(GENRES))),
        tuple(_station(rng, number) for number in range(40)),
        tuple(_podcast(rng, number) for number in range(120)),
    )


def of_source(track: Content, source: str) -> Content:
    """A track as the given music source plays it."""
    return Content(f'"musicsource":"{source}","contentid":"{source}:{track.required}', track.details, track.seconds)


def _words(rng: Random) -> str:
    return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"


def _tracks(rng: Random, genre: int) -> list[Content]:
    artists = [f"{_words(rng)} {rng.choice(('Trio', 'Collective', '& Søn', '乐队', 'Band'))}" for _ in range(12)]
    found = []
    for number in range(150):
        seconds = rng.randrange(95, 420)
        details = f',"title":{quote(_words(rng))},"artist":{quote(rng.choice(artists))}'
        if rng.random() < 0.93:  # some files carry no tags
            details += f',"genre":"{GENRES[genre]}"'
        duration = f"{seconds}.{rng.randrange(1000):03d}" if number % 3 else str(seconds)
        details += f',"durationseconds":{duration}'
        found.append(Content(f'{genre:02d}{number:04d}","contenttype":"track"', details, seconds))
    return found


def _station(rng: Random, number: int) -> Content:
    name = f"Radio {rng.choice(NOUNS)} {80 + number}.{rng.randrange(10)}"
    details = f',"title":{quote(name)}'
    if number % 4:
        details += f',"genre":"{rng.choice(GENRES)}"'
    return Content(f'"musicsource":"radio","contentid":"station:{number:03d}","contenttype":"station"', details, 0)


def _podcast(rng: Random, number: int) -> Content:
    seconds = rng.randrange(600, 4500)
    details = f',"title":{quote(f"{_words(rng)}, episode {number % 30 + 1}")},"artist":{quote(_words(rng))}'
    details += f',"durationseconds":{seconds}'
    required = f'"musicsource":"podcast","contentid":"episode:{number:04d}","contenttype":"podcast"'
    return Content(required, details, seconds)
