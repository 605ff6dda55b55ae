"""Citations become links to the page's references, and nothing else of a text changes."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from mlblog.errors import PostError
from mlblog.papers import Bibliography, cite, cited_keys, references

BIB = """\
@misc{abel1824memoire,
  author = {Abel, Niels Henrik},
  title  = {Memoir on *equations* of [degree] five},
  year   = {1824},
  eprint = {2401.00005},
  topic  = {Algebra},
}

@article{euler1736solutio,
  author  = {Euler, Leonhard and Gauss, C. F.},
  title   = {Solution of $b_1$ problems},
  journal = {Acta_Petropolitana_},
  year    = {1736},
  doi     = {10.1000/b(7)_x},
}

@book{zorn1935remark,
  author = {Zorn, Max and {\\'A}bc, D. and E, F.},
  title  = {A remark?},
  publisher = {Noether \\& Sons},
  year   = {1935},
  url    = {https://example.org/zorn/},
}
"""
ABEL = "[Abel, 1824](#ref-abel1824memoire){ .mlblog-cite }"
EULER = "[Euler and Gauss, 1736](#ref-euler1736solutio){ .mlblog-cite }"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Bibliography:
    folder = tmp_path_factory.mktemp("papers")
    (folder / "references.bib").write_text(BIB, encoding="utf-8")
    (folder / "notes").mkdir()
    note = "---\ntopic: Algebra\nstate: skimmed\nconfidence: 1/5\n---\n\n## Summary\n\nFive is too many.\n"
    (folder / "notes" / "abel1824memoire.md").write_text(note, encoding="utf-8")
    return Bibliography.read(folder / "references.bib")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As [@abel1824memoire] says.", f"As ({ABEL}) says."),
        ("[@abel1824memoire; @euler1736solutio]", f"({ABEL}; {EULER})"),
        ("[@abel1824memoire;@euler1736solutio]", f"({ABEL}; {EULER})"),
        ("[@abel1824memoire;\n  @euler1736solutio]", f"({ABEL}; {EULER})"),
        ("[see @abel1824memoire, §3; also @euler1736solutio, eq. 2]", f"(see {ABEL}, §3; also {EULER}, eq. 2)"),
        ("[-@abel1824memoire, p. 2]", "([1824](#ref-abel1824memoire){ .mlblog-cite }, p. 2)"),
        ("*[@abel1824memoire]*", f"*({ABEL})*"),
        ("# Title [@abel1824memoire]", f"# Title ({ABEL})"),
        ("[not a link] [@abel1824memoire]", f"[not a link] ({ABEL})"),
        ("| a [@abel1824memoire] | b |", f"| a ({ABEL}) | b |"),
        ("> quoted [@abel1824memoire]", f"> quoted ({ABEL})"),
        ("[^1]: foot [@abel1824memoire]", f"[^1]: foot ({ABEL})"),
        ("[@abel1824memoire]: the first proof", f"({ABEL}): the first proof"),
        ("as in [@abel1824memoire]: proved", f"as in ({ABEL}): proved"),
        ("$5 and [@abel1824memoire] for $6", f"$5 and ({ABEL}) for $6"),
        ("one ` alone [@abel1824memoire]", f"one ` alone ({ABEL})"),
        ("a < b [@abel1824memoire] > c", f"a < b ({ABEL}) > c"),
        ("- item\n\n    still [@abel1824memoire]", f"- item\n\n    still ({ABEL})"),
        ('!!! note "T"\n\n    in [@abel1824memoire]', f'!!! note "T"\n\n    in ({ABEL})'),
        ("1. a\n\n    b\n\n    c [@abel1824memoire]\n", f"1. a\n\n    b\n\n    c ({ABEL})\n"),
        ("    inside of something [@abel1824memoire]", f"    inside of something ({ABEL})"),
        (
            "\n    after a fence inside of something [@abel1824memoire]",
            f"\n    after a fence inside of something ({ABEL})",
        ),
        ("```\nx\n```\n[@abel1824memoire]", f"```\nx\n```\n({ABEL})"),
        # as the page shows them
        (r"in text, \[ [@abel1824memoire] \]", rf"in text, \[ ({ABEL}) \]"),
        ("```\na\n````\n[@abel1824memoire]", f"```\na\n````\n({ABEL})"),
        ("- a `b\n- [@abel1824memoire]` c", f"- a `b\n- ({ABEL})` c"),
        ("| a `b | c |\n|---|---|\n| [@abel1824memoire] ` | d |", f"| a `b | c |\n|---|---|\n| ({ABEL}) ` | d |"),
        ("- a\nlazy\n\n    [@abel1824memoire]", f"- a\nlazy\n\n    ({ABEL})"),
        (r"\`[@abel1824memoire]`", rf"\`({ABEL})`"),
        ("a <!-- b\n\n[@abel1824memoire] -->", f"a <!-- b\n\n({ABEL}) -->"),
        ("[@abel1824memoire].[1]", f"({ABEL}).[1]"),
    ],
)
def test_a_citation(text: str, expected: str, papers: Bibliography) -> None:
    found = cite(text, papers, "posts_src/x.md", 3)
    assert found.text == expected
    assert found.keys == cited_keys(text)
    assert set(found.keys) <= {"abel1824memoire", "euler1736solutio"}
    assert "abel1824memoire" in found.keys


@pytest.mark.parametrize(
    "text",
    [
        "no sign of any",
        "mail me@example.org [or me@example.org]",
        "`[@abel1824memoire]`",
        "`` a ` [@abel1824memoire] ``",
        "`code\n[@abel1824memoire]`",
        "```python\n[@abel1824memoire]\n```",
        "~~~~\n~~~\n[@abel1824memoire]\n~~~~\n",
        "    ```\n    [@abel1824memoire]\n    ```\n",
        "> ```\n> [@abel1824memoire]\n> ```\n",
        "Text.\n\n    [@abel1824memoire]\n",
        "Text.\n\n\t[@abel1824memoire]\n\n\tand [@abel1824memoire]\n",
        "!!! note\n\n    Text.\n\n        [@abel1824memoire]\n",
        "$[@abel1824memoire]$",
        "$a\n[@abel1824memoire]$",
        "$$\n[@abel1824memoire]\n$$",
        r"\([@abel1824memoire]\)",
        r"\[ [@abel1824memoire] \]",
        "$$ [@abel1824memoire] $$ {#eq-a}",
        "~~~\n[@abel1824memoire]\n````\n[@abel1824memoire]\n~~~",
        "<div>\n\n[@abel1824memoire]\n\n</div>",
        "- a\nlazy\n\n        [@abel1824memoire]",
        "\\begin{align}\n[@abel1824memoire]\n\\end{align}",
        "<!-- [@abel1824memoire]\n\n -->",
        '<a title="[@abel1824memoire]" href="x">[@abel1824memoire]</a>',
        "<pre>[@abel1824memoire]</pre>",
        r"\[@abel1824memoire]",
        "[@abel1824memoire](https://example.org)",
        "[@abel1824memoire][there]",
        "[@abel1824memoire]: https://example.org",
        '[@abel1824memoire]: <https://example.org> "A title"',
        "[a [@abel1824memoire] b](https://example.org/(x))",
        "[a [@abel1824memoire] b][there]",
        "![@abel1824memoire](x.png)",
        "![a [@abel1824memoire]](x.png)",
        "![@abel1824memoire]",
        "[@fig:width]",
        "@abel1824memoire",
        "[@ abel1824memoire]",
        "[@abel1824memoire\n\n]",
    ],
)
def test_what_is_no_citation_stays_as_it_is(text: str, papers: Bibliography) -> None:
    assert cite(text, papers, "posts_src/x.md", 3) == (text, ())
    assert cited_keys(text) == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n\nb [@able1824memoire] c", 9, "no paper 'able1824memoire' in .*; did you mean 'abel1824memoire'?"),
        ("[@abel1824memoire;\n@nobody]", 7, "no paper 'nobody'"),
        ("x\n[@abel1824memoire; euler1736solutio]", 8, "has no key; write"),
        ("x\n[@abel1824memoire; ]", 8, "has no key"),
    ],
)
def test_a_wrong_citation_is_an_error_with_its_line(text: str, line: int, said: str, papers: Bibliography) -> None:
    with pytest.raises(PostError, match=said) as caught:
        cite(text, papers, "posts_src/x.md", 7)
    assert (caught.value.path, caught.value.line) == ("posts_src/x.md", line)


def test_the_references_of_a_page(papers: Bibliography) -> None:
    keys = ["zorn1935remark", "abel1824memoire", "euler1736solutio", "abel1824memoire"]
    page = _converted("x [@abel1824memoire]\n" + references(keys, papers, "../.."))
    items = page.select("ul.mlblog-references > li")
    assert [item["id"] for item in items] == [
        "ref-abel1824memoire",
        "ref-euler1736solutio",
        "ref-zorn1935remark",
    ]
    texts = [" ".join(item.p.get_text().split()) for item in items if item.p]
    assert texts == [
        "Niels Henrik Abel. Memoir on *equations* of [degree] five. 1824. arXiv:2401.00005 · our note",
        "Leonhard Euler and C. F. Gauss. Solution of \\(b_1\\) problems. Acta_Petropolitana_, 1736. "
        "doi:10.1000/b(7)_x · in our list",
        "Max Zorn, D. Ábc, and F. E. A remark? Noether & Sons, 1935. example.org/zorn · in our list",
    ]
    assert [[link["href"] for link in item.p.select("a")] for item in items if item.p] == [
        ["https://arxiv.org/abs/2401.00005", "../../papers/abel1824memoire.md"],
        ["https://doi.org/10.1000/b(7)_x", "../../papers/index.md#euler1736solutio"],
        ["https://example.org/zorn/", "../../papers/index.md#zorn1935remark"],
    ]
    folds = [item.select_one("details.mlblog-bibtex") for item in items]
    assert [fold.summary.get_text() for fold in folds if fold and fold.summary] == ["BibTeX"] * 3
    assert all(fold is not None and fold.has_attr("data-search-exclude") for fold in folds)
    entries = [entry.replace("  topic  = {Algebra},\n", "").strip() for entry in BIB.split("\n\n")]
    assert [item.select_one("pre").get_text().strip() for item in items if item.select_one("pre")] == entries  # type: ignore[union-attr]


def test_nothing_cited_has_no_references(papers: Bibliography) -> None:
    assert references([], papers, "..") == ""


ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """Reads `mkdocs.yml`, whose tags name Python objects."""


_Loader.add_multi_constructor("", lambda *_: None)


def _converted(text: str) -> BeautifulSoup:
    """The HTML of Markdown under the site's own extensions."""
    listed = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), _Loader)["markdown_extensions"]
    names = [name if isinstance(name, str) else next(iter(name)) for name in listed]
    configs = {name: options for each in listed if isinstance(each, dict) for name, options in each.items()}
    leave = {"pymdownx.emoji", "toc"}  # the one needs Material, the other draws nothing here
    made = Markdown(
        extensions=[name for name in names if name not in leave],
        extension_configs={name: options for name, options in configs.items() if name not in leave},
    )
    return BeautifulSoup(made.convert(text), "html.parser")


#: Pieces of Markdown around a citation (`%`), and whether it counts there.
PIECES = [
    ("Words % and more.", True),
    ("- one\n- two %\n\n    and %", True),
    ("!!! note\n\n    Text %.\n\n    ```text\n    no\n    ```\n\n    After %.", True),
    ("> Quoted % here.", True),
    ("| a | b |\n|---|---|\n| % | `no` |", True),
    ("A *word %* with `code` and $x$ and %.", True),
    ("```text\n%\n```", False),
    ("Text `%` here.", False),
    ("Text $%$ here.", False),
    ("[text %](https://example.org)", False),
    ("Paragraph.\n\n    indented %", False),
    ("!!! note\n\n    Text.\n\n    ```text\n    %\n    ```", False),
    ("<!-- % -->", False),
]
KEYS = ["abel1824memoire", "euler1736solutio", "zorn1935remark"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.integers(0, 10**6))
def test_on_the_page_every_citation_is_a_link_to_its_reference(
    papers: Bibliography, pieces: list[tuple[str, bool]], seed: int
) -> None:
    """The oracle is Python-Markdown: what it sets as code, formula or link keeps its brackets, all else is linked."""
    draw = random.Random(seed)
    wanted: list[str] = []
    kept = 0
    text = ""
    for piece, counts in pieces:
        for before in re.split("(%)", piece):
            key = draw.choice(KEYS)
            text += f"[@{key}]" if before == "%" else before
            if before == "%" and counts:
                wanted.append(key)
            kept += before == "%" and not counts and "<!--" not in piece
        text += "\n\n"
    found = cite(text, papers, "x.md", 1)
    assert list(found.keys) == list(dict.fromkeys(wanted))
    page = _converted(found.text + references(found.keys, papers, ".."))
    links = page.select("a.mlblog-cite")
    assert [link["href"] for link in links] == [f"#ref-{key}" for key in wanted]
    assert all(page.find(id=str(link["href"])[1:]) for link in links)
    assert page.get_text().count("[@") == kept


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="[]@`$\\\n ();:!-ab1~<>*", max_size=60))
def test_any_text_is_read_in_whole(papers: Bibliography, text: str) -> None:
    named = cited_keys(text)
    if named:  # none of these signs spells a key that is known
        with pytest.raises(PostError) as caught:
            cite(text, papers, "x.md", 1)
        assert 1 <= caught.value.line <= 1 + text.count("\n")
    else:
        assert cite(text, papers, "x.md", 1) == (text, ())
