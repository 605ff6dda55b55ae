"""Parse BibTeX into plain entries. The only file that uses pybtex, imported only when the bibliography has changed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from pybtex.database import BibliographyData, Entry, Person
from pybtex.database.input.bibtex import Parser
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

from mlblog.errors import InputError
from mlblog.files.text import text_of
from mlblog.papers.entry import Entry as Written
from mlblog.papers.paper import short_authors

#: Fields with the venue of an entry, in order of preference.
VENUES = ("journal", "booktitle", "school", "institution", "publisher", "howpublished")
_ENTRY = re.compile(r"(?m)^@(\w+)\{([^,\s]*),")
_OURS = re.compile(r"(?m)^\s*topic\s*=\s*\{[^}]*\},?\n")
_ASIDE = 0xE000  # private use characters as placeholders for formulas
_DAMAGE = re.compile(r"line (\d+)")


def parse(data: bytes, place: str) -> list[dict[str, Any]]:
    """Parse a BibTeX file into the fields of `Paper` as JSON values, sorted by key.

    Raises:
        InputError: it is not UTF-8 or not BibTeX, a key is repeated, or an entry lacks author, title or year; with
            the line.
    """
    text = text_of(data, place)
    heads = list(_ENTRY.finditer(text))
    lines = {head[2]: text.count("\n", 0, head.start()) + 1 for head in reversed(heads)}
    if twice := [key for key, times in Counter(head[2] for head in heads).items() if times > 1]:
        last = max(head.start() for head in heads if head[2] == twice[0])
        line = text.count("\n", 0, last) + 1
        raise InputError(f"{place}:{line}: duplicate key {twice[0]!r}; keys must be unique")
    ends = [head.start() for head in heads[1:]] + [len(text)]
    sources = {head[2]: text[head.start() : end].strip() for head, end in zip(heads, ends, strict=True)}
    entries = [
        _entry(key, entry, sources.get(key, ""), f"{place}:{lines.get(key, 1)}")
        for key, entry in _database(text, place).entries.items()
    ]
    return _labelled(sorted(entries, key=lambda entry: str(entry["key"])))


def without_macros(text: str) -> dict[str, Written]:
    """Entries of a BibTeX file with its abbreviations (`@string`) and concatenations (`#`) written out, by key."""
    return {key: _written(entry) for key, entry in _database(text, "BibTeX").entries.items()}


def _written(entry: Entry) -> Written:
    people = {role: " and ".join(map(str, persons)) for role, persons in entry.persons.items()}
    fields = {name.lower(): value for name, value in {**people, **entry.fields}.items()}
    return Written(entry.type, "", fields["title"], fields)


def _database(text: str, place: str) -> BibliographyData:
    try:
        return Parser().parse_string(text)
    except PybtexError as error:
        found = _DAMAGE.search(str(error))
        line = getattr(error, "lineno", None) or (int(found[1]) if found else 1)
        raise InputError(f"{place}:{line}: invalid BibTeX: {error.args[0] if error.args else error}") from error


def _entry(key: str, entry: Entry, source: str, place: str) -> dict[str, Any]:
    fields = {name.lower(): plain(value, place) for name, value in entry.fields.items()}
    people = list(entry.persons.get("author", []))
    for name, value in {"author": people, "title": fields.get("title"), "year": fields.get("year")}.items():
        if not value:
            raise InputError(f"{place}: {key} has no {name}; add `{name} = {{…}},`")
    if not fields["year"].isdigit():
        raise InputError(f"{place}: {key}: {fields['year']!r} is not a year; use four digits")
    more = str(people[-1]) == "others"
    people = people[:-1] if more else people
    surnames = [_names(person.prelast_names + person.last_names, place) for person in people]
    venue = next((fields[name] for name in VENUES if fields.get(name)), "")
    if entry.type == "article" and fields.get("volume"):
        venue += f" {fields['volume']}"
    return {
        "key": key,
        "authors": [_name(person, place) for person in people],
        "surnames": surnames,
        "more_authors": more,
        "title": fields["title"],
        "year": int(fields["year"]),
        "venue": venue,
        "eprint": fields.get("eprint", ""),
        "doi": fields.get("doi", ""),
        "topic": fields.get("topic", ""),
        "link": fields.get("url", ""),
        "label": f"{short_authors(tuple(surnames), more)}, {fields['year']}",
        "bibtex": _OURS.sub("", source) + "\n",
    }


def plain(latex: str, place: str) -> str:
    """Convert LaTeX accents and braces to Unicode, except in formulas.

    Raises:
        InputError: unbalanced braces.
    """
    formulas: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        formulas.append(match[0])
        return chr(_ASIDE + len(formulas) - 1)

    text = re.sub(r"\$[^$]*\$", put_aside, " ".join(latex.split()))
    if re.search(r"[\\{}~]", text):
        try:
            text = str(Text.from_latex(text))
        except PybtexError as error:
            raise InputError(f"{place}: {latex!r} is not valid LaTeX: {error}") from error
    for number, formula in enumerate(formulas):
        text = text.replace(chr(_ASIDE + number), formula)
    return text.replace("--", "\u2013")


def _name(person: Person, place: str) -> str:
    parts = [person.first_names, person.middle_names, person.prelast_names, person.last_names, person.lineage_names]
    return _names([name for part in parts for name in part], place)


def _names(names: list[str], place: str) -> str:
    return " ".join(plain(name, place) for name in names)


def _labelled(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add letters to papers with the same authors and year, by key."""
    times = Counter(str(entry["label"]) for entry in entries)
    seen: Counter[str] = Counter()
    for entry in entries:
        label = str(entry["label"])
        if times[label] > 1:
            entry["label"] = label + chr(ord("a") + seen[label])
        seen[label] += 1
    return entries
