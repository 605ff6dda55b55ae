"""What figures that readers can touch load, and how soon a network answers.

    python benchmarks/touch.py [SITE] [--rounds N] [--json]

For each page with such figures: its weight before anyone scrolls, and what all of its figures load on top once they are
near, touched, and their networks run, compressed, drawings of figures aside. For each network the time from the click
to its first output, in a browser that has loaded nothing of it: medians of N rounds, from a server on this machine.
Without SITE, a built site, the site is built first. Needs chromium, as the browser tests do.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/browser"))
from playwright.sync_api import Browser, Locator
from results import Report
from stage import Visit, pages, shown
from weights import heard_by, size, weigh

KINDS = ("frames", "vega", "plotly", "model", "lines")
OF_A_TOUCH = re.compile(r"/assets/(interactive|engine)/")
ALIVE = "(figure) => 'alive' in figure.dataset"


def main() -> None:
    """Print a line for each page that has something to touch, the heaviest first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, nargs="?", help="a built site")
    parser.add_argument("--rounds", type=int, default=3, help="clicks on each network")
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    options = parser.parse_args()
    columns = ("page", "figures", "kB before", "kB more, all touched", "seconds from click to first output")
    report = Report("touch", columns, as_json=options.json)
    with shown(options.site) as (built, address, browser):
        found = []
        for path in pages(built):
            text = (built / path.strip("/") / "index.html").read_text(encoding="utf-8")
            classes = [set(one.split()) for one in re.findall(r'class="([^"]*mlblog-interactive[^"]*)"', text)]
            count = {kind: sum(f"mlblog-{kind}" in one for one in classes) for kind in KINDS}
            if any(count.values()):
                rounds = [touched(browser, address, path) for _ in range(options.rounds if count["model"] else 1)]
                seconds = [median(times) for times in zip(*(times for _, times in rounds), strict=True)]
                before = weigh(browser, address, path).total
                found.append((path, count, before, rounds[0][0], seconds))
    for path, count, before, more, seconds in sorted(found, key=lambda one: (-one[3], one[0])):
        figures = ", ".join(f"{kind} {number}" for kind, number in count.items() if number)
        waits = ", ".join(f"{one:.1f}" for one in seconds)
        report.say(path, figures, f"{before / 1000:.0f}", f"{more / 1000:,.0f}", waits)
    report.end()


def touched(browser: Browser, address: str, path: str) -> tuple[int, list[float]]:
    """Bytes that the figures of a page load when all are touched, and the seconds to each network's first output."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        heard = heard_by(visit)
        page = visit.go(path)
        parts = set(page.eval_on_selector_all("a.mlblog-part", "all => all.map((link) => link.href)"))
        seconds = [bring_to_life(figure) for figure in page.locator(".mlblog-interactive").all()]
        page.wait_for_load_state("networkidle")
        answers = {one.url: one for one in heard}
        more = sum(size(one) for url, one in answers.items() if url in parts or OF_A_TOUCH.search(url))
        return more, [one for one in seconds if one is not None]


def bring_to_life(figure: Locator) -> float | None:
    """Touch a figure; of a network, the seconds from the click until it shows its first output."""
    figure.scroll_into_view_if_needed()
    kinds = str(figure.get_attribute("class")).split()
    if "mlblog-lines" in kinds:
        figure.locator("img:visible").first.hover()
        figure.locator(".mlblog-said").wait_for(state="attached")
        return None
    if "mlblog-model" in kinds:
        figure.get_by_role("button", name="Try it").wait_for()
        figure.page.wait_for_load_state("networkidle")
        start = perf_counter()
        figure.get_by_role("button", name="Try it").click()
        figure.page.wait_for_function(ALIVE, arg=figure.element_handle(), polling=20, timeout=120_000)
        return perf_counter() - start
    figure.page.wait_for_function(ALIVE, arg=figure.element_handle(), timeout=120_000)
    return None


if __name__ == "__main__":
    main()
