"""The days on which hand-written platforms are delivered."""

from tests.warehouse.builders import Files

Deliveries = dict[str, Files]

FIRST, SECOND, THIRD, FOURTH, LAST = DAYS = ("2023-12-31", "2024-01-02", "2024-01-09", "2024-02-01", "2024-03-07")
