"""What public libraries know of a paper: arXiv by its number, all others by DOI.

<https://info.arxiv.org/help/api/user-manual.html> (Atom), <https://citation.doi.org/docs.html> (CSL JSON, which doi.org
hands out for the DOIs of Crossref and of DataCite).
"""

from __future__ import annotations

import html
import json
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from mlblog.errors import InputError
from mlblog.papers.entry import Entry

ARXIV = "https://export.arxiv.org/api/query?id_list="
DOI = "https://doi.org/"
_CSL = "application/vnd.citationstyles.csl+json"
_SECONDS = 20
_NUMBER = r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})"
_ARXIV = re.compile(
    rf"(?:arxiv:\s*|(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|10\.48550/arxiv\.)?({_NUMBER})(?:v\d+)?(?:\.pdf)?",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"10\.\d{4,9}/[^\s?#]+")
_ATOM = "{http://www.w3.org/2005/Atom}"
_OF_ARXIV = "{http://arxiv.org/schemas/atom}"
_KINDS = {
    "article-journal": ("article", "journal"),
    "journal-article": ("article", "journal"),
    "paper-conference": ("inproceedings", "booktitle"),
    "proceedings-article": ("inproceedings", "booktitle"),
    "chapter": ("inproceedings", "booktitle"),
    "book-chapter": ("inproceedings", "booktitle"),
}


def number_of(source: str) -> tuple[str, str]:
    """What a number or URL names: `arxiv` or `doi`, and the number; both empty if neither can be seen in it."""
    source = re.sub(r"^(?:doi:\s*|https?://(?:dx\.)?doi\.org/)", "", source.strip(), flags=re.IGNORECASE)
    if found := _ARXIV.fullmatch(source):
        return "arxiv", found[1]
    if found := _IN_URL.search(unquote(source)):
        doi = found[0].rstrip("/.").removesuffix(".pdf")
        return ("arxiv", inner[1]) if (inner := _ARXIV.fullmatch(doi)) else ("doi", doi)
    return "", ""


def fetch(library: str, number: str) -> Entry:
    """Ask a library for a paper.

    Args:
        library: `arxiv` or `doi`.
        number: the number there.

    Raises:
        InputError: there is no such paper, or the library cannot be reached.
    """
    if library == "arxiv":
        return _from_arxiv(_get(ARXIV + number, "application/atom+xml"), number)
    return _from_csl(_get(DOI + quote(number), _CSL), number)


def _get(url: str, kind: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": kind, "User-Agent": "mlblog"})  # noqa: S310  # see above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            found: bytes = answer.read()
    except urllib.error.HTTPError as error:
        told = "there is no such paper" if error.code == 404 else f"the answer was {error.code} {error.reason}"
        raise InputError(f"{url}: {told}") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise InputError(f"{url}: cannot be reached ({reason}); give its BibTeX: mlblog new paper FILE.bib") from error
    return found


def _from_arxiv(answer: bytes, number: str) -> Entry:
    try:
        found = ElementTree.fromstring(answer).find(f"{_ATOM}entry")  # noqa: S314  # expat limits expansion
    except ElementTree.ParseError as error:
        raise InputError(f"arXiv:{number}: the answer cannot be read: {error}") from error
    names = [" ".join((name.text or "").split()) for name in found.iter(f"{_ATOM}name")] if found is not None else []
    published = found.findtext(f"{_ATOM}published") or "" if found is not None else ""
    if found is None or not published or "/api/errors" in (found.findtext(f"{_ATOM}id") or ""):
        raise InputError(f"arXiv:{number}: there is no such paper")
    people = [_split(name) for name in names]
    title = _tidy(found.findtext(f"{_ATOM}title") or "")
    fields = {
        "author": _authors(people),
        "title": title,
        "year": published[:4],
        "eprint": number,
        "archiveprefix": "arXiv",
        "doi": found.findtext(f"{_OF_ARXIV}doi") or "",
    }
    return Entry("misc", people[0][0] if people else "", title, fields)


def _from_csl(answer: bytes, number: str) -> Entry:
    try:
        found: dict[str, Any] = json.loads(answer)
        people = [(str(one.get("family") or one["literal"]), str(one.get("given", ""))) for one in found["author"]]
        year = str(found["issued"]["date-parts"][0][0])
        title = _tidy(_one(found["title"]))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(f"{number}: the answer has no author, title or year; give its BibTeX instead") from error
    kind, venue = _KINDS.get(str(found.get("type")), ("misc", "howpublished"))
    if found.get("type") == "book":
        kind, venue = "book", "publisher"
    where = found.get("container-title") if venue in ("journal", "booktitle") else found.get("publisher")
    fields = {"author": _authors(people), "title": title, venue: _tidy(_one(where or "")), "year": year}
    if kind == "article":
        fields |= {name: str(found.get(name) or "") for name in ("volume",)}
    fields |= {"pages": str(found.get("page") or "").replace("-", "--"), "doi": number}
    return Entry(kind, people[0][0], title, fields)


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def _split(name: str) -> tuple[str, str]:
    """Surname with its particles, and given names."""
    given = name.split(" ")
    surname = [given.pop()]
    while len(given) > 1 and given[-1].islower():
        surname.insert(0, given.pop())
    return " ".join(surname), " ".join(given)


def _authors(people: list[tuple[str, str]]) -> str:
    return " and ".join(_escaped(", ".join(filter(None, person))) for person in people)


def _tidy(text: str) -> str:
    """A title in one line, as BibTeX: without tags and braces."""
    plain = html.unescape(re.sub(r"</?[a-z][^<>]*>", "", html.unescape(text)))
    return _escaped(" ".join(plain.split()).rstrip("."))


def _escaped(text: str) -> str:
    pieces = re.split(r"(\$[^$]*\$)", re.sub(r"[{}]", "", text) if "$" not in text else text)
    return "".join(piece if piece.startswith("$") else re.sub(r"(?<!\\)([&%#_])", r"\\\1", piece) for piece in pieces)
