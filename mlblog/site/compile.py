"""Compile the posts of a project, and the pages generated from all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlblog.lab import Project
from mlblog.press import Compiled, Context, Page, Server, compile_posts
from mlblog.site import cards, changes, claims, experiments, goals, papers, reference, scribbles

#: Generators of pages that belong to no single post. Each yields nothing if the project has no data for it.
GENERATORS: tuple[Callable[[Context], Iterable[Page]], ...] = (
    scribbles.pages,
    papers.pages,
    experiments.pages,
    claims.pages,
    goals.pages,
    reference.pages,
    changes.pages,
    cards.pages,
)


def compile_site(
    project: Project,
    *,
    server: Server | None = None,
    show_errors: bool = False,
    fail_fast: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> Compiled:
    """Compile every post of `project`, and the generated pages, to `.mlblog/pages`.

    Arguments and result are those of `mlblog.press.compile_posts`.
    """
    return compile_posts(
        project,
        server=server,
        show_errors=show_errors,
        fail_fast=fail_fast,
        further=GENERATORS,
        meanwhile=meanwhile,
    )
