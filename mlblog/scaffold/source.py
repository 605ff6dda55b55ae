"""How a new blog installs mlblog: from where this one was installed."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlblog import __version__
from mlblog.files.git import Git

_NAME = "mlblog[torch,site]"
VENDOR = "vendor"


@dataclass(frozen=True)
class Source:
    """Where mlblog comes from.

    Attributes:
        requirement: for `dependencies` of a project that is built by Hatchling.
        wheel: a file that the blog needs to hold; None if it needs none.
        doubt: why the requirement works on this machine alone; empty if it works elsewhere.
    """

    requirement: str
    wheel: Path | None = None
    doubt: str = ""

    def copy_into(self, blog: Path) -> None:
        """Put what the requirement names into the blog."""
        if self.wheel is not None:
            (blog / VENDOR).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.wheel, blog / VENDOR / self.wheel.name)


def source(direct_url: str | None = None) -> Source:
    """Where the mlblog that runs was installed from.

    Args:
        direct_url: what pip has written of that (PEP 610); read from the installed package if None, empty for an index.
    """
    if direct_url is None:
        direct_url = metadata.distribution("mlblog").read_text("direct_url.json") or ""
    if not direct_url:
        return Source(f"{_NAME}>={__version__}")
    told = json.loads(direct_url)
    url = str(told["url"])
    if "vcs_info" in told:
        return Source(f"{_NAME} @ {told['vcs_info']['vcs']}+{url}@{told['vcs_info']['commit_id']}")
    if urlsplit(url).scheme != "file":
        return Source(f"{_NAME} @ {url}")
    path = Path(unquote(urlsplit(url).path))
    if path.suffix == ".whl":
        if path.is_file():
            return Source(f"{_NAME} @ {{root:uri}}/{VENDOR}/{path.name}", wheel=path)
        return Source(f"{_NAME}>={__version__}", doubt=f"{path} is no longer there")
    if pushed := _pushed(path):
        return Source(f"{_NAME} @ git+{pushed}")
    return Source(f"{_NAME} @ {url}", doubt=f"{path} is on this machine alone")


def _pushed(checkout: Path) -> str:
    """The address and commit of a checkout whose commit its remote has; empty if there is none."""
    ask = Git(checkout).ask
    head = ask("rev-parse", "HEAD")
    branches = ask("branch", "--remotes", "--contains", head) if head else ""
    remote = branches.split("/")[0].strip()
    url = ask("remote", "get-url", remote) if remote else ""
    return f"{url}@{head}" if url.startswith(("https://", "ssh://")) else ""
