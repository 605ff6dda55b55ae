"""What pages weigh before anyone scrolls: compressed bytes and requests, figures included.

    python benchmarks/weight.py [SITE] [--json]

Without SITE, a built site, the site is built first. Needs chromium, as the browser tests do.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/browser"))
from results import Report
from stage import kinds, posts, shown
from weights import weigh


def main() -> None:
    """Print a line for each post and for each other kind of page, the heaviest first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, nargs="?", help="a built site")
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    options = parser.parse_args()
    report = Report("weight", ("page", "kB", "requests"), as_json=options.json)
    with shown(options.site) as (built, address, browser):
        found = {path: weigh(browser, address, path) for path in {*posts(built), *kinds(built)}}
    for path, weight in sorted(found.items(), key=lambda one: (-one[1].total, one[0])):
        report.say(path, f"{weight.total / 1000:.0f}", f"{len(weight.files)}")
    report.end()


if __name__ == "__main__":
    main()
