"""Names of documented code, where the text mentions them, lead to what they name."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup
from stage import pages

MENTIONING = re.compile(r"/(?:blog|scribbles|papers|guide)/.*|/reference/|/about/")


def test_names_of_documented_code_lead_to_their_reference(site: Path) -> None:
    parts = "|".join(place.parent.name for place in site.glob("reference/*/index.html"))
    name = re.compile(rf"mlblog\.(?:{parts})(?:\.\w+)*")
    bare, seen = [], 0
    for path in filter(MENTIONING.fullmatch, pages(site)):
        page = site / path.strip("/") / "index.html"
        content = BeautifulSoup(page.read_text(), "html.parser").select_one(".md-content")
        assert content is not None
        for code in content.select("code:not(pre code)"):
            if name.fullmatch(code.get_text()):
                link = code.find_parent("a")
                seen += 1
                if link is None or not _is_there(page, str(link["href"])):
                    bare.append(f"{path}: {code.get_text()}")
    assert bare == []
    assert seen > 100


def _is_there(page: Path, address: str) -> bool:
    place, _, anchor = address.partition("#")
    target = (page.parent / unquote(place) / "index.html").resolve()
    return target.is_file() and (not anchor or f'id="{unquote(anchor)}"' in target.read_text())
