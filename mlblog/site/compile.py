"""The posts of a project to pages, and all of them together to the pages that list and sum them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlblog.lab import Project
from mlblog.press import Compiled, Context, Page, Server, compile_posts
from mlblog.site import cards, claims, experiments, goals, papers, reference, scribbles

#: What makes the pages that belong to no single post. Each gives nothing where the project has nothing for it.
GENERATORS: tuple[Callable[[Context], Iterable[Page]], ...] = (
    scribbles.pages,
    papers.pages,
    experiments.pages,
    claims.pages,
    goals.pages,
    reference.pages,
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
    """Compile every post of `project`, and what is generated from them, to `.mlblog/pages`.

    Args and result are those of `mlblog.press.compile_posts`.
    """
    return compile_posts(
        project,
        server=server,
        show_errors=show_errors,
        fail_fast=fail_fast,
        further=GENERATORS,
        meanwhile=meanwhile,
    )
