"""Beginnings: a post, a note, an experiment, a whole blog."""

from mlblog.scaffold.blog import new_blog
from mlblog.scaffold.new import Begun, new_experiment, new_note, new_post
from mlblog.scaffold.source import source

__all__ = ["Begun", "new_blog", "new_experiment", "new_note", "new_post", "source"]
