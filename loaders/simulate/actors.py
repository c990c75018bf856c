"""Who sends: the part of the envelope that stays the same from one event of a sender to the next, and its clock."""

from dataclasses import dataclass
from random import Random

from loaders.simulate.clock import DAY, EPOCH_MILLIS, HOUR, MILLIS, MINUTE, Style
from loaders.simulate.world import CLIENT


@dataclass(slots=True, eq=False)
class Actor:
    """A sender of events.

    `clock` is what its clock is ahead of the true time when an event happens, `sending_clock` when it is sent;
    only a clock that was set right in between makes them differ. Milliseconds, all of them.
    """

    region: int  # index into `world.REGIONS`
    envelope: str
    style: Style
    clock: int = 0
    sending_clock: int = 0
    tells_sent: bool = True
    offline_until: int = 0


def style_of(name: str, zone: int) -> Style:
    """Resolve a client's way to write timestamps for a sender in a zone (minutes east of UTC)."""
    sign = "+" if zone >= 0 else "-"
    hours, minutes = divmod(abs(zone), 60)
    offset = f"{sign}{hours:02d}:{minutes:02d}"
    styles = {
        "epoch": EPOCH_MILLIS,
        "millis": MILLIS,
        "seconds": Style(0, 0, "Z"),
        "tenths": Style(1, 0, "Z"),
        "micros": Style(6, 0, "+00:00"),
        "nanos": Style(9, 0, "Z"),
        "local": Style(3, zone * MINUTE, offset),
        "compact": Style(3, zone * MINUTE, offset.replace(":", "")),
    }
    return styles[name]


def envelope(
    client_id: str,
    user_id: str | None,
    device_id: str | None,
    country: str | None,
    platform: str | None,
    version: str | None,
) -> str:
    """Write the constant members of the envelope as JSON text; the web spells a missing one as null."""
    members = [f'"clientid":"{client_id}"']
    upper = CLIENT[client_id].upper_country
    for name, value in (
        ("userid", user_id),
        ("deviceid", device_id),
        ("countrycode", country.upper() if country and upper else country),
        ("platform", platform),
        ("appversion", version),
    ):
        if value is not None:
            members.append(f'"{name}":"{value}"')
        elif platform == "web":
            members.append(f'"{name}":null')
    return ",".join(members)


def dress(actor: Actor, rng: Random) -> Actor:
    """Give a new sender its clock: right for most, wrong by a fixed amount for some."""
    draw = rng.random()
    if draw < 0.02:
        actor.clock = actor.sending_clock = rng.choice((-1, 1)) * rng.randrange(2 * MINUTE, 9 * HOUR)
    elif draw < 0.04:
        actor.clock = actor.sending_clock = rng.choice((-400 * DAY, -31 * DAY, 365 * DAY, 2 * DAY))
    elif draw < 0.055:
        # It happened by a clock that ran ahead, and was sent after the clock had been set right.
        actor.clock = rng.randrange(5 * MINUTE, 40 * MINUTE)
    elif draw < 0.12:
        actor.tells_sent = False
        if draw < 0.065:
            actor.clock = rng.randrange(-20 * MINUTE, 20 * MINUTE)
    return actor
