"""Markdown as the site converts it: what is code, mathematics or a comment, and what is text."""

from mlblog.markup.fences import Fence
from mlblog.markup.scan import VERBATIM, Heading, Scan, Token, scan

__all__ = ["VERBATIM", "Fence", "Heading", "Scan", "Token", "scan"]
