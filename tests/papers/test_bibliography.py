"""BibTeX to papers: accents, names, labels, errors by line; parsed once for each state of the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.papers import Bibliography, Paper, bibliography, paper
from mlblog.papers.paper import written_authors

TWO = """\
% a comment

@article{erdos1960evolution,
  author  = {Erd{\\H{o}}s, Paul and R{\\'e}nyi, Alfr\\'ed},
  title   = {On the evolution of {Random} graphs},
  journal = {Acta \\& Communications},
  volume  = {5},
  pages   = {17--61},
  year    = {1960},
  doi     = {10.1000/x(1)},
  topic   = {Graphs},
}

@misc{vandermeer2020first,
  author = {van der Meer, Jan},
  title  = {First {$O(n \\log n)$} and $k$ of them},
  year   = {2020},
  eprint = {2001.00001},
}
"""


def read(tmp_path: Path, text: str, *, work: Path | None = None) -> Bibliography:
    file = tmp_path / "references.bib"
    file.write_text(text, encoding="utf-8")
    return Bibliography.read(file, place="notes/references.bib", work=work)


def test_latex_becomes_unicode(tmp_path: Path) -> None:
    found = read(tmp_path, TWO)
    first, second = found
    assert first.authors == ("Paul Erd\u0151s", "Alfr\u00e9d R\u00e9nyi")
    assert first.title == "On the evolution of Random graphs"
    assert first.venue == "Acta & Communications 5"
    assert first.label == first.cite == "Erd\u0151s and R\u00e9nyi, 1960"
    assert first.url == "https://doi.org/10.1000/x(1)"
    assert (first.topic, first.doi, first.eprint) == ("Graphs", "10.1000/x(1)", "")
    assert second.surnames == ("van der Meer",)
    assert second.title == r"First $O(n \log n)$ and $k$ of them"
    assert second.url == "https://arxiv.org/abs/2001.00001"
    assert second.venue == ""
    assert len(found) == 2
    assert "erdos1960evolution" in found
    assert "nobody" not in found


def test_bibtex_is_the_entry_as_it_stands_but_for_our_own_fields(tmp_path: Path) -> None:
    first, second = read(tmp_path, TWO)
    entries = TWO.split("\n", 2)[2].split("\n\n")
    assert first.bibtex == entries[0].replace("  topic   = {Graphs},\n", "") + "\n"
    assert second.bibtex == entries[1]


@pytest.mark.parametrize(
    ("authors", "label", "phrase"),
    [
        ("Gauss, C.", "Gauss, 1999", "C. Gauss"),
        ("Gauss, C. and Euler, L.", "Gauss and Euler, 1999", "C. Gauss and L. Euler"),
        ("Gauss, C. and Euler, L. and Abel, N.", "Gauss et al., 1999", "C. Gauss, L. Euler, and N. Abel"),
        ("Gauss, C. and others", "Gauss et al., 1999", "C. Gauss and others"),
        ("Gauss, C. and Euler, L. and others", "Gauss et al., 1999", "C. Gauss, L. Euler, and others"),
        ("{The Group}", "The Group, 1999", "The Group"),
        ("Carl Friedrich Gauss", "Gauss, 1999", "Carl Friedrich Gauss"),
        ("King, Jr., Martin", "King, 1999", "Martin King Jr."),
    ],
)
def test_authors(tmp_path: Path, authors: str, label: str, phrase: str) -> None:
    (found,) = read(tmp_path, f"@misc{{a1999b,\n author = {{{authors}}},\n title = {{B}},\n year = {{1999}},\n}}\n")
    assert found.label == label
    assert written_authors(found) == phrase


def test_papers_of_the_same_authors_and_year_get_letters_by_key(tmp_path: Path) -> None:
    entry = "@misc{{{},\n  author = {{Gauss, C.}},\n  title = {{{}}},\n  year = {{{}}},\n}}\n"
    text = entry.format("z", "Z", 1801) + entry.format("a", "A", 1801) + entry.format("b", "B", 1809)
    assert [(paper.key, paper.label) for paper in read(tmp_path, text)] == [
        ("a", "Gauss, 1801a"),
        ("b", "Gauss, 1809"),
        ("z", "Gauss, 1801b"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (TWO + TWO.split("\n\n")[2], 20, "duplicate key 'vandermeer2020first'"),
        (TWO.replace("  author = {van", "  editor = {van"), 14, "vandermeer2020first has no author"),
        (TWO.replace("  title  =", "  other  ="), 14, "vandermeer2020first has no title"),
        (TWO.replace("2020},", "soon},"), 14, "'soon' is not a year"),
        (TWO.replace("  year    = {1960},\n", ""), 3, "erdos1960evolution has no year"),
        # where the parser gives up, which is behind what was left open
        (TWO.replace("{5},", "{5"), 14, "invalid BibTeX"),
        (TWO.replace("title  =", "title"), 16, "invalid BibTeX"),
        (TWO[:-3], 18, "invalid BibTeX"),
        (TWO.replace("Jan}", r"J\\'{a}n}}"), 14, "has no title"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    place, _, rest = str(caught.value).partition(": ")
    assert said in rest
    assert place == f"notes/references.bib:{line}"


def test_another_encoding_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "references.bib"
    file.write_bytes(TWO.replace("Jan", "J\u00e4n").encode("latin-1"))
    with pytest.raises(InputError, match=r"references\.bib:15: not UTF-8"):
        Bibliography.read(file)


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    found = read(tmp_path, TWO)
    with pytest.raises(
        InputError, match=r"no paper 'erdos1961evolution' in notes/references\.bib; did you mean 'erdos1960"
    ):
        found["erdos1961evolution"]
    with pytest.raises(InputError, match="add the paper there"):
        found["xyzzy"]


def test_what_was_parsed_is_kept_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    before = list(read(tmp_path, TWO, work=work))
    monkeypatch.setitem(sys.modules, "mlblog.papers.bibtex", None)  # importing it fails
    assert list(read(tmp_path, TWO, work=work)) == before
    with pytest.raises(ImportError):
        read(tmp_path, TWO.replace("1960}", "1961}"), work=work)
    monkeypatch.undo()
    assert read(tmp_path, TWO.replace("1960}", "1961}"), work=work)["erdos1960evolution"].year == 1961


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key": "x"}', b"\xff"])
def test_a_damaged_copy_of_what_was_parsed_is_not_used(tmp_path: Path, damage: bytes) -> None:
    work = tmp_path / "work"
    before = list(read(tmp_path, TWO, work=work))
    kept = work / "bibliography.json"
    assert b"erdos1960evolution" in kept.read_bytes()
    kept.write_bytes(damage)
    assert list(read(tmp_path, TWO, work=work)) == before


def test_a_project_without_a_bibliography_has_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy.blog"]\n')
    found = Bibliography.of(Project.find(tmp_path))
    assert list(found) == []
    assert found.place == "toy/blog/papers/references.bib"


def test_a_paper_of_this_project() -> None:
    found = paper("vinyals2015pointer")
    assert isinstance(found, Paper)
    assert (found.cite, found.year, found.eprint) == ("Vinyals et al., 2015", 2015, "1506.03134")
    assert found.note is not None
    assert found.note.key == found.key


def test_no_import_of_pybtex_before_a_file_is_parsed() -> None:
    code = f"import sys, mlblog.cli, {bibliography.__name__}; sys.exit('pybtex' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
