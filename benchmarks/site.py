"""How soon a page shows: first contentful paint from a local server, and a build of the site when nothing has changed.

Usage: python benchmarks/site.py [SITE]

Without SITE, a built site, the site is built first, and then once more with the clock running. Prints medians of five
visits, each with an empty cache. Needs chromium, as the browser tests do.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/browser"))
from stage import Visit, build, kinds, posts, shown

VISITS = 5
PAINTED = """new Promise(done => new PerformanceObserver(list => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) done(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


def main(site: Path | None) -> None:
    """Print a line for each kind of page, and for each post."""
    with shown(site) as (built, address, browser):
        if site is None:
            start = time.perf_counter()
            build(built)
            print(f"built again with nothing changed: {time.perf_counter() - start:.1f} s")
        slowest = 0.0
        for path in sorted({*kinds(built), *posts(built)}):
            paints = []
            for _ in range(VISITS):
                with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
                    paints.append(Visit(context, address).go(path).evaluate(PAINTED))
            slowest = max(slowest, statistics.median(paints))
            print(f"{statistics.median(paints) / 1000:.2f} s ({max(paints) / 1000:.2f})  {path}")
        print(f"slowest median: {slowest / 1000:.2f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
