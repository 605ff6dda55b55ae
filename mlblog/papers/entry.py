"""Entries of the bibliography as text: made from what libraries know of a paper, and put into the file in order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlblog.errors import InputError

HEAD = re.compile(r"(?m)^[ \t]*@(\w+)[ \t]*\{[ \t]*([^,\s{}]*)[ \t]*,")
_LITTLE = {"a", "an", "and", "for", "from", "in", "of", "on", "the", "to", "with"}
_WIDTH = 10


@dataclass(frozen=True)
class Entry:
    """An entry.

    Attributes:
        kind: such as `article`.
        surname: of its first author.
        title: its title.
        fields: its BibTeX fields in order, the title included.
    """

    kind: str
    surname: str
    title: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """First author, year, first real word of the title, as in `vaswani2017attention`."""
        words = re.split(r"[^\w']+", self.title.replace("\u2019", "'"))
        word = next((plain for word in words if (plain := _letters(word)) and word.lower() not in _LITTLE), "")
        return f"{_letters(self.surname.split(' ')[-1])}{self.fields['year']}{word}"

    def text(self, key: str, topic: str) -> str:
        """The entry as BibTeX."""
        fields = {**self.fields, **({"topic": topic} if topic else {})}
        lines = "".join(f"  {name:<{_WIDTH}}= {{{value}}},\n" for name, value in fields.items() if value)
        return f"@{self.kind}{{{key},\n{lines}}}\n"


def put_in_order(bibliography: str, key: str, entry: str) -> str:
    """The text of a bibliography with an entry before the first whose key is greater."""
    for head in HEAD.finditer(bibliography):
        if head[2] > key:
            return f"{bibliography[: head.start()]}{entry}\n{bibliography[head.start() :]}"
    return f"{bibliography.rstrip()}\n\n{entry}".lstrip()


def with_topic(source: str, key: str, topic: str) -> str:
    """A BibTeX entry as it is, but for its key and, if it names none, its topic.

    Raises:
        InputError: it does not end.
    """
    head = HEAD.match(source)
    end = source.rstrip()
    if head is None or not end.endswith("}"):
        raise InputError(f"{source.splitlines()[0] if source else ''!r}: not a BibTeX entry, @article{{key, … }}")
    body = end[head.end() : -1].rstrip().rstrip(",")
    more = f",\n  topic     = {{{topic}}}" if topic and not re.search(r"(?mi)^\s*topic\s*=", body) else ""
    return f"@{head[1].lower()}{{{key},{body}{more},\n}}\n"


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())
