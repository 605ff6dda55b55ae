"""Additions to the RSS plugin: dates in Material's format, and social cards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlblog.files.atomic import write_if_changed

_LINK = re.compile(r'<guid isPermaLink="true">([^<]*)</guid>')


def dates(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The dates of a post for the feeds, which need one per key; Material allows several in one.

    Returns:
        `date`, when it was written, and `updated`, when it was last changed; nothing for a page without a date.
    """
    found = meta.get("date")
    if found is None:
        return {}
    several = found if isinstance(found, dict) else {"created": found}
    return {"date": several["created"], "updated": several.get("updated", several["created"])}


def add_pictures(folder: Path, url: str) -> None:
    """Add the cards of a built site to its feeds, RSS 2.0 and JSON Feed 1.1.

    Args:
        folder: the built site; unchanged if it has no cards.
        url: its base URL, with a trailing slash.
    """
    index = folder / "cards/index.json"
    if not index.is_file():
        return
    cards = {f"{url}{name}/": file for name, file in json.loads(index.read_text(encoding="utf-8")).items()}
    icon = f"{url}cards/site.png"
    for path in sorted(folder.glob("feed_rss_*.xml")):
        text = path.read_text(encoding="utf-8").replace("<url>None</url>", f"<url>{icon}</url>")
        text = _LINK.sub(lambda match: match[0] + _enclosure(folder, url, cards.get(match[1])), text)
        write_if_changed(path, text.encode())
    for path in sorted(folder.glob("feed_json_*.json")):
        feed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        feed["icon"] = icon
        for item in feed["items"]:
            item["image"] = f"{url}cards/{cards[item['url']]}" if item["url"] in cards else icon
        write_if_changed(path, json.dumps(feed, ensure_ascii=False).encode())


def _enclosure(folder: Path, url: str, card: str | None) -> str:
    if card is None:
        return ""
    return f'<enclosure url="{url}cards/{card}" type="image/png" length="{(folder / "cards" / card).stat().st_size}" />'
