"""Uses of each paper: code, experiments, posts, claims."""

from __future__ import annotations

import posixpath
from collections import Counter
from dataclasses import dataclass, field

from mlblog.claims import VERDICTS
from mlblog.papers.citation import escaped
from mlblog.papers.uses import modules_citing
from mlblog.press import Context, Post
from mlblog.site.claims import PATH as CLAIMS
from mlblog.site.experiments import PATH as EXPERIMENTS


@dataclass
class Uses:
    """What cites a paper, or judges a claim of it.

    Attributes:
        modules: library modules that cite it.
        experiments: experiments in modules that cite it.
        posts: posts that cite it, or judge a claim of it.
        claims: post, claim and verdict, in the order of the posts.
    """

    modules: list[str] = field(default_factory=list)
    experiments: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    claims: list[tuple[Post, str, str]] = field(default_factory=list)


def uses_of_papers(context: Context) -> dict[str, Uses]:
    """Uses of each paper, by key."""
    found: dict[str, Uses] = {}
    package = f"{context.project.experiments}."
    experiments: dict[str, list[str]] = {}
    for name, declared in context.lab.experiments.items():
        experiments.setdefault(declared.module, []).append(name)
    for key, modules in modules_citing(context.project).items():
        uses = found.setdefault(key, Uses())
        uses.modules = [module for module in modules if not module.startswith(package)]
        uses.experiments = sorted(name for module in modules for name in experiments.get(module, ()))
    for one in context.posts:
        claims = [judged.claim for judged in one.claims if judged.claim.source]
        for key in dict.fromkeys([*one.cites, *(claim.source for claim in claims)]):
            found.setdefault(key, Uses()).posts.append(one.post)
        for claim in claims:
            found[claim.source].claims.append((one.post, claim.text, claim.verdict))
    return found


def shown(uses: Uses, key: str, folder: str) -> list[str]:
    """Lines of Markdown on the uses of the paper `key`, for a page in `folder`; claims are counted."""
    lines = []
    if uses.modules:
        lines.append("Code: " + ", ".join(f"`{module}`" for module in uses.modules))
    if uses.experiments:
        experiments = posixpath.relpath(EXPERIMENTS, folder)
        lines.append("Experiments: " + ", ".join(f"[`{name}`]({experiments}#{name})" for name in uses.experiments))
    if uses.posts:
        lines.append("Posts: " + ", ".join(post_link(post, folder) for post in uses.posts))
    if counts := Counter(verdict for *_, verdict in uses.claims):
        told = ", ".join(f"{counts[verdict]} {VERDICTS[verdict].lower()}" for verdict in VERDICTS if counts[verdict])
        lines.append(f"[Claims]({posixpath.relpath(CLAIMS, folder)}#{key}): {told}")
    return lines


def post_link(post: Post, folder: str) -> str:
    """A link to a post's page from a page in `folder`."""
    return f"[{escaped(post.title)}]({posixpath.relpath(post.page, folder)})"
