"""Formulas that the build draws: once, without their source, and tied to the punctuation beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from mlblog.integrations.formulas import SHEET, Formulas
from mlblog.integrations.remembered import Remembered

pytest.importorskip("quickjs", reason="pip install 'mlblog[site]' has QuickJS")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def formulas() -> Formulas:
    return Formulas(DOCS, Remembered())


def inline(tex: str) -> str:
    return rf'<span class="arithmatex">\({tex}\)</span>'


def test_a_formula_is_mathml_and_html_without_its_source(formulas: Formulas) -> None:
    drawn = BeautifulSoup(formulas.content(inline(r"\frac{a}{b} &lt; 1")), "html.parser")
    fraction = drawn.select_one("math mfrac")
    assert fraction is not None
    assert [part.text for part in fraction.find_all("mi")] == ["a", "b"]
    assert "<" in [sign.text for sign in drawn.select("math mo")]
    assert "frac" not in drawn.text
    shown = drawn.select_one(".katex-html")
    assert shown is not None
    assert shown.has_attr("data-search-exclude")
    assert shown["aria-hidden"] == "true"


def test_display_is_told_from_inline(formulas: Formulas) -> None:
    html = formulas.content('<div class="arithmatex">\\[\nx^2\n\\]</div>' + inline("x"))
    blocks = [math.get("display") for math in BeautifulSoup(html, "html.parser").find_all("math")]
    assert blocks == ["block", None]


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
    soup = BeautifulSoup(formulas.content(text), "html.parser")
    for math in soup.select(".katex"):
        math.replace_with("TEX")
    found = [one.text for one in soup.select(".mlblog-tied")]
    assert found == ([re.sub(r"<span.*</span>", "TEX", tied)] if tied else [])


def test_pages_with_formulas_link_the_style_sheet_and_others_do_not(formulas: Formulas) -> None:
    page = "<html><head></head><body>{}</body></html>"
    assert f'<link rel="stylesheet" href="../../{SHEET}"></head>' in formulas.page(
        "a.md", page.format(inline("x")), "../.."
    )
    assert formulas.page("b.md", page.format("plain"), ".") == page.format("plain")
    assert formulas.page("a.md", page.format(inline("y")), ".").count("<math") == 1


def test_a_formula_is_drawn_once(tmp_path: Path) -> None:
    kept = Remembered(tmp_path / "kept.json")
    first = Formulas(DOCS, kept).content(inline("x_1"))
    kept.save()
    (tmp_path / "docs/assets/katex").mkdir(parents=True)
    again = Formulas(DOCS, Remembered(tmp_path / "kept.json"))
    again._draw = lambda tex, display: pytest.fail("drawn twice")
    assert again.content(inline("x_1")) == first


def test_without_katex_formulas_are_left_to_the_page(tmp_path: Path) -> None:
    assert Formulas(tmp_path, Remembered()).page("a.md", inline("x"), ".") == inline("x")
