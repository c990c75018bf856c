"""Every number on every page is that of the marts, whatever is chosen, and charts have a mark for each."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import numbers
from tests.browser.conftest import Site, choose, visit
from tests.browser.numbers import Choice

TABLES = {
    "index": ("users", "hours", "return", "trending"),
    "audience": ("active", "stickiness", "growth", "weeks", "months", "registrations", "countries"),
    "listening": ("sources", "genres", "week", "rates", "listeners", "types", "skipped"),
    "shows": ("trending", "expected", "peaks", "crowds", "categories", "performance"),
    "devices": ("uptake", "latest", "adoption", "models", "fleet", "milestones"),
    "engagement": ("screens", "paths", "signons", "services", "voice", "languages", "funnel", "promotions"),
    "right-now": ("hours", "fortnight"),
    "data-health": ("datasets", "loads", "files", "reasons", "rejects"),
}
CHOICES = {
    "index": (
        Choice(),
        Choice(partner_id="nordklang"),
        Choice(partner_id="nordklang", client_id="nordklang-app", country_code="de"),
    ),
    "audience": (Choice(), Choice(partner_id="maison", range="28"), Choice(country_code="br", range="all")),
    "listening": (Choice(), Choice(partner_id="velora", country_code="fr"), Choice(range="28")),
    "shows": (Choice(), Choice(country_code="de", range="28")),
    "devices": (Choice(range="28"), Choice(model="Nordklang Mini", range="28")),
    "engagement": (
        Choice(),
        Choice(partner_id="earshot", country_code="gb"),
        Choice(partner_id="velora", client_id="velora-car", range="28"),
    ),
    "right-now": (Choice(), Choice(partner_id="velora"), Choice(partner_id="maison", client_id="maison-app")),
    "data-health": (Choice(), Choice(range="28")),
}
CASES = [(page, choice) for page, choices in CHOICES.items() for choice in choices]


@pytest.mark.parametrize(("slug", "choice"), CASES, ids=lambda one: one if isinstance(one, str) else None)
def test_tables_are_what_the_marts_say(context: BrowserContext, platform: Site, slug: str, choice: Choice) -> None:
    page, _ = visit(context, platform, slug)
    there = {filter.get_attribute("data-filter") or "" for filter in page.locator("[data-filter]").all()}
    choose(page, **{name: value for name, value in vars(choice).items() if name in there})
    cards = {section.get_attribute("id") for section in page.locator("section.card:not(:has(.figures))").all()}
    assert cards == set(TABLES[slug])
    for card in TABLES[slug]:
        assert_same(card, table(page, card), platform.rows(numbers.expected(slug, card, choice)))


def table(page: Page, card: str) -> list[list[Any]]:
    """A card's table as it is read: texts are keys, all else is a number and how far it may be off, being rounded."""
    if "empty" in (page.locator(f"#{card}").get_attribute("class") or ""):
        return []
    details = page.locator(f"#{card} details")
    if details.count():
        details.locator("summary").click()
        page.wait_for_selector(f"#{card} thead th", state="attached")
    rows = page.locator(f"#{card} tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].map(cell => [cell.className, cell.textContent]))"
    )
    return [[text if "text" in kind else number(text) for kind, text in row] for row in rows]


def number(text: str) -> tuple[float | None, float]:
    """A number as it is written, and half of its last digit."""
    if text == "–":
        return None, 0
    share = 100 if text.endswith("%") else 1
    digits = re.sub(r"[,\s%]", "", text)
    decimals = len(digits.partition(".")[2])
    return float(digits) / share, (0.51 * 10**-decimals if decimals else 0) / share


def assert_same(card: str, shown: list[list[Any]], said: list[tuple[Any, ...]]) -> None:
    assert shown or not said, f"{card} shows nothing of {len(said)} rows"
    width = sum(isinstance(one, str) for one in shown[0]) if shown else 0
    keyed = {tuple(row[:width]): row[width:] for row in shown}
    wanted = {tuple(str(one) for one in row[:width]): row[width:] for row in said}
    assert len(keyed) == len(shown) and len(wanted) == len(said), card
    assert keyed.keys() == wanted.keys(), card
    for key, values in keyed.items():
        for (value, near), want in zip(values, wanted[key], strict=True):
            if value is None or want is None:
                assert value == want, (card, key)
            else:
                # 76 may be 76.02; and a page keeps six digits of what is not whole.
                allowed = 0 if isinstance(want, int) else max(near or 0.051, abs(value) * 1e-6)
                assert abs(value - float(want)) <= allowed, (card, key, value, want)


