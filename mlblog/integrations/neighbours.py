"""Compatibility with plugins that would misread compiled pages. None of them is imported."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

if shutil.which("git") is None:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # otherwise GitPython, which the feeds import, refuses to load

#: Plugin that asks git for the last change of a page's file.
DATES = "git-revision-date-localized"


def without_macros(meta: MutableMapping[str, Any]) -> None:
    """Make the plugin `macros` skip a compiled page: braces in code and outputs are not macros."""
    meta.setdefault("render_macros", False)


def dated_by_source(plugins: Mapping[str, Any], sources: Mapping[str, Path]) -> None:
    """Map compiled pages, which are not in git, to their sources for git queries."""
    util = getattr(plugins.get(DATES), "util", None)
    if util is not None:
        plugins[DATES].util = _BySource(util, {page: str(source) for page, source in sources.items()})


class _BySource:
    """Replaces the plugin's git helper, also in its worker processes."""

    def __init__(self, util: Any, sources: dict[str, str]) -> None:
        self._util, self._sources = util, sources

    def get_git_commit_timestamp(self, path: str, is_first_commit: bool = False) -> tuple[str, int]:
        """Hash and time of a commit; the name and the parameters are the plugin's."""
        source = self._sources.get(path, path)
        found: tuple[str, int] = self._util.get_git_commit_timestamp(path=source, is_first_commit=is_first_commit)
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # queried by `pickle` before `_util` exists
            raise AttributeError(name)
        return getattr(self._util, name)
