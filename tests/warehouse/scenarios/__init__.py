"""Hand-written platforms that ask for trouble: each theme is a few deliveries about one kind of trouble.

A theme is a function that gives its files by the day on which they are delivered, one of `DAYS`; what a file says may
have happened on any date. Together they cover a year's end, a 29 February and the borders of weeks and months.
"""

from collections.abc import Callable

from tests.warehouse.builders import deliver, event
from tests.warehouse.helpers import together
from tests.warehouse.scenarios import engagement, events, recent, shows, tables
from tests.warehouse.scenarios.days import DAYS, FIRST, Deliveries

THEMES: tuple[Callable[[], Deliveries], ...] = (
    events.duplicates,
    events.moving_plays,
    events.orderly_plays,
    events.small_acts,
    events.long_listening,
    events.calendar_borders,
    events.wandering_users,
    events.wrong_clocks,
    events.broken_files,
    engagement.screens,
    engagement.sign_ons,
    engagement.voices,
    engagement.messages,
    engagement.promotions,
    shows.attendance,
    shows.opinions,
    recent.so_far,
    recent.held,
    tables.accounts,
    tables.speakers,
    tables.crowds,
)


def one_user_one_day() -> Deliveries:
    """The smallest platform that has a row in the audience marts."""
    return {FIRST: deliver(FIRST, event("navigation", "2023-12-31T12:00"))}


def all_together() -> Deliveries:
    """Every theme on one platform, by day of delivery."""
    themes = [theme() for theme in THEMES]
    return {day: together(*[theme.get(day, {}) for theme in themes]) for day in DAYS}