FIGURES = {
    "index": ("day", "rpt_daily_flash", "and date_day = date '2026-01-30'", "same_day_last_week", "day_before"),
    "right-now": ("so_far", "rpt_so_far_today", "", "same_time_last_week", "same_time_yesterday"),
}
LABELS = {
    "index": {
        "dau": "Active users",
        "hours_listened": "Hours listened",
        "share_on_latest_firmware": "On the latest firmware",
    },
    "right-now": {
        "tracks_started": "Tracks started",
        "show_joins": "Joins of shows",
        "hours_listened": "Hours listened",
    },
}


@pytest.mark.parametrize("slug", FIGURES)
@pytest.mark.parametrize("partner", ["all", "maison"])
def test_figures_are_what_the_marts_say(context: BrowserContext, platform: Site, slug: str, partner: str) -> None:
    page, _ = visit(context, platform, slug)
    choose(page, partner_id=partner)
    card, mart, when, before, day_before = FIGURES[slug]
    for metric, label in LABELS[slug].items():
        [(value, week, day)] = platform.rows(
            f"select value, {before}, {day_before} from {mart} "
            f"where partner_id = '{partner}' and client_id = 'all' and metric = '{metric}' {when}"
        )
        item = page.locator(f"#{card} li[data-metric='{label}']")
        assert number(item.locator("b").inner_text())[0] == pytest.approx(value, abs=0.051)
        small = [
            number(text.split(" ", 3)[-1].removeprefix("before "))[0]
            for text in item.locator("small").all_inner_texts()
        ]
        assert small == [pytest.approx(week, abs=0.051), pytest.approx(day, abs=0.051)]
        change = value - week if "share" in metric else value / week - 1
        moved = item.locator("span").nth(1)
        assert float(re.sub(r"[^-+.0-9]", "", moved.inner_text())) == pytest.approx(change * 100, abs=0.051)
        assert moved.get_attribute("class") == ("down" if change < 0 else "up")


def test_figures_stand_in_the_order_of_the_flash(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "index")
    names = page.locator("#day .name").all_inner_texts()
    assert names[:3] == ["Active users", "Active in 7 days", "Active in 28 days"] and len(names) == 13


# Of each chart: what its marks are, and how many of them a row has.
MARKS = {
    "index": {"users": ("lines", 3), "hours": ("rect", 1), "return": ("rect", 1)},
    "audience": {"stickiness": ("lines", 1), "growth": ("rect", 4), "weeks": ("rect", 1), "countries": ("rect", 1)},
    "listening": {"genres": ("rect", 1), "week": ("rect", 1), "rates": ("lines", 2), "skipped": ("rect", 1)},
    "shows": {"expected": ("rect", 2), "peaks": ("lines", 1), "crowds": ("symbol", 1), "categories": ("rect", 1)},
    "devices": {"latest": ("lines", 1), "adoption": ("lines", 1), "models": ("rect", 1), "fleet": ("rect", 1)},
    "engagement": {"screens": ("rect", 1), "paths": ("rect", 1), "signons": ("rect", 3), "funnel": ("rect", 1)},
    "right-now": {"hours": ("lines", 1), "fortnight": ("rect", 1)},
    "data-health": {"loads": ("rect", 1), "reasons": ("rect", 1)},
}


@pytest.mark.parametrize("slug", MARKS)
def test_charts_have_a_mark_for_every_row(context: BrowserContext, platform: Site, slug: str) -> None:
    page, _ = visit(context, platform, slug, "#range=28")
    for card, (kind, each) in MARKS[slug].items():
        rows = int(page.locator(f"#{card}").get_attribute("data-rows") or 0)
        if kind == "lines":
            paths = page.locator(f"#{card} .mark-line path").evaluate_all(
                "all => all.map(one => one.getAttribute('d'))"
            )
            marks = sum(len(re.findall("[ML]", path)) for path in paths)
        else:
            marks = page.locator(f"#{card} .mark-{kind}.role-mark path").count()
        assert rows > 1 and marks == rows * each, card


def test_a_longer_bar_is_a_larger_number(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "audience")
    widths = page.locator("#countries .mark-rect path").evaluate_all("all => all.map(one => one.getBBox().width)")
    values = [row[1][0] for row in table(page, "countries")]
    assert values == sorted(values, reverse=True)
    assert [width / widths[0] for width in widths] == pytest.approx([value / values[0] for value in values], abs=0.01)
