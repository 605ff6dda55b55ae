"""Make the fonts of the site from those that their makers publish on npm.

    npm install --prefix SOURCES source-sans@3.52.0 source-serif@4.5.1 source-code-pro@2.42.0 katex@0.19.1 \
        @fontsource-variable/source-sans-3@5.3.0 @fontsource-variable/source-serif-4@5.3.1
    pip install fonttools brotli
    python tools/fonts.py SOURCES

A face is several files: the letters that every page has, and those that few pages have, which browsers fetch where
they occur. Upright text has weights from 400 to 650, all else one weight; hints for low resolutions are left out. Names
inside the files are changed, as the licence asks of modified versions. The style sheets are written too.
"""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

PACKAGE = Path(__file__).parents[1] / "mlblog"
FONTS, KATEX = PACKAGE / "theme/assets/fonts", PACKAGE / "theme/assets/katex"
COMMON = {*range(0x20, 0x7F), 0xA0, *map(ord, "§°±²·½×áäçèéëíñóöøúü‑–—‖‘’“”•…′→−")}  # noqa: RUF001
SIGNS = {
    *range(0x391, 0x3A2), *range(0x3A3, 0x3CA), *range(0x2074, 0x2077), *range(0x2080, 0x2085), 0x1D40, 0x207B,
    *map(ord, "←∂∆∇∏∑√∝∞∫≈≠≤≥⌈⌉"),
}  # fmt: skip
LETTERS = {
    *range(0xA1, 0x100), *range(0x300, 0x305), *range(0x2070, 0x2095), *range(0x2150, 0x215F), 0x1D62,
    *map(ord, "ąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžČĎĚŇŘŠŤŮŽőűŐŰğışĞİŞāēīūĝ"), *map(ord, "†‡‰‹›⁄€ℓ™↑↓↔⌊⌋✓"),  # noqa: RUF001
} - SIGNS - COMMON  # fmt: skip
#: Characters that are common in formulas, of the fonts with many others. KaTeX puts U+200B into
#: fractions, and strikes through with U+E020.
OF_FORMULAS = {
    *range(0x20, 0x7F), 0xA0, 0x200B, 0xE020, *range(0x391, 0x3D6),
    *map(ord, "′×⋅·−±∣∥→←∞∑∏∫∈∉≤≥≠≈∼∝∗∘⊤⊙⊥∇∂ℓϵ…⋯⟨⟩‖√ˆˉ˙˜"),  # noqa: RUF001
}  # fmt: skip
#: Large operators and brackets, whose four fonts are parts of the style sheet.
LARGE = {0x20, *map(ord, "()[]{}/|∥∣√∑∏∫∐⟨⟩⌈⌉⌊⌋")}  # noqa: RUF001
FEATURES = ["kern", "liga", "mark", "mkmk", "lnum", "tnum", "zero"]

SERIF, SANS, CODE = "source-serif/TTF/SourceSerif4", "source-sans/TTF/SourceSans3", "source-code-pro/TTF/SourceCodePro"
VARIABLE = "@fontsource-variable/{0}/files/{0}-latin-wght-normal.woff2"
#: By name of the face here: its family and style, the source of its common letters, and that of the others.
FACES = {
    "serif": ("Source Serif 4", "normal", VARIABLE.format("source-serif-4"), f"{SERIF}-Regular.ttf"),
    "serif-italic": ("Source Serif 4", "italic", f"{SERIF}-It.ttf", f"{SERIF}-It.ttf"),
    "sans": ("Source Sans 3", "normal", VARIABLE.format("source-sans-3"), f"{SANS}-Regular.ttf"),
    "sans-italic": ("Source Sans 3", "italic", f"{SANS}-It.ttf", f"{SANS}-It.ttf"),
    "code": ("Source Code Pro", "normal", f"{CODE}-Regular.ttf", f"{CODE}-Regular.ttf"),
}
#: Styles of the lettering in figures.
LETTERING = {"Regular": f"{SANS}-Regular.ttf", "Italic": f"{SANS}-It.ttf", "Bold": f"{SANS}-Semibold.ttf"}
#: Fonts of formulas of which a part is apart; those of the large signs are so small that the style sheet holds them.
SPLIT = {"KaTeX_Main-Regular": OF_FORMULAS, "KaTeX_Main-Bold": OF_FORMULAS, "KaTeX_AMS-Regular": OF_FORMULAS}
HELD = {f"KaTeX_Size{number}-Regular": LARGE for number in range(1, 5)}
HEAD = """/* Source Serif 4, Source Sans 3 and Source Code Pro: letters of every page, and apart from them those of few.
   tools/fonts.py writes this. SIL Open Font License; the licences lie beside the fonts. */
"""
FACE = """
@font-face {{
  font-family: "{family}";
  font-style: {style};
  font-weight: 400 650;
  font-display: swap;
  src: url("../assets/fonts/{file}.woff2") format("woff2");
  unicode-range: {characters};
}}
"""


