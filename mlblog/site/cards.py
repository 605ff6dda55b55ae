"""Social cards: one image per post, and one of the site for its other pages.

Cached by text in `.mlblog/cards`, so that a build without new titles need not import Matplotlib.
`mlblog/theme/main.html` links them in each page's head.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mlblog.files.atomic import write_atomically
from mlblog.files.canonical import digest
from mlblog.files.made_by import made_by
from mlblog.press import Context, Page
from mlblog.press.page.settings import Settings

_SITE = "site"
_DRAWING = str(Path(__file__).with_name("card.py"))


def pages(context: Context) -> Iterator[Page]:
    """Yield `cards/index.json`, which maps pages to cards, and the cards beside it."""
    root = context.project.root
    posts = [one.post for one in context.posts]
    settings = Settings.of(root / "mkdocs.yml")
    if not posts or not _are_shown(root, settings):
        return
    texts = {_SITE: (settings.name, settings.description, "", "")}
    for post in posts:
        part = "scribbles" if post.folder == "scribbles" else "blog"
        kind = [str(post.meta.get("theme", ""))] if part == "scribbles" else list(post.meta.get("categories", ()))
        day = post.day
        below = " · ".join(filter(None, [f"{day.day} {day:%B %Y}", *kind]))
        texts[f"{part}/{post.slug}"] = (post.title, str(post.meta.get("description", "")), settings.name, below)
    kept = context.project.work / "cards"
    kept.mkdir(parents=True, exist_ok=True)
    cards = {name: _card(kept, text) for name, text in texts.items()}
    wanted = {path.name for path in cards.values()}
    for path in [path for path in kept.iterdir() if path.name not in wanted]:
        path.unlink()
    index = {name: f"{name}.png" for name in sorted(cards)}
    files = {f"{name}.png": path.read_bytes() for name, path in cards.items()}
    yield Page("cards/index.json", json.dumps(index, indent=1) + "\n", files)


def _card(kept: Path, text: tuple[str, str, str, str]) -> Path:
    """The file with the card of a text, drawn if missing."""
    path = kept / f"{digest('card', made_by(_DRAWING), *text)}.png"
    if not path.is_file():
        from mlblog.site.card import drawn  # imports Matplotlib

        write_atomically(path, drawn(*text))
    return path


def _are_shown(root: Path, settings: Settings) -> bool:
    """Whether the blog has a template that links cards, its own or ours."""
    main = root / settings.templates / "main.html"
    if settings.templates and main.is_file():
        return "cards/" in main.read_text(encoding="utf-8")
    return settings.has_design
