"""The API reference: one page per part of the code, from signatures and docstrings, without importing it.

`reference` in `[tool.mlblog]` names the packages and modules. A package with `__all__` shows those names; otherwise
every public class, function and constant defined in its modules is shown.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlblog.files.canonical import digest
from mlblog.files.made_by import made_by
from mlblog.files.memo import Memo
from mlblog.papers import Bibliography
from mlblog.papers.citation import escaped
from mlblog.press import Context, Page, Post

FOLDER = "reference"
_MAKERS = [str(Path(__file__).with_name(name)) for name in ("reference.py", "documented.py")]


@dataclass
class Uses:
    """The experiments and posts that use a name."""

    experiments: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)


def pages(context: Context) -> Iterator[Page]:
    """Yield the pages, if the project configures them.

    Raises:
        InputError: a configured module is missing or not Python.
    """
    names = context.project.reference
    if not names:
        return
    uses, bibliography = uses_of_names(context), Bibliography.of(context.project)

    def made() -> dict[str, str]:
        from mlblog.site.documented import documented  # slow: reads all code

        return documented(context.project, uses, bibliography)

    memo = Memo(context.project.work / "reference.json")
    for path, text in memo.value(_key(context, uses, bibliography), made).items():
        yield Page(path, text)


def uses_of_names(context: Context) -> dict[str, Uses]:
    """Uses by dotted name."""
    found: dict[str, Uses] = defaultdict(Uses)
    for name, declaration in context.lab.experiments.items():
        for reached in context.lab.code.manifest(f"{declaration.module}.{name}"):
            found[reached].experiments.append(name)
    for published in context.posts:
        for reached in published.reaches:
            found[reached].posts.append(published.post)
    return found


def used_by(uses: Uses | None) -> str:
    """A line of Markdown on the uses of a name; empty if there are none."""
    if uses is None:
        return ""
    posts = ", ".join(f"[{escaped(post.title)}](../{post.page})" for post in uses.posts)
    experiments = ", ".join(f"[`{name}`](../experiments.md#{name})" for name in uses.experiments)
    told = [f"Posts: {posts}" if posts else "", f"Experiments: {experiments}" if experiments else ""]
    return " · ".join(filter(None, told))


def _key(context: Context, uses: Mapping[str, Uses], bibliography: Bibliography) -> str:
    """Digest of all input of the pages."""
    project = context.project
    sources = [path.read_bytes() for path in _sources(project.root, project.reference)]
    reached = {name: [u.experiments, [[p.title, p.page] for p in u.posts]] for name, u in sorted(uses.items())}
    made = made_by(*_MAKERS, libraries=("griffelib",))
    return digest("reference", made, bibliography.digest, json.dumps(reached), *sources)


def _sources(root: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in names:
        place = root.joinpath(*name.split("."))
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
