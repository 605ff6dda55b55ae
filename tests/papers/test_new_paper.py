"""A paper by its number: numbers are found in what people paste, and recorded answers become entries with a note.

The answers are written in the formats that arXiv and doi.org document; a server on this machine hands them out.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlblog.cli import main
from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.papers import Bibliography, fetch
from mlblog.papers.fetch import number_of

ANSWERS = Path(__file__).parent / "answers"
TEXT = """% Sorted by key.

@article{adams2000first,
  author = {Adams, A.},
  title = {First},
  journal = {J},
  year = {2000},
  eprint = {0001.00001},
  topic = {Old},
}

@article{zhang1999last,
  author = {Zhang, Z.},
  title = {Last},
  journal = {J},
  year = {1999},
  topic = {Old},
}
"""
BIBTEX = "@InProceedings{DBLP:conf/nips/BB01,\n  author={Bär, B. and others},\n  title={The {Bear} \\& more},\n"
BIBTEX += '  year=2001, booktitle={Z\\"oo}\n}\n'


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("arXiv:1706.03762", ("arxiv", "1706.03762")),
        ("1706.03762v5", ("arxiv", "1706.03762")),
        ("https://arxiv.org/abs/1706.03762v5", ("arxiv", "1706.03762")),
        ("https://arxiv.org/pdf/1706.03762.pdf", ("arxiv", "1706.03762")),
        ("arxiv.org/html/1706.03762", ("arxiv", "1706.03762")),
        ("math.GT/0309136", ("arxiv", "math.GT/0309136")),
        ("https://arxiv.org/abs/cs/9901002", ("arxiv", "cs/9901002")),
        ("10.48550/arXiv.1706.03762", ("arxiv", "1706.03762")),
        ("https://doi.org/10.48550/arXiv.1706.03762", ("arxiv", "1706.03762")),
        ("doi:10.1162/neco.1997.9.8.1735", ("doi", "10.1162/neco.1997.9.8.1735")),
        ("https://doi.org/10.1162/neco.1997.9.8.1735", ("doi", "10.1162/neco.1997.9.8.1735")),
        ("https://dl.acm.org/doi/pdf/10.1145/3065386?download=true", ("doi", "10.1145/3065386")),
        ("https://onlinelibrary.wiley.com/doi/10.1002%2Fx.1", ("doi", "10.1002/x.1")),
        ("https://openreview.net/forum?id=abc", ("", "")),
        ("attention is all you need", ("", "")),
    ],
)
def test_numbers_are_found_in_what_is_pasted(source: str, found: tuple[str, str]) -> None:
    assert number_of(source) == found


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What was asked for: path and accepted type."""
    asked: list[tuple[str, str]] = []
    files = {"/q?id=1706.03762": "arxiv-1706.03762.xml", "/q?id=9999.99999": "arxiv-none.xml"}
    files["/10.1162/neco.1997.9.8.1735"] = "csl-10.1162-neco.1997.9.8.1735.json"

    class Library(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Accept"]))
            known = self.path in files
            self.send_response(200 if known else 404)
            self.end_headers()
            if known:
                self.wfile.write((ANSWERS / files[self.path]).read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Library) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setattr(fetch, "ARXIV", f"http://127.0.0.1:{server.server_port}/q?id=")
        monkeypatch.setattr(fetch, "DOI", f"http://127.0.0.1:{server.server_port}/")
        yield asked
        server.shutdown()
        thread.join()


@pytest.fixture
def project(make_project: Callable[[dict[str, str]], Project]) -> Project:
    return make_project({"toy/papers/references.bib": TEXT})


def new(*arguments: str, stdin: str = "") -> str:
    done = CliRunner().invoke(main, ["new", "paper", *arguments], input=stdin)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_arxiv(project: Project, libraries: list[tuple[str, str]]) -> None:
    said = new("arXiv:1706.03762", "--topic", "Attention")
    assert said.startswith("toy/papers/references.bib\n  cite it: [@vaswani2017attention]\n")
    assert "toy/papers/notes/vaswani2017attention.md" in said
    assert libraries == [("/q?id=1706.03762", "application/atom+xml")]
    paper = Bibliography.of(project)["vaswani2017attention"]
    assert paper.authors == ("Ashish Vaswani", "Laurens van der Maaten", "Lukasz Kaiser")
    assert paper.surnames[1] == "van der Maaten"
    assert (paper.title, paper.year, paper.eprint) == ("Attention Is All You Need", 2017, "1706.03762")
    assert (paper.topic, paper.url) == ("Attention", "https://arxiv.org/abs/1706.03762")
    assert paper.note is not None
    text = (project.root / "toy/papers/references.bib").read_text()
    assert [key for key in ("adams", "vaswani", "zhang") if key in text] == ["adams", "vaswani", "zhang"]
    assert text.index("{adams") < text.index("{vaswani") < text.index("{zhang")
    assert text.replace(text[text.index("@misc") : text.index("@article{zhang")], "") == TEXT


def test_a_doi(project: Project, libraries: list[tuple[str, str]]) -> None:
    new("https://doi.org/10.1162/neco.1997.9.8.1735")
    assert libraries == [("/10.1162/neco.1997.9.8.1735", "application/vnd.citationstyles.csl+json")]
    paper = Bibliography.of(project)["hochreiter1997long"]
    assert paper.title == "Long Short-Term Memory & More"
    assert paper.authors == ("Sepp Hochreiter", "Jürgen Schmidhuber")
    assert (paper.venue, paper.doi) == ("Neural Computation 9", "10.1162/neco.1997.9.8.1735")
    assert "1735--1780" in paper.bibtex


def test_a_paper_that_is_there_needs_no_library(project: Project, libraries: list[tuple[str, str]]) -> None:
    assert new("arXiv:0001.00001").splitlines()[0] == "toy/papers/notes/adams2000first.md"
    assert libraries == []
    again = CliRunner().invoke(main, ["new", "paper", "0001.00001"])
    assert again.exit_code == 2
    assert "adams2000first: already in toy/papers/references.bib, with a note" in again.stderr
    assert (project.root / "toy/papers/references.bib").read_text() == TEXT


@pytest.mark.parametrize("way", ["file", "pasted", "standard input"])
def test_bibtex_needs_no_library(project: Project, libraries: list[tuple[str, str]], way: str) -> None:
    (project.root / "one.bib").write_text(BIBTEX)
    source = {"file": "one.bib", "pasted": BIBTEX, "standard input": "-"}[way]
    assert "cite it: [@bar2001bear]" in new(source, "--topic", "Bears", stdin=BIBTEX)
    paper = Bibliography.of(project)["bar2001bear"]
    assert (paper.title, paper.venue, paper.topic) == ("The Bear & more", "Zöo", "Bears")
    assert libraries == []


def test_abbreviations_of_a_file_are_written_out(project: Project) -> None:
    """Each entry goes into the bibliography without the rest of its file."""
    (project.root / "some.bib").write_text(
        '@string{icml = "Proceedings of ICML"}\n@STRING{who = {B{\\"a}r, B. and van der Foo, F.}}\n'
        "@inproceedings{bar2020, title={On {B}ears \\& $x^2$}, author=who, booktitle=icml # { 37},\n"
        "  year=2020, month=jun}\n"
    )
    new("some.bib", "--topic", "Bears")
    paper = Bibliography.of(project)["bar2020"]
    assert (paper.title, paper.venue) == ("On Bears & $x^2$", "Proceedings of ICML 37")
    assert paper.authors == ("B. Bär", "F. van der Foo")
    assert paper.topic == "Bears"


def test_a_paper_is_known_by_its_numbers_under_any_key(project: Project) -> None:
    said = new("@article{a1, title={First}, author={Adams, A.}, year={2000}, eprint={0001.00001}}")
    assert said.splitlines()[0] == "toy/papers/notes/adams2000first.md"
    assert (project.root / "toy/papers/references.bib").read_text() == TEXT


def test_a_bibliography_is_begun_and_several_are_taken(make_project: Callable[[dict[str, str]], Project]) -> None:
    project = make_project({"many.bib": TEXT})
    new("many.bib")
    assert [paper.key for paper in Bibliography.of(project)] == ["adams2000first", "zhang1999last"]
    assert sorted(path.stem for path in (project.root / "toy/papers/notes").iterdir()) == [
        "adams2000first", "zhang1999last",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("https://openreview.net/forum?id=abc", "not an arXiv number, a DOI, a URL with either, or a BibTeX file"),
        ("9999.99999", "arXiv:9999.99999: there is no such paper"),
        ("10.5555/none", "10.5555/none: there is no such paper"),
        ("@article{a, title={Open}, year={2000}}", "the entry:1: a has no author"),
        ("lost.bib", "lost.bib: no such file"),
        (
            "@article{zhang1999last, title={Least}, author={Zhang, Y.}, year={1999}}",
            "zhang1999last is another paper in toy/papers/references.bib; give the new one another key",
        ),
    ],
)
def test_what_names_no_paper_changes_nothing(
    project: Project, libraries: list[tuple[str, str]], source: str, message: str
) -> None:
    done = CliRunner().invoke(main, ["new", "paper", source])
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert (project.root / "toy/papers/references.bib").read_text() == TEXT
    assert not (project.root / "toy/papers/notes").exists()


def test_without_a_network_bibtex_is_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "ARXIV", "http://127.0.0.1:9/q?id=")
    with pytest.raises(InputError, match=r"cannot be reached .*; give its BibTeX: mlblog new paper FILE.bib"):
        fetch.fetch("arxiv", "1706.03762")
