"""Papers: bibliography, citations, and notes."""

from mlblog.papers.bibliography import Bibliography, paper
from mlblog.papers.citation import Cited, cite, cited_keys, references
from mlblog.papers.note import STATES, Note, parse_note, read_note
from mlblog.papers.paper import Paper

__all__ = [
    "STATES",
    "Bibliography",
    "Cited",
    "Note",
    "Paper",
    "cite",
    "cited_keys",
    "paper",
    "parse_note",
    "read_note",
    "references",
]
