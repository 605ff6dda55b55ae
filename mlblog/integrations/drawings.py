"""Formulas and diagrams of a site during a build: errors with the files to correct, feeds without TeX, pages drawn."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from mlblog import design
from mlblog.errors import PostError
from mlblog.files.remembered import Remembered
from mlblog.integrations.diagrams import Diagrams
from mlblog.integrations.formulas import MACROS, Formulas
from mlblog.lab import Project
from mlblog.press import Compiled


class Drawings:
    """The formulas and diagrams of a project's pages; `errors` are those of the current build."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._remembered = Remembered(project.work / "formulas.json")
        self.diagrams = Diagrams(project)
        self.errors: list[PostError] = []

    def begin(self, config: Any) -> None:
        """Start a build with the settings of MkDocs, whose `extra` has macros.

        Raises:
            InputError: these are not macros.
        """
        self._formulas = Formulas(self._remembered, config.extra.get(MACROS))
        self.errors.clear()

    def check(self, html: str, file: Any, meta: MutableMapping[str, Any], compiled: Compiled) -> list[PostError]:
        """Return the errors of a page; give a post what feeds say of it.

        Args:
            html: its content.
            file: its file, as the host has it.
            meta: its front matter.
            compiled: the pages that are not files of the author.
        """
        sources = [Path(str(file.abs_src_path))]
        if post := compiled.posts.get(file.src_uri):
            told = self._formulas.without_tex(str(meta.get("description") or "")) or self._formulas.description(html)
            meta["rss"] = {"feed_description": told, **(meta.get("rss") or {})}
            sources = [self._project.root / post.path]
        elif file.src_dir == str(compiled.folder):
            package = self._project.root.joinpath(*self._project.packages[0].split("."))
            sources.insert(0, package / "papers" / "notes" / sources[0].name)
        found = [*self._formulas.errors(html, sources, self._project.relative), *self.diagrams.errors(html, sources)]
        self.errors += found
        return found

    def draw(self, html: str) -> str:
        """The content of a page with its formulas drawn; diagrams wait for the browser."""
        return self._formulas.draw(html)

    def draw_page(self, html: str, root: str) -> str:
        """A whole page with its formulas drawn, those of lists of posts too, and with what formulas and diagrams need.

        Args:
            html: the page.
            root: relative URL of the site's root.
        """
        drawn = self.diagrams.link(self._formulas.draw(html), root)
        link = f'<link rel="stylesheet" href="{root}/{design.FORMULAS}">'
        return drawn.replace("</head>", f"{link}</head>", 1) if 'class="arithmatex" data-drawn' in drawn else drawn

    def end(self) -> None:
        """Keep what was found for the next build."""
        self._remembered.end_build()
        self._remembered.save()
        self.diagrams.end()
