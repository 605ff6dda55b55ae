"""Plugins beside ours that would misread compiled pages: each is told what these are. None of them is imported."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

#: Asks git when a page was last changed, by the path of its file.
DATES = "git-revision-date-localized"


def without_macros(meta: MutableMapping[str, Any]) -> None:
    """Have the plugin `macros` leave a compiled page alone: braces in code and outputs are no macros."""
    meta.setdefault("render_macros", False)


def dated_by_source(plugins: Mapping[str, Any], sources: Mapping[str, Path]) -> None:
    """Have git asked about the sources of compiled pages, by the path of the page: the pages are not in git."""
    util = getattr(plugins.get(DATES), "util", None)
    if util is not None:
        plugins[DATES].util = _BySource(util, {page: str(source) for page, source in sources.items()})


class _BySource:
    """Stands in for the plugin's own way to git, also in processes that it forks."""

    def __init__(self, util: Any, sources: dict[str, str]) -> None:
        self._util, self._sources = util, sources

    def get_git_commit_timestamp(self, path: str, is_first_commit: bool = False) -> tuple[str, int]:
        """Hash and time of a commit; the name and the parameters are the plugin's."""
        source = self._sources.get(path, path)
        found: tuple[str, int] = self._util.get_git_commit_timestamp(path=source, is_first_commit=is_first_commit)
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked by `pickle`, before there is a `_util`
            raise AttributeError(name)
        return getattr(self._util, name)
