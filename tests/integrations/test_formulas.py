"""Formulas are drawn once, those that cannot be are errors by file and line, and feeds hold no TeX."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import feedparser
import pytest
from bs4 import BeautifulSoup

from mlblog.errors import InputError
from mlblog.files.remembered import Remembered
from mlblog.integrations.formulas import Formulas

MACROS = {"\\R": "\\mathbb{R}", "\\norm": "\\lVert #1 \\rVert"}
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "toy/papers/references.bib": "@article{a2000b, author={A, B}, title={C}, journal={D}, year={2000}, topic={E}}\n",
    "mkdocs.yml": (
        "site_name: t\nsite_url: https://x.org/b/\ntheme: {name: material, font: false}\n"
        'plugins: [search, mlblog: {design: true}, blog: {post_url_format: "{slug}"},\n'
        "  rss: {match_path: blog/posts/.*, use_git: false, date_from_meta: {as_creation: date}}]\n"
        "markdown_extensions: [pymdownx.arithmatex: {generic: true}]\n"
        "extra:\n  tex_macros:\n    \\R: \\mathbb{R}\n    \\norm: '\\lVert #1 \\rVert'\n"
    ),
    "docs/index.md": "# Home\n\nOf $\\norm{x}$ in $\\R^n$.\n",
    "docs/blog/index.md": "# Blog\n",
    "posts_src/good.md": (
        "---\ntitle: Good\ndate: 2026-11-21\n---\n\n/// html | div.aside\nSee $x$ / more.\n///\n\n"
        "A *walk* of $n$ steps\nends $\\sqrt{2n/\\pi}$ away, `$HOME` & all.\n\n$$\na^2\n$$ {#eq-a}\n"
    ),
    "posts_src/said.md": (
        "---\ntitle: Said\ndate: 2026-11-20\ndescription: It costs 5 $ for $\\frac{a}{2}$.\n---\n\nText.\n"
    ),
}


@pytest.fixture
def formulas() -> Formulas:
    return Formulas(Remembered(), MACROS)


def inline(tex: str) -> str:
    return rf'<span class="arithmatex">\({tex}\)</span>'


def build(root: Path, **more: str) -> subprocess.CompletedProcess[str]:
    for name, text in {**FILES, **more}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)


def test_feeds_and_descriptions_hold_no_tex_and_no_block_syntax(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    feed = feedparser.parse((tmp_path / "site/feed_rss_created.xml").read_bytes())
    told = {entry.title: entry.summary for entry in feed.entries}
    assert told["Said"] == "It costs 5 $ for a/2."
    assert told["Good"] == "See x / more."
    for text in told.values():
        assert not re.search(r"\\\w|\$\w|///", text.replace("$HOME", ""))
    page = (tmp_path / "site/index.html").read_text()
    written = re.search(r'<script type="application/json" id="__tex_macros">(.*?)</script>', page)
    assert written is not None
    assert html.unescape(written[1]) == '{"\\\\R": "\\\\mathbb{R}", "\\\\norm": "\\\\lVert #1 \\\\rVert"}'


def test_pages_hold_drawn_formulas_and_link_their_style_sheet(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    for name, root, count in (
        ("index.html", ".", 2),
        ("blog/index.html", "..", 4),
        ("blog/good/index.html", "../..", 4),
    ):
        page = BeautifulSoup((tmp_path / "site" / name).read_text(), "html.parser")
        assert len(page.select(".arithmatex[data-drawn] math")) == len(page.select(".arithmatex")) == count, name
        assert [link["href"] for link in page.select("link[href*=katex]")] == [f"{root}/assets/katex/katex.min.css"]
        assert not page.select("script[src*=katex]")
    home = BeautifulSoup((tmp_path / "site/index.html").read_text(), "html.parser")
    assert [part.text for part in home.select("math mi[mathvariant=double-struck]")] == ["R"]
    assert "katex" not in (tmp_path / "site/404.html").read_text()
    entries = json.loads((tmp_path / "site/search/search_index.json").read_text())["docs"]
    told = "".join(entry["text"] for entry in entries if entry["location"].startswith("blog/good"))
    assert "\\" not in told
    assert told.count("π") == 1


def test_without_the_design_formulas_are_checked_and_left_to_the_page(tmp_path: Path) -> None:
    plain = FILES["mkdocs.yml"].replace("mlblog: {design: true}", "mlblog")
    done = build(tmp_path, **{"mkdocs.yml": plain})
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/index.html").read_text()
    assert inline("\\norm{x}") in page
    assert "katex" not in page
    done = build(tmp_path, **{"mkdocs.yml": plain, "docs/index.md": "# Home\n\nBy $a_b_c$.\n"})
    assert done.returncode == 1
    assert "docs/index.md:3: formula a_b_c: double subscript" in done.stderr


def test_what_cannot_be_drawn_fails_the_build_and_says_where(tmp_path: Path) -> None:
    wrong = "---\ntitle: Wrong\ndate: 2026-11-21\n---\n\nFine: $a_1$, and `$\\nonsuch$`.\n\n"
    wrong += "> Not: $\\nonsuch{x}$\n> and $\\frac{1$.\n\n"
    note = "---\ntopic: E\nstate: to read\n---\n\n## Summary\n\nText $x^^2$.\n"
    done = build(
        tmp_path,
        **{
            "posts_src/wrong.md": wrong + "$$\n\\label{eq:a}\na + b\n$$\n",
            "toy/papers/notes/a2000b.md": note,
            "docs/about.md": "# About\n\nBy $a_b_c$.\n",
        },
    )
    assert done.returncode == 1
    told = re.findall(r"^  (\S+:\d+): formula (.*)$", done.stderr, re.MULTILINE)
    assert sorted(place for place, _ in told) == [
        "docs/about.md:3", "posts_src/wrong.md:12", "posts_src/wrong.md:8", "posts_src/wrong.md:9",
        "toy/papers/notes/a2000b.md:8",
    ]  # fmt: skip
    said = dict(told)
    assert "define it in mkdocs.yml under extra: tex_macros:" in said["posts_src/wrong.md:8"]
    assert "write {#eq-name} after the closing $$" in said["posts_src/wrong.md:12"]
    assert "double subscript" in said["docs/about.md:3"]
    assert (tmp_path / "site/blog/wrong/index.html").is_file()


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"n", "n"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"\sqrt{2n/\pi}", "√(2n/π)"),
        (r"x_i^2", "x_i^2"),
        (r"\R^n", "R^n"),
        (r"a \le b", "a≤b"),
        (r"\log p(x \mid z)", "log p(x\N{DIVIDES}z)"),
        (r"\sum_{i=1}^{n} x_i", "∑_(i=1)^nx_i"),
    ],
)
def test_a_formula_in_one_line(tex: str, text: str) -> None:
    assert Formulas(Remembered(), MACROS).plain(tex) == text


def test_a_formula_is_drawn_once_for_all_that_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = f"<p>{inline('a &lt; b')}</p>"
    file = tmp_path / "formulas.json"
    kept = Remembered(file)
    drawn = Formulas(kept, MACROS).draw(page)
    kept.save()
    monkeypatch.setitem(sys.modules, "quickjs", None)
    known = Formulas(Remembered(file), MACROS)
    assert not list(known.errors(page, [tmp_path / "x.md"], str))
    assert (known.draw(page), known.plain("a < b")) == (drawn, "a<b")
    with pytest.raises(ImportError):
        Formulas(Remembered(file), {}).draw(page)


def test_a_formula_is_mathml_and_html_without_its_source(formulas: Formulas) -> None:
    drawn = BeautifulSoup(formulas.draw(inline(r"\frac{a}{b} &lt; \norm{c}")), "html.parser")
    fraction = drawn.select_one("math mfrac")
    assert fraction is not None
    assert [part.text for part in fraction.find_all("mi")] == ["a", "b"]
    assert "<" in [sign.text for sign in drawn.select("math mo")]
    assert "frac" not in drawn.text
    shown = drawn.select_one(".katex-html")
    assert shown is not None
    assert shown.has_attr("data-search-exclude")
    assert shown["aria-hidden"] == "true"
    assert shown.parent is not None
    assert shown.parent["class"] == ["katex"]


def test_display_is_told_from_inline_and_attributes_stay(formulas: Formulas) -> None:
    page = formulas.draw('<div id="eq" class="arithmatex">\\[\nx^2\n\\]</div>' + inline("x"))
    soup = BeautifulSoup(page, "html.parser")
    assert [math.get("display") for math in soup.find_all("math")] == ["block", None]
    assert len(soup.select(".katex > .katex-mathml + .katex-html > .katex-base")) == 2
    assert page.count("<span") == page.count("</span>")
    assert soup.select_one("div#eq.arithmatex[data-drawn] math") is not None
    assert formulas.draw(page) == page


def test_what_cannot_be_drawn_is_left_to_the_page_and_hurts_no_other(formulas: Formulas) -> None:
    page = formulas.draw(inline(r"\gdef\b{1} \nonsuch") + inline("y") + inline(r"\b"))
    assert inline(r"\gdef\b{1} \nonsuch") in page
    assert page.count("<math") == 1
    assert formulas.plain(r"\nonsuch") == r"\nonsuch"


@pytest.mark.parametrize(
    ("text", "tied"),
    [
        (f"as {inline('n')}: so", f"{inline('n')}:"),
        (f"({inline('n')}), so", f"({inline('n')}),"),
        (f"as {inline('n')} so", ""),
        (f"as {inline('n + ' * 20 + 'n')}.", ""),
    ],
)
def test_punctuation_stays_with_a_short_formula(formulas: Formulas, text: str, tied: str) -> None:
    soup = BeautifulSoup(formulas.draw(text), "html.parser")
    for math in soup.select(".katex"):
        math.replace_with("TEX")
    found = [one.text for one in soup.select(".mlblog-tied")]
    assert found == ([re.sub(r"<span.*</span>", "TEX", tied)] if tied else [])


@pytest.mark.parametrize("macros", [["\\R"], {"R": "x"}, {"\\R": 1}, "\\R"])
def test_macros_that_are_none_are_refused(macros: object) -> None:
    with pytest.raises(InputError, match=r"mkdocs.yml: extra: tex_macros: must hold a text for each command"):
        Formulas(Remembered(), macros)
