"""Chromium of the system, and sites of marts made for the tests."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import marts
from reports import site
from serving import query

ARTEFACTS = Path(__file__).resolve().parent.parent / "artefacts"
NEWEST = date(2026, 1, 31)  # partial; the day before is the one shown
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Site:
    """Pages in a folder, and the marts that they were made of."""

    folder: Path
    marts: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.marts.execute(sql).fetchall()


@dataclass
class Seen:
    """What a page said on the console and asked of anybody."""

    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def make(folder: Path, size: marts.Size, changes: tuple[str, ...] = ()) -> Site:
    """The pages of marts of a size, after some statements have changed these."""
    marts.make(folder / "earshot.duckdb", size)
    with duckdb.connect(str(folder / "earshot.duckdb")) as connection:
        connection.execute("set search_path = 'marts,main'")
        for change in changes:
            connection.execute(change)
    connection = query.connect(folder)
    site.write(connection, folder / "site")
    return Site(folder / "site", connection)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: `apt-get install chromium`.")
        pytest.skip("no Chromium here: `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Nine weeks of four hundred people; no voice at one partner, no sign-ons in one country, a title of two shows."""
    changes = (
        "update dim_shows set title = 'Night Shift' where show_id in (select show_id from fct_trending_shows "
        "where date_day = date '2026-01-30' and scope_type = 'all' and rank in (2, 4))",
        "delete from fct_voice_daily where partner_id = 'velora'",
        "delete from fct_music_service_signons_daily where country_code = 'se'",
    )
    return make(tmp_path_factory.mktemp("platform"), marts.Size(400, 63, NEWEST), changes)


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make(tmp_path_factory.mktemp("nothing"), marts.Size(0, 0, NEWEST))


@pytest.fixture(scope="session")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make(tmp_path_factory.mktemp("one_day"), marts.Size(50, 1, NEWEST))


@pytest.fixture(scope="session")
def no_devices(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make(tmp_path_factory.mktemp("no_devices"), marts.Size(50, 40, NEWEST, with_devices=False))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A reader far from UTC."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="America/Los_Angeles")
    yield context
    context.close()


def visit(
    context: BrowserContext, site: Site, slug: str, choice: str = "", page: Page | None = None
) -> tuple[Page, Seen]:
    """Open a page and wait until it has drawn everything."""
    page = page or context.new_page()
    seen = Seen()
    page.on("console", lambda message: seen.said.append(message.text))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.goto(f"{(site.folder / slug).as_uri()}.html{choice}")
    page.wait_for_selector("body[data-ready]", timeout=30_000)
    return page, seen


def choose(page: Page, **choice: str) -> None:
    """Set filters as a reader does, and wait until the page shows that choice."""
    for name, value in choice.items():
        page.select_option(f"[data-filter={name}]", value)
    until(
        page,
        "wanted => { const shown = JSON.parse(document.body.dataset.shown);"
        " return Object.entries(wanted).every(([name, value]) => shown[name] === value); }",
        choice,
    )


def until(page: Page, condition: str, argument: Any = None) -> None:
    """Wait for a condition. Playwright's own way would have the page evaluate text, which its policy forbids."""
    for _ in range(200):
        if page.evaluate(condition, argument):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within ten seconds: {condition}")
