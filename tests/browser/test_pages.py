"""Pages work for everybody, anywhere: no network, no errors, any screen, light and dark, by keyboard and read aloud."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import ARTEFACTS, Site, choose, until, visit

SLUGS = ("index", "audience", "listening", "shows", "devices", "engagement", "right-now", "data-health")
WIDTHS = (1280, 768, 390)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", SLUGS)
def test_any_screen_without_errors_or_network(browser: Browser, platform: Site, slug: str, scheme: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    seen = visit(context, platform, slug, page=page)[1]
    ARTEFACTS.mkdir(exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        until(
            page,
            "() => [...document.querySelectorAll('.chart svg')]"
            ".every(one => one.getBoundingClientRect().right <= innerWidth)",
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=ARTEFACTS / f"{slug}-{width}-{scheme}.png", full_page=True)
    faults = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not faults, [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in faults]
    assert seen.said == []
    assert seen.asked == [page.url.split("#")[0]]
    context.close()


def test_pages_may_run_no_other_script(platform: Site) -> None:
    text = (platform.folder / "index.html").read_text("utf-8")
    assert "default-src 'none'; script-src 'sha256-" in text
    assert "unsafe-eval" not in text.split("<style>")[0] and "script-src 'unsafe-inline'" not in text


@pytest.mark.parametrize("slug", SLUGS)
def test_pages_can_be_sent(platform: Site, slug: str) -> None:
    assert (platform.folder / f"{slug}.html").stat().st_size < 1_500_000


def test_names_are_text_and_never_markup(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "shows")
    expect(page.locator("#trending tbody tr").first).to_contain_text('"0" <b>')
    assert page.locator("main b").count() == 0


def test_a_definition_shows_on_hover_and_on_focus(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "audience")
    tip = page.locator("#stickiness [role=tooltip]")
    expect(tip).not_to_be_visible()
    page.locator("#stickiness .tip").hover()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("fct_active_users_daily: One row per")
    page.mouse.move(0, 0)
    expect(tip).not_to_be_visible()
    page.locator("#stickiness .tip button").focus()
    expect(tip).to_be_visible()


def test_keys_alone_reach_filters_and_numbers(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "devices")
    page.locator("[data-filter=model]").focus()
    page.keyboard.press("ArrowDown")
    until(page, "() => JSON.parse(document.body.dataset.shown).model !== 'all'")
    page.locator("#latest summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#latest tbody tr").first).to_be_visible()


def test_the_choice_goes_along_to_other_pages(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "index")
    choose(page, client_id="nordklang-app")
    assert page.locator("[data-filter=partner_id]").input_value() == "nordklang"
    page.get_by_role("link", name="Listening").click()
    page.wait_for_selector("body[data-ready]")
    assert page.locator("[data-filter=client_id]").input_value() == "nordklang-app"
    choose(page, partner_id="velora")
    assert page.locator("[data-filter=client_id]").input_value() == "all"


def test_a_chart_that_cannot_follow_a_filter_says_so(context: BrowserContext, platform: Site) -> None:
    page, _ = visit(context, platform, "audience")
    expect(page.locator("#growth .deaf")).to_be_hidden()
    choose(page, country_code="de")
    expect(page.locator("#growth .deaf")).to_have_text("Not told apart by country.")
    expect(page.locator("#active .deaf")).to_be_hidden()


def test_days_are_those_of_utc_wherever_the_reader_is(browser: Browser, platform: Site) -> None:
    labels = {}
    for zone in ("America/Los_Angeles", "UTC", "Pacific/Auckland"):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id=zone)
        page, _ = visit(context, platform, "audience")
        labels[zone] = page.locator("#active .role-axis-label text, #growth .role-axis-label text").all_inner_texts()
        context.close()
    assert labels["America/Los_Angeles"] == labels["UTC"] == labels["Pacific/Auckland"]


def test_a_choice_without_rows_is_said(context: BrowserContext, platform: Site) -> None:
    page, seen = visit(context, platform, "engagement")
    choose(page, partner_id="velora")
    expect(page.locator("#voice .nothing")).to_be_visible()
    expect(page.locator("#voice .chart")).to_be_hidden()
    choose(page, partner_id="all")
    expect(page.locator("#voice .nothing")).to_be_hidden()
    assert page.locator("#voice .mark-rect path").count() > 0
    assert seen.said == []


@pytest.mark.parametrize("slug", SLUGS)
def test_a_warehouse_without_anything_says_so(context: BrowserContext, nothing: Site, slug: str) -> None:
    page, seen = visit(context, nothing, slug)
    expect(page.locator(".lead")).to_contain_text("no activity yet")
    assert page.locator("section.card").count() == page.locator("section.card.empty .nothing:visible").count()
    assert seen.said == []


@pytest.mark.parametrize("slug", SLUGS)
def test_one_day_is_shown_as_far_as_it_goes(context: BrowserContext, one_day: Site, slug: str) -> None:
    page, seen = visit(context, one_day, slug)
    assert seen.said == []
    if slug == "index":
        expect(page.locator(".badge")).to_contain_text("partial")
        expect(page.locator("#day li").first).to_be_visible()
        expect(page.locator("#return .nothing")).to_be_visible()


def test_a_platform_without_devices_says_so(context: BrowserContext, no_devices: Site) -> None:
    page, seen = visit(context, no_devices, "devices")
    assert page.locator("section.card.empty .nothing:visible").count() == page.locator("section.card").count()
    assert page.locator("[data-filter=model] option").count() == 1
    assert seen.said == []
