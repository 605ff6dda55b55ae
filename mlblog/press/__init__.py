"""The press: posts are read, run and rendered to pages."""

from mlblog.press.build import Compiled
from mlblog.press.compile import compile_posts, post_files
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
