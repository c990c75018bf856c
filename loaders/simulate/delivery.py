"""From an event that happens to a file in the inbox: clocks, dead spots, retries, batches, outages."""

from collections.abc import Callable
from random import Random

from loaders.simulate.actors import Actor
from loaders.simulate.clock import DAY, HOUR, MINUTE, SECONDS, date_text, stamp
from loaders.simulate.world import REGIONS

STREAMS = (
    "play",
    "navigation",
    "tokenrequest",
    "musicserviceauth",
    "voicefeedback",
    "showinteraction",
    "notification",
    "promotion",
)
PLAY, NAVIGATION, TOKEN, SIGN_ON, VOICE, INTERACTION, NOTIFICATION, PROMOTION = range(len(STREAMS))
TABLES = ("shows", "creators", "firmware")

# Everything delivered file by file: the streams of both regions, then the catalog.
CHANNELS = tuple(f"events/{region}/{stream}" for region in REGIONS for stream in STREAMS) + tuple(
    f"catalog/{table}" for table in TABLES
)
CATALOG = len(REGIONS) * len(STREAMS)

# A delivery is written when it is long enough, at the latest when the day ends.
BATCH_RECORDS = 500
FILE_RECORDS = 20_000

Write = Callable[[int, int, list[str]], None]


class Post:
    """Takes what producers send and hands it, in order of receipt and batch by batch, to a writer of files.

    Holds only what is under way: what a phone without a network sends days later waits here. Whatever would
    be received after `end` never comes.
    """

    def __init__(self, seed: int, first_day: int, end: int, write: Write, late: float) -> None:
        self._seed = seed
        self._end = end
        self._first = first_day * DAY
        self._write = write
        self.late = late
        self._under_way: dict[int, list[list[tuple[int, str]]]] = {}
        self._batches: list[list[str]] = [[] for _ in CHANNELS]
        self.written = [0] * len(CHANNELS)
        self.begin(first_day)

    def begin(self, day: int) -> None:
        """Start a day: its randomness depends on the seed and the day alone."""
        self._rng = Random(f"{self._seed}/post/{day}")

    def lose_network(self, actor: Actor, now: int) -> None:
        """Maybe leave a sender without a network, for minutes or for days, from now on."""
        draw = self._rng.random()
        if draw < self.late:
            span = (40 * MINUTE, 9 * HOUR, 30 * HOUR, 5 * DAY)[int(draw / self.late * 4)]
            actor.offline_until = now + int(self._rng.random() * span)

    def send(self, stream: int, at: int, actor: Actor, body: str) -> None:
        """Report that something happened at a time; `body` is the stream's own members as JSON text."""
        random = self._rng.random
        sent = at + 120 + int(random() * 3000)
        if sent < actor.offline_until:
            sent = actor.offline_until + int(random() * 20_000)
        digits = f"{self._rng.getrandbits(120):030x}"
        event_id = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15:18]}-{digits[18:]}"
        happened = f'{{"eventid":"{event_id}","eventtime":{stamp(at + actor.clock, actor.style)}'
        rest = f"{actor.envelope},{body}}}"
        while True:
            received = sent + 30 + int(random() * 600)
            if received < self._end:
                day, left = divmod(received, DAY)
                second, milli = divmod(left, 1000)
                spelled = f'"{date_text(day)}T{SECONDS[second]}.{milli:03d}{int(random() * 1000):03d}Z"'
                if actor.tells_sent:
                    line = (
                        f'{happened},"senttime":{stamp(sent + actor.sending_clock, actor.style)},'
                        f'"receivedtime":{spelled},{rest}'
                    )
                else:
                    line = f'{happened},"receivedtime":{spelled},{rest}'
                self._put(actor.region * len(STREAMS) + stream, received, line)
            if random() > 0.012:
                return
            # The answer got lost: the producer sends it again, mostly soon, sometimes hours later.
            wait = 20 * HOUR if random() < 0.15 else 4 * MINUTE
            sent += 2000 + int(random() * wait)

    def announce(self, table: int, at: int, line: str) -> None:
        """Send a change of the catalog made at a time: mostly at once, sometimes hours late or twice."""
        random = self._rng.random
        received = max(at, self._first) + int(random() * 20_000)
        if random() < 0.06:
            received += int(random() * 30 * HOUR)
        while True:
            if received < self._end:
                self._put(CATALOG + table, received, line)
            if random() > 0.03:
                return
            received += int(random() * 10 * HOUR)

    def _put(self, channel: int, received: int, line: str) -> None:
        hour = received // HOUR
        slot = self._under_way.get(hour)
        if slot is None:
            slot = self._under_way[hour] = [[] for _ in CHANNELS]
        slot[channel].append((received, line))

    def deliver(self, day: int, *, last: bool) -> None:
        """Write what was received on a day. A channel can be stuck for hours, once in a while until tomorrow."""
        rng = self._rng
        stuck = [0] * len(CHANNELS)
        for channel in range(CATALOG):
            if not last and rng.random() < 0.02:
                stuck[channel] = rng.choice((9, 17, 24))
        for hour in range(24):
            slot = self._under_way.pop(day * 24 + hour, None)
            for channel, batch in enumerate(self._batches):
                if slot and slot[channel]:
                    received = slot[channel]
                    received.sort()
                    batch.extend([line for _, line in received])
                    received.clear()
                if batch and (len(batch) >= BATCH_RECORDS or hour == 23) and hour >= stuck[channel]:
                    for start in range(0, len(batch), FILE_RECORDS):
                        self._write(channel, day * 24 + hour, batch[start : start + FILE_RECORDS])
                    self.written[channel] += len(batch)
                    batch.clear()
