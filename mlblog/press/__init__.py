"""The press: posts are read, run and rendered to pages."""

from mlblog.press.compile import compile_posts, post_files
from mlblog.press.context import Context
from mlblog.press.document import Cell, Doctest, Inline, Options, Post, Prose, Sample
from mlblog.press.execute import Server
from mlblog.press.making import Compiled
from mlblog.press.output import Outputs, Ran
from mlblog.press.parse import parse_post
from mlblog.press.render import Page, render_post

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
