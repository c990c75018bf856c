"""The pages, in the order in which they stand in the navigation."""

import duckdb

from reports.card import Page
from reports.pages import audience, data_health, devices, engagement, listening, overview, right_now, shows


def all_pages(connection: duckdb.DuckDBPyConnection) -> tuple[Page, ...]:
    """Every page, its charts coloured by what the marts hold."""
    modules = (overview, audience, listening, shows, devices, engagement, right_now, data_health)
    return tuple(module.page(connection) for module in modules)
