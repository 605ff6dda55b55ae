"""How soon a page shows: first contentful paint from a local server, and a build of the site when nothing has changed.

    python benchmarks/site.py [SITE] [--json]

Without SITE, a built site, the site is built first, and then once more with the clock running. It prints medians of
five visits, each with an empty cache. Needs chromium, as the browser tests do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/browser"))
from results import Report
from stage import Visit, build, kinds, posts, shown

VISITS = 5
PAINTED = """new Promise(done => new PerformanceObserver(list => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) done(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


def main() -> None:
    """Print a line for each kind of page, and for each post."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, nargs="?", help="a built site")
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    options = parser.parse_args()
    report = Report("site", ("what", "median", "slowest visit"), as_json=options.json)
    with shown(options.site) as (built, address, browser):
        if options.site is None:
            start = time.perf_counter()
            build(built)
            report.say("built again with nothing changed", f"{time.perf_counter() - start:.1f} s")
        slowest = 0.0
        for path in sorted({*kinds(built), *posts(built)}):
            paints = []
            for _ in range(VISITS):
                with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
                    paints.append(Visit(context, address).go(path).evaluate(PAINTED))
            slowest = max(slowest, statistics.median(paints))
            report.say(path, f"{statistics.median(paints) / 1000:.2f} s", f"{max(paints) / 1000:.2f} s")
        report.say("slowest page", f"{slowest / 1000:.2f} s")
    report.end()


if __name__ == "__main__":
    main()
