"""Sounds on a page: a link to the file, which the page shows as a player, and what is heard, in words."""

from __future__ import annotations

import html
import io
import re
import wave

from mlblog.papers.citation import escaped
from mlblog.press.source import blocks

_LINK = re.compile(r'<a (?P<attributes>[^>]*\bclass="mlblog-player"[^>]*)>(?P<text>[^<]*)</a>')
_ADDRESS = re.compile(r'\bhref="([^"]*)"')


def player(path: str, content: bytes, transcript: str) -> str:
    """Markdown of a sound: a link, since hosts keep links right wherever they show a page, and its transcript.

    Args:
        path: of its file, from the page.
        content: of the file.
        transcript: what is heard, as plain text.
    """
    length = f"{seconds:.1f} s, " if (seconds := _seconds(content)) else ""
    link = f"[Sound, {length}{len(content) / 1000:.0f} kB]({path}){{ .mlblog-player data-search-exclude }}\n"
    return f"{link}\n{blocks.block('div.mlblog-transcript', f'**Transcript.** {escaped(transcript)}')}"


def with_players(page: str) -> str:
    """The HTML of a page with players in place of links to sounds; nothing is fetched before a reader presses play."""

    def shown(link: re.Match[str]) -> str:
        address = _ADDRESS.search(link["attributes"])
        if address is None:
            return link[0]
        options = f'controls preload="none" src="{address[1]}" aria-label="{link["text"]}"'
        return f'<audio class="mlblog-player" {options}>{link[0]}</audio>'

    return _LINK.sub(shown, page) if "mlblog-player" in page else page


def as_html(mime: str, data: str, transcript: str = "") -> str:
    """HTML of a sound that needs no file, for notebooks.

    Args:
        mime: its type.
        data: its content in base64.
        transcript: what is heard.
    """
    told = f"<p>{html.escape(transcript)}</p>" if transcript else ""
    return f'<audio controls preload="none" src="data:{mime};base64,{data}"></audio>{told}'


def _seconds(content: bytes) -> float:
    """How long a WAV file is; 0 of other files."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError):
        return 0.0
