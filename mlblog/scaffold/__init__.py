"""Scaffolding: a post, a note, an experiment, or a whole blog."""

from mlblog.scaffold.blog import new_blog
from mlblog.scaffold.new import Created, new_experiment, new_note, new_post
from mlblog.scaffold.paper import new_paper
from mlblog.scaffold.source import source
from mlblog.scaffold.upgrade import upgrade

__all__ = ["Created", "new_blog", "new_experiment", "new_note", "new_paper", "new_post", "source", "upgrade"]
