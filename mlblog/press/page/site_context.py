"""Site-wide input of a page: the site's name and URL, other posts, the bibliography."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlblog.files.canonical import digest
from mlblog.lab import Project
from mlblog.papers import Bibliography
from mlblog.press.page.origin import Origin
from mlblog.press.page.published import Published
from mlblog.press.page.related import related
from mlblog.press.page.series import series
from mlblog.press.page.settings import Settings
from mlblog.press.source.document import Post


@dataclass(frozen=True)
class SiteContext:
    """The site that a page is part of.

    Attributes:
        bibliography: the project's bibliography.
        site_name: name of the site.
        site_url: its base URL, with a trailing slash; empty if unknown.
        related: related posts by post path, best first.
        series: the parts of a post's series in order, by post path.
        authors: names of authors, by their keys in front matter.
        weeks: names of the weeks with goals.
        origin: origin of the posts; None if notebooks should not name it.
    """

    bibliography: Bibliography
    site_name: str = ""
    site_url: str = ""
    related: Mapping[str, Sequence[Post]] = field(default_factory=dict)
    series: Mapping[str, Sequence[Post]] = field(default_factory=dict)
    authors: Mapping[str, str] = field(default_factory=dict)
    weeks: frozenset[str] = frozenset()
    origin: Origin | None = None

    @classmethod
    def of(cls, project: Project, published: Sequence[Published]) -> SiteContext:
        """Collect the context of `project`, whose pages are `published`."""
        settings = Settings.of(project.root / "mkdocs.yml")
        features = {one.post.path: _features(one) for one in published if not one.is_draft}
        by_path = {one.post.path: one.post for one in published}
        found = related(features, {path: str(post.day) for path, post in by_path.items()})
        others = {path: [by_path[other] for other in paths] for path, paths in found.items()}
        weeks = frozenset(path.stem for path in (project.posts / "goals").glob("*.md"))
        origin = Origin.of(project, settings.repository)
        return cls(
            Bibliography.of(project),
            settings.name,
            settings.url,
            others,
            series(one.post for one in published if not one.is_draft),
            settings.authors,
            weeks,
            origin,
        )

    def digest_for(self, post: Post) -> str:
        """Digest of everything that the page of `post` shows of the site."""
        near = [*self.related.get(post.path, ()), *self.series.get(post.path, ())]
        others = [part for one in near for part in (one.title, one.page)]
        week = str(post.meta.get("week", ""))
        origin = self.origin
        source = (origin.repository, origin.commit, str(origin.is_edited(post))) if origin else ()
        return digest(
            "around", self.site_name, self.site_url, str(week in self.weeks), *source, *self.authors_of(post), *others
        )

    def authors_of(self, post: Post) -> list[str]:
        """The names of a post's authors, by the blog's file of authors."""
        keys = post.meta.get("authors")
        return [self.authors.get(str(key), str(key)) for key in keys] if isinstance(keys, list) else []

    def url_of(self, post: Post) -> str:
        """The URL of a post's page; empty if the site's is unknown."""
        below = "scribbles" if post.folder == "scribbles" else "blog"
        return f"{self.site_url}{below}/{post.slug}/" if self.site_url else ""


def _features(one: Published) -> list[str]:
    meta = one.post.meta
    named = [f"{key}:{item}" for key in ("tags", "categories") for item in meta.get(key, ())]
    named += [f"theme:{meta['theme']}"] if "theme" in meta else []
    return named + [f"paper:{key}" for key in one.cites]