def main(sources: Path) -> None:
    """Write all fonts and their style sheets."""
    for style, source in LETTERING.items():
        target = PACKAGE / f"lettering/{style.lower()}.ttf"
        write(sources / source, COMMON | SIGNS | LETTERS, target, "Lettering", style=style)
    sheet = HEAD
    for name, (family, style, common, others) in FACES.items():
        for file, source, characters in (
            (name, common, COMMON),
            (f"{name}-signs", others, SIGNS),
            (f"{name}-letters", others, LETTERS),
        ):
            write(sources / source, characters, FONTS / f"{file}.woff2", f"mlblog {file}")
            sheet += FACE.format(family=family, style=style, file=file, characters=ranges(characters))
    (PACKAGE / "theme/stylesheets/fonts.css").write_text(sheet, encoding="utf-8")
    katex(sources / "katex/dist")


def katex(source: Path) -> None:
    """Write the fonts of formulas and the style sheet of KaTeX."""

    def faces(match: re.Match[str]) -> str:
        head, name = match[1], match[2]
        path = source / f"fonts/{name}.woff2"
        first = {**SPLIT, **HELD}.get(name)
        write(path, letters(path) & first if first else letters(path), KATEX / f"fonts/{name}.woff2", name)
        if first is None:
            return f'{head}url(fonts/{name}.woff2) format("woff2")}}'
        write(path, letters(path) - first, KATEX / f"fonts/{name}-rare.woff2", f"{name} rare")
        address = f"fonts/{name}.woff2"
        if name in HELD:
            held = KATEX / f"fonts/{name}.woff2"
            address = f"data:font/woff2;base64,{base64.b64encode(held.read_bytes()).decode()}"
            held.unlink()
        common, rare = ranges(letters(path) & first, ","), ranges(letters(path) - first, ",")
        return (
            f'{head}url({address}) format("woff2");unicode-range:{common}}}'
            f'{head}url(fonts/{name}-rare.woff2) format("woff2");unicode-range:{rare}}}'
        )

    text = (source / "katex.min.css").read_text(encoding="utf-8")
    text = re.sub(r"(@font-face\{[^}]*?src:)url\(fonts/([\w-]+)\.woff2\)[^}]*\}", faces, text)
    (KATEX / "katex.min.css").write_text(text, encoding="utf-8")


def ranges(characters: set[int], comma: str = ", ") -> str:
    """Characters as CSS has them."""
    found: list[list[int]] = []
    for one in sorted(characters):
        if found and found[-1][1] == one - 1:
            found[-1][1] = one
        else:
            found.append([one, one])
    return comma.join(f"U+{low:04X}" if low == high else f"U+{low:04X}-{high:04X}" for low, high in found)


def letters(path: Path) -> set[int]:
    """The characters that a font has."""
    return set(TTFont(path).getBestCmap())


def write(source: Path, characters: set[int], target: Path, name: str, style: str = "Regular") -> None:
    """Write the part of a font that has `characters`."""
    font = TTFont(source)
    if "fvar" in font:
        instancer.instantiateVariableFont(font, {"wght": (400, 650)}, inplace=True)
        font.save(limited := io.BytesIO())
        font = TTFont(limited)
    options = subset.Options(layout_features=FEATURES, hinting=False, notdef_outline=True)
    options.flavor = "woff2" if target.suffix == ".woff2" else None
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    named = {1: name, 2: style, 3: f"{name} {style}", 4: f"{name} {style}", 6: f"{name.replace(' ', '')}-{style}"}
    font["name"].names = [record for record in font["name"].names if record.nameID in (0, 13, 14)]  # the licence
    for number, text in named.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    if style == "Bold":
        font["OS/2"].usWeightClass = 700  # a semibold is the bold of lettering
    subset.save_font(font, target, options)
    print(f"{target.stat().st_size:>6,} {target.name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]) / "node_modules")
