"""Pictures of authors, without a request to another host: gravatars and the like would tell it of every reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_SILHOUETTE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#80868e" d="M12 12a5 5 0 1 0 0-10 5 5 0 '
    '0 0 0 10m0 2.5C6.5 14.5 2 17.5 2 22h20c0-4.5-4.5-7.5-10-7.5"/></svg>'
)


def keep_here(authors: Mapping[str, Any]) -> list[str]:
    """Replace pictures that are missing or on another host by a silhouette, in the page itself.

    Args:
        authors: authors of Material's blog, by key.

    Returns:
        A line for each whose picture is on another host.
    """
    elsewhere = [key for key, author in authors.items() if author.avatar.startswith(("http:", "https:", "//"))]
    for key, author in authors.items():
        if key in elsewhere or not author.avatar:
            author.avatar = f"data:image/svg+xml,{quote(_SILHOUETTE)}"
    return [f"the avatar of {key} is on another host: pages show none; put it into docs/assets" for key in elsewhere]
