"""Long lists in Markdown: an entry is a line that opens, and says by what kinds readers may choose it.

theme/javascripts/filter.js adds the box and the menus; without scripts every entry shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlblog.press.source.blocks import block


def entry(name: str, line: str, body: str, **kinds: str | Sequence[str]) -> str:
    """An entry.

    Args:
        name: HTML id of the entry; empty if something within has it.
        line: Markdown that always shows.
        body: Markdown that opening shows.
        kinds: one value, or several, of each kind by which the list is filtered.
    """
    data = "".join(f"[data-{kind}='{_joined(value)}']" for kind, value in kinds.items())
    element = f"details.mlblog-entry{f'#{name}' if name else ''}{data}"
    return block(element, f"{block('summary', line, nested=True)}\n{body.rstrip()}\n")


def group(heading: str, entries: Sequence[str]) -> str:
    """Entries under a heading, which hides when all of them do."""
    return block("div.mlblog-group", heading + "\n\n" + "\n".join(entries))


def listed(kinds: Sequence[str], content: str) -> str:
    """A list that can be filtered by words and by `kinds`."""
    return block(f"div.mlblog-entries[data-kinds='{' '.join(kinds)}']", content)


def _joined(values: str | Sequence[str]) -> str:
    text = values if isinstance(values, str) else "|".join(values)
    return text.replace("'", "’").replace("\\", "")  # noqa: RUF001
