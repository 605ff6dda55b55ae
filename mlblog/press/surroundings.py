"""What a page says that its post alone does not know: the site's name and address, other posts, the bibliography."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.lab.canonical import digest
from mlblog.papers import Bibliography
from mlblog.press.document import Post
from mlblog.press.published import Published
from mlblog.press.related import related

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# where a site is tried out, which is nowhere for a reader
_HERE = ("", "127.0.0.1", "::1", "0.0.0.0", "localhost")  # noqa: S104  # nothing is bound to it


@dataclass(frozen=True)
class Surroundings:
    """The site around a post.

    Attributes:
        bibliography: of the project.
        site_name: what the site calls itself.
        site_url: where it stands, with a slash at its end; empty where that is not known.
        related: for the path of each post those that go with it, best first.
        weeks: the names of the weeks that have a list of goals.
    """

    bibliography: Bibliography
    site_name: str = ""
    site_url: str = ""
    related: Mapping[str, Sequence[Post]] = field(default_factory=dict)
    weeks: frozenset[str] = frozenset()

    @classmethod
    def of(cls, project: Project, published: Sequence[Published]) -> Surroundings:
        """Look around in `project`, whose pages are those of `published`."""
        name, url = _site(project.root / "mkdocs.yml")
        features = {one.post.path: _features(one) for one in published if not one.is_draft}
        by_path = {one.post.path: one.post for one in published}
        found = related(
            features,
            {path: str(day_of(post)) for path, post in by_path.items()},
        )
        bibliography = Bibliography.of(project)
        weeks = frozenset(path.stem for path in (project.posts / "goals").glob("*.md"))
        return cls(
            bibliography, name, url, {path: [by_path[o] for o in others] for path, others in found.items()}, weeks
        )

    def told(self, post: Post) -> str:
        """The digest of what the page of `post` says of the site."""
        others = [part for other in self.related.get(post.path, ()) for part in (other.title, other.page)]
        week = str(post.meta.get("week", ""))
        return digest("around", self.site_name, self.site_url, str(week in self.weeks), *others)

    def url_of(self, post: Post) -> str:
        """The address of a post's page; empty where the site's is not known."""
        below = "scribbles" if post.folder == "scribbles" else "blog"
        return f"{self.site_url}{below}/{post.slug}/" if self.site_url else ""


def day_of(post: Post) -> date:
    """The day that a post's front matter gives it; of Material's several, the first."""
    day: Any = post.meta["date"]
    found: date = day["created"] if isinstance(day, dict) else day
    return found


def _features(one: Published) -> list[str]:
    meta = one.post.meta
    named = [f"{key}:{item}" for key in ("tags", "categories") for item in meta.get(key, ())]
    named += [f"theme:{meta['theme']}"] if "theme" in meta else []
    return named + [f"paper:{key}" for key in one.cites]


def _site(path: Path) -> tuple[str, str]:
    """Name and address of a site as its `mkdocs.yml` has them; no address where posts stand elsewhere than by name.

    Raises:
        InputError: the file is not YAML.
    """
    try:
        tree = yaml.compose(path.read_bytes(), Loader=_LOADER)
    except FileNotFoundError:
        return "", ""
    except yaml.YAMLError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    settings = _mapping(tree)
    url = _text(settings.get("site_url"))
    if urlsplit(url).hostname in (None, *_HERE) or _text(settings.get("use_directory_urls")).lower() == "false":
        return _text(settings.get("site_name")), ""
    blog: dict[str, yaml.Node] = {}
    plugins = settings.get("plugins")
    for plugin in plugins.value if isinstance(plugins, yaml.SequenceNode) else ():
        for name, options in _mapping(plugin).items():
            if name in ("blog", "material/blog"):
                blog = _mapping(options)
    by_name = _text(blog.get("post_url_format")) == "{slug}" and _text(blog.get("blog_dir")) in ("", "blog")
    return _text(settings.get("site_name")), url.rstrip("/") + "/" if by_name else ""


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _text(node: yaml.Node | None) -> str:
    """A scalar; of `!ENV [NAME, …, default]` what MkDocs makes of it."""
    if isinstance(node, yaml.SequenceNode) and node.tag == "!ENV":
        *names, default = [str(item.value) for item in node.value]
        return next((os.environ[name] for name in names if name in os.environ), default)
    if isinstance(node, yaml.ScalarNode):
        return os.environ.get(node.value, "") if node.tag == "!ENV" else str(node.value)
    return ""
