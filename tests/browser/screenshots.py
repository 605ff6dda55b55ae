"""Photograph every post and one page of each other kind: both schemes, a desk's width and a phone's.

Usage: python tests/browser/screenshots.py FOLDER [SITE]

Without SITE, a built site, the site is built into a temporary folder first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stage import Visit, kinds, posts, shown

WIDTHS = {"desk": 1280, "phone": 390}


def main(target: Path, site: Path | None) -> None:
    """Write one PNG for every page, scheme and width."""
    target.mkdir(parents=True, exist_ok=True)
    with shown(site) as (built, address, browser):
        for scheme in ("light", "dark"):
            for name, width in WIDTHS.items():
                view = {"width": width, "height": 900}
                with browser.new_context(color_scheme=scheme, viewport=view, reduced_motion="reduce") as context:
                    visit = Visit(context, address)
                    for path in sorted({*kinds(built), *posts(built)}):
                        page = path.removesuffix(".html").strip("/").replace("/", "-") or "home"
                        file = target / f"{page}.{name}.{scheme}.png"
                        visit.go(path).screenshot(path=file, full_page=True)
                        print(file)


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    main(arguments[0], arguments[1] if len(arguments) == 2 else None)
