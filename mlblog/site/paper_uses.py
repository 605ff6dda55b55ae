"""Uses of each paper: code, experiments, posts, claims."""

from __future__ import annotations

import posixpath
from collections import Counter
from dataclasses import dataclass, field

from mlblog.claims import OF_PAPERS, VERDICTS
from mlblog.papers.citation import escaped
from mlblog.papers.uses import modules_citing
from mlblog.press import Context, Post
from mlblog.site.claims import Listed, claims
from mlblog.site.experiments import PATH as EXPERIMENTS
from mlblog.site.reference import FOLDER as REFERENCE

#: Where the pages of papers are.
FOLDER = "papers"


@dataclass
class Uses:
    """What cites a paper, or judges a claim of it.

    Attributes:
        modules: of the library, that cite it, as links for a page in the folder of papers.
        experiments: whose modules cite it, or whose records decide its claims.
        posts: that cite it, or judge a claim of it.
        claims: that it makes, newest post first.
    """

    modules: list[str] = field(default_factory=list)
    experiments: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    claims: list[Listed] = field(default_factory=list)


def uses_of_papers(context: Context) -> dict[str, Uses]:
    """Uses of each paper, by key."""
    found: dict[str, Uses] = {}
    package = f"{context.project.experiments}."
    experiments: dict[str, list[str]] = {}
    for name, declared in context.lab.experiments.items():
        experiments.setdefault(declared.module, []).append(name)
    for key, modules in modules_citing(context.project).items():
        uses = found.setdefault(key, Uses())
        uses.modules = [module_link(m, context) for m in modules if not m.startswith(package)]
        uses.experiments = sorted(name for module in modules for name in experiments.get(module, ()))
    for one in context.posts:
        sources = (judged.claim.source for judged in one.claims if judged.claim.source)
        for key in dict.fromkeys([*one.cites, *sources]):
            found.setdefault(key, Uses()).posts.append(one.post)
    for listed in claims(context):
        if listed.claim.source:
            uses = found[listed.claim.source]
            uses.claims.append(listed)
            uses.experiments += [name for name in listed.experiments if name not in uses.experiments]
    return found


def module_link(module: str, context: Context) -> str:
    """A module of the project, with a link to its reference if that has it, for a page of papers."""
    package, _, part = module.partition(".")
    part = part.partition(".")[0]
    if f"{package}.{part}" not in context.project.reference:
        return f"`{module}`"
    above = context.project.root.joinpath(*module.split(".")[:-1], "__init__.py")
    is_listed = above.is_file() and "__all__ =" not in above.read_text("utf-8")  # else by its names, not its modules
    return f"[`{module}`]({posixpath.relpath(f'{REFERENCE}/{part}.md', FOLDER)}{f'#{module}' if is_listed else ''})"


def shown(uses: Uses, key: str) -> list[str]:
    """Lines of Markdown on what there is of the paper `key`, for a page of papers; claims are counted."""
    lines = []
    if uses.modules:
        lines.append("Code: " + ", ".join(uses.modules))
    if uses.experiments:
        experiments = posixpath.relpath(EXPERIMENTS, FOLDER)
        lines.append("Experiments: " + ", ".join(f"[`{name}`]({experiments}#{name})" for name in uses.experiments))
    if uses.posts:
        lines.append("Posts: " + ", ".join(post_link(post) for post in uses.posts))
    if counts := Counter(listed.claim.verdict for listed in uses.claims):
        told = ", ".join(f"{counts[verdict]} {VERDICTS[verdict].lower()}" for verdict in VERDICTS if counts[verdict])
        lines.append(f"[Claims]({posixpath.relpath(OF_PAPERS, FOLDER)}#{key}): {told}")
    return lines


def post_link(post: Post) -> str:
    """A link to a post's page from a page of papers."""
    return f"[{escaped(post.title)}]({posixpath.relpath(post.page, FOLDER)})"
