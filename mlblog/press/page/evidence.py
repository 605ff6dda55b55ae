"""Provenance of results as lines on a page."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from mlblog.lab.record_path import RecordPath
from mlblog.press.page.origin import Origin
from mlblog.press.page.provenance import Evidence, summary
from mlblog.press.source.blocks import block, fence, folded

#: Most lines of provenance shown unfolded under a result.
MOST_LINES = 2
#: Most reasons for staleness shown there; the page of experiments lists all.
MOST_REASONS = 5
# those of a line of provenance
_COMMITS = re.compile(r"(?<= · )commit [0-9a-f]{7}(?:\+changes)?(?:, [0-9a-f]{7}(?:\+changes)?)*")
_COMMIT = re.compile(r"\b[0-9a-f]{7}\b")


def provenance(found: Sequence[Evidence], root: str, name: str, repository: str = "") -> str:
    """The provenance of a result, one line per record set, folded behind a summary if there are many.

    Preview and stale marks are never folded.

    Args:
        found: evidence behind the result.
        root: relative path from the page to the site root.
        name: HTML id of the lines.
        repository: URL of the repository that has the commits; empty if unknown.
    """
    lines = "\n".join(f"{recorded(one, root, repository)}\n" for one in found)
    if len(found) > MOST_LINES:
        head = block("summary", named(summary(found)))
        out = block("details.mlblog-provenance", f"{head}\n{block(f'div#{name}', lines)}")
    else:
        out = block(f"div.mlblog-provenance#{name}", lines)
    if any(one.is_smoke for one in found):
        out += block("p.mlblog-preview", "Preview from a smoke run, which only shows that the code runs.")
    if reasons := list(dict.fromkeys(str(reason) for one in found for reason in one.reasons)):
        more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
        out += block("p.mlblog-stale", f"Stale: {named('; '.join(reasons[:MOST_REASONS]))}{more}")
    return out


def recorded(found: Evidence, root: str, repository: str = "") -> str:
    """One line of provenance with links to the experiment, to the commits and to the records."""
    return f"{with_links(found.line(), [found.read.experiment], root, repository)} · {_links(found, root)}"


def with_links(line: str, experiments: Sequence[str], root: str, repository: str = "") -> str:
    """A line of provenance in which experiments lead to their entries on the page of experiments, and commits home."""
    text = named(line)
    if repository:
        address = f"{repository}/commit"
        text = _COMMITS.sub(lambda those: _COMMIT.sub(rf"[\g<0>]({address}/\g<0>)", those[0]), text)
    for name in experiments:
        link = f"[{named(name)}]({root}/experiments.md#{name})".replace("\\", r"\\")
        text = re.sub(rf"(?<![\w\\]){re.escape(named(name))}(?![\w\\])", link, text, count=1)
    return text


def records_link(found: Sequence[Evidence], root: str, name: str) -> str:
    """A link to the record behind a figure, or to the list with the id `name`."""
    paths = [path for one in found for path in _published(one)]
    if not paths:
        return ""
    if len(paths) == 1:
        return f"[Record]({root}/results/{paths[0]}){{ .mlblog-data download }}"
    return f"[Records](#{name}){{ .mlblog-data }}"


def remake(found: Sequence[Evidence], root: str, origin: Origin | None = None) -> str:
    """Commands that reproduce the post and its records, from a clone on."""
    scales: dict[str, str] = {}
    for one in found:
        scales.setdefault(one.read.experiment, one.records[0].scale)
    commands = [
        *(origin.checkout() if origin else ()),
        *(f".venv/bin/mlblog run {name} --scale {scale} --all" for name, scale in scales.items()),
        ".venv/bin/mkdocs build",
    ]
    text = fence("bash", "\n".join(commands))
    if found:
        text += "\nRecords behind this page:\n\n"
        text += "".join(f"- {recorded(one, root, origin.repository if origin else '')}\n" for one in found)
    return folded("Remake this post", text)


def named(text: str) -> str:
    """Escape underscores in names, which are not emphasis."""
    return html.escape(text, quote=False).replace("_", "\\_").replace("*", "\\*")


def _published(found: Evidence) -> list[RecordPath]:
    """The paths of its records below the site's `results/`; none of a preview, which no site publishes."""
    shown = [place for place, _ in found.read.found if "results/" in place]
    return [path for place in shown if (path := RecordPath.ending(place)) is not None]


def _links(found: Evidence, root: str) -> str:
    names = _published(found)
    if not names:
        return "not recorded"
    if len(names) == 1:
        return f"[record]({root}/results/{names[0]})"
    links = ", ".join(
        f"[{record.seed}]({root}/results/{name})" for name, record in zip(names, found.records, strict=True)
    )
    return f"records by seed: {links}"
