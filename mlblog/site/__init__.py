"""The whole site: the posts, and the pages generated from all of them."""

from mlblog.site.compile import compile_site

__all__ = ["compile_site"]
