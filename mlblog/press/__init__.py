"""The press: reads posts, runs them and renders pages."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlblog.press.compile import Compiled, compile_posts, post_files
    from mlblog.press.kernel.output import Outputs, Ran
    from mlblog.press.page.context import Context
    from mlblog.press.page.render import Page, render_post
    from mlblog.press.runner.execute import Server
    from mlblog.press.source.document import Cell, Doctest, Inline, Options, Post, Prose, Sample
    from mlblog.press.source.parse import parse_post

__all__ = [
    "Cell",
    "Compiled",
    "Context",
    "Doctest",
    "Inline",
    "Options",
    "Outputs",
    "Page",
    "Post",
    "Prose",
    "Ran",
    "Sample",
    "Server",
    "compile_posts",
    "parse_post",
    "post_files",
    "render_post",
]

_PLACES = {
    "compile": ("Compiled", "compile_posts", "post_files"),
    "kernel.output": ("Outputs", "Ran"),
    "page.context": ("Context",),
    "page.render": ("Page", "render_post"),
    "runner.execute": ("Server",),
    "source.document": ("Cell", "Doctest", "Inline", "Options", "Post", "Prose", "Sample"),
    "source.parse": ("parse_post",),
}


def __getattr__(name: str) -> Any:
    """Import names lazily, so that the kernel process loads little of the press."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"mlblog.press.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
