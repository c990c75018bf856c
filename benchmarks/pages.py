"""What the pages cost: to write them from a year of 100,000 people's marts, to send them, and to filter them.

    .venv/bin/python -m benchmarks.pages --out /tmp/pages

A filter's time is told by the page itself, in Chromium, from the choice to the last chart drawn; without a browser that
part is left out.
"""

import argparse
import json
import shutil
import statistics
import sys
from datetime import date
from pathlib import Path

from benchmarks import marts
from benchmarks.measure import circumstances, run

CHOICES = 5  # a filter is set so often on each page
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync")


def filtered(folder: Path) -> dict[str, list[float]]:
    """Milliseconds that each page took for each of some choices of its first filter."""
    from playwright.sync_api import sync_playwright

    took: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(SWITCHES))
        for file in sorted(folder.glob("*.html")):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            page.wait_for_selector("body[data-ready]")
            options = page.locator("[data-filter]").first.locator("option")
            values = [one.get_attribute("value") or "" for one in options.all()]
            took[file.stem] = []
            for number in range(CHOICES):
                page.evaluate("delete document.body.dataset.took")
                page.locator("[data-filter]").first.select_option(values[(number + 1) % len(values)])
                page.wait_for_selector("body[data-took]")
                took[file.stem].append(float(page.evaluate("document.body.dataset.took")))
            page.close()
        browser.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    before = circumstances()
    print("making the marts …", file=sys.stderr, flush=True)
    marts.make(asked.out / "earshot.duckdb", marts.Size(asked.users, asked.days, date(2026, 1, 31)))
    settings = {"EARSHOT_SERVING": str(asked.out)}
    pages = asked.out / "pages"
    _, cost = run("commands", ["report", "--out", str(pages)], settings, asked.out / "bench.log", sys.executable)
    took = filtered(pages) if shutil.which("chromium") else {}
    print(f"all pages: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} CPU s, {cost.peak_bytes / 2**20:.0f} MiB\n")
    print("| page | KB | filter, ms: median | most |\n| --- | ---: | ---: | ---: |")
    for file in sorted(pages.glob("*.html")):
        times = took.get(file.stem, [])
        told = f"{statistics.median(times):.0f} | {max(times):.0f}" if times else " | "
        print(f"| {file.stem} | {file.stat().st_size / 1000:.0f} | {told} |")
    result = {"circumstances": before, "users": asked.users, "days": asked.days, "cost": vars(cost), "filters": took}
    (asked.out / "result.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
