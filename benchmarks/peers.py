"""Other builders of sites out of executable documents, each in an environment of its own, for benchmarks/press.py.

The environments see the packages of the interpreter that runs the benchmark: all use the same torch and Matplotlib.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import corpus


@dataclass(frozen=True)
class Peer:
    """A builder: what to install, how to write the corpus, how to build, and which paths make the next build cold."""

    name: str
    packages: tuple[str, ...]
    write: Callable[[Path, int], None]
    command: tuple[str, ...]
    caches: tuple[str, ...]
    source: str
    page: str
    isolates: bool  # a process of its own for each post
    processes: str = "one process"

    def install(self, cache: Path) -> Path:
        """Return the environment's `bin`; make the environment if it is not there."""
        folder = cache / self.name
        python = folder / "bin/python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        shared = Path(sysconfig.get_paths()["purelib"])
        site = next(folder.glob("lib/python*/site-packages"))
        (site / "shared.pth").write_text(f"{shared}\n", encoding="utf-8")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *self.packages], check=True, capture_output=True)
        return python.parent

    def forget(self, root: Path) -> None:
        """Remove what builds have kept."""
        for name in self.caches:
            shutil.rmtree(root / name, ignore_errors=True)


_SPHINX = ("python", "-m", "sphinx", "-q", "-b", "html", ".", "site")
_MKDOCS = ("python", "-m", "mkdocs", "build", "-q")

PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "markdown-exec",
            ("markdown-exec[ansi]", "mkdocs-material"),
            corpus.markdown_exec, _MKDOCS, ("site",),
            "docs/{post}.md", "site/{post}/index.html", isolates=False,
        ),
        Peer(
            "sphinx-gallery",
            ("sphinx", "sphinx-gallery"),
            corpus.sphinx_gallery, _SPHINX, ("site", "posts"),
            "scripts/plot_{post_}.py", "site/posts/plot_{post_}.html", isolates=False,
        ),
        Peer(
            "sphinx-gallery-parallel",
            ("sphinx", "sphinx-gallery", "joblib"),
            functools.partial(corpus.sphinx_gallery, parallel=True), _SPHINX, ("site", "posts"),
            "scripts/plot_{post_}.py", "site/posts/plot_{post_}.html", isolates=False, processes="two processes",
        ),
        Peer(
            "myst-nb",
            ("sphinx", "myst-nb", "ipykernel"),
            corpus.myst_nb, _SPHINX, ("site", "_build", ".jupyter_cache"),
            "{post}.md", "site/{post}.html", isolates=True, processes="a process for each post",
        ),
        Peer(
            "mkdocs-jupyter",
            ("mkdocs-jupyter", "mkdocs-material", "ipykernel"),
            corpus.mkdocs_jupyter, _MKDOCS, ("site", ".cache"),
            "docs/{post}.ipynb", "site/{post}/index.html", isolates=True, processes="a process for each post",
        ),
    )
}  # fmt: skip
