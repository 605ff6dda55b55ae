"""The stages of a post on its way to a page: `Parsed`, `Executed`, `Rendered`; or `Unchanged`, or `Failed`."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from mlblog.errors import CellError, MlblogError
from mlblog.lab import Project
from mlblog.press.cache.pages import CachedPage
from mlblog.press.kernel.output import Outputs
from mlblog.press.page.published import Published
from mlblog.press.page.render import Page
from mlblog.press.source.document import Post


@dataclass(frozen=True)
class Unchanged:
    """A post whose page from an earlier build is still valid; its text is not parsed."""

    path: Path
    text: bytes
    cached: CachedPage

    @property
    def published(self) -> Published:
        """The post as other pages see it."""
        return self.cached.published


@dataclass(frozen=True)
class Parsed:
    """A post that has to run, from unit number `stale_from` on at the latest."""

    path: Path
    text: bytes
    post: Post
    stale_from: int = 0


@dataclass(frozen=True)
class Executed:
    """A post with its outputs, from this build or, if not `ran`, from the cache."""

    parsed: Parsed
    outputs: Outputs
    published: Published
    ran: bool

    @property
    def path(self) -> Path:
        """The file of the post."""
        return self.parsed.path

    @property
    def post(self) -> Post:
        """The post."""
        return self.parsed.post


@dataclass(frozen=True)
class Rendered:
    """A post with its new page, and a digest of the site context that the page shows."""

    executed: Executed
    page: Page
    around: str

    @property
    def published(self) -> Published:
        """The post as other pages see it."""
        return self.executed.published


@dataclass(frozen=True)
class Failed:
    """A post without a page, and the stage that it reached; None if it could not be parsed."""

    path: Path
    error: MlblogError
    reached: Parsed | Executed | None = None

    @classmethod
    def of(cls, error: Exception, path: Path, project: Project, reached: Parsed | Executed | None = None) -> Failed:
        """The failure of the post at `path`; an unexpected exception fails only that post."""
        if isinstance(error, MlblogError):
            return cls(path, error, reached)
        message = f"internal error: {type(error).__name__}: {error}; please report it, with this post"
        trace = "".join(traceback.format_exception(error))
        return cls(path, CellError(project.relative(path), 1, message, trace), reached)

    @property
    def post(self) -> Post | None:
        """The post, if it could be parsed."""
        return self.reached.post if self.reached else None


#: What a post may be before pages are rendered.
Stage = Unchanged | Parsed | Executed | Failed
#: What a post may be in the end.
Result = Unchanged | Rendered | Failed
