"""Cache of what Material's plugins extract from a page's HTML: search entries and reading time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from mlblog.files.canonical import digest
from mlblog.files.made_by import made_by
from mlblog.files.remembered import Remembered

_READERS = ("mkdocs-material",)


class Posts(list[Any]):
    """The posts of a blog, with membership tested by file in constant time."""

    def __init__(self, posts: Iterable[Any]) -> None:
        super().__init__(posts)
        self._by_file = {post.file.src_uri: post for post in self}

    def __contains__(self, page: object) -> bool:
        if len(self._by_file) != len(self):  # a post was added
            return super().__contains__(page)
        file: Any = getattr(page, "file", None)
        return file is not None and self._by_file.get(file.src_uri) == page


def reading_time(derived: Remembered, usual: Callable[[str, int], int], html: str, words_per_minute: int) -> int:
    """Cached version of Material's `readtime`."""
    key = digest("reading time", made_by(libraries=_READERS), str(words_per_minute), html)
    return int(derived.get(key, lambda: usual(html, words_per_minute)))


def search_entries(index: Any, derived: Remembered, usual: Callable[[Any, Any], None], page: Any) -> None:
    """Cached version of Material's `SearchIndex.add_entry_from_context`."""
    try:
        said = [page.meta.get(name) for name in ("title", "tags", "search")]
        about = json.dumps([page.title, page.url, *said])
    except TypeError:  # a tag that is a date
        usual(index, page)
        return
    before = len(index.entries)

    def make() -> list[Any]:
        usual(index, page)
        return [dict(entry) for entry in index.entries[before:]]

    anchors = json.dumps([_ids(item) for item in page.toc])
    found = derived.get(digest("search", made_by(libraries=_READERS), page.content, anchors, about), make)
    del index.entries[before:]
    index.entries += [dict(entry) for entry in found]


def _ids(item: Any) -> Any:
    return [item.id, item.url, [_ids(child) for child in item.children]]
