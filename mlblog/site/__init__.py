"""The site as a whole: the posts, and the pages that are made of all of them together."""

from mlblog.site.compile import compile_site

__all__ = ["compile_site"]
