"""A text is read as Python-Markdown shows it: code, mathematics, comments, HTML, and text."""

from __future__ import annotations

import re
import time
from itertools import count

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rendered import WORD, rendered, scanned

from mlblog.markup import scan

#: Markdown with words `W`, and what each is on the page: Text, Block of code, code Span, Maths, Comment, HTML.
ROWS = [
    ("W `W` ``W ` W`` W", "TSSST"),
    ("`W\nW` W", "SST"),
    ("`W\n\nW`", "TT"),
    (r"\`W `W`", "TS"),
    (r"\\`W`", "S"),
    (r"`W\` W `", "ST"),
    ("```W``` W ``` `W`", "STT"),
    ("``W `W`", "ST"),
    ("- `W\n- W`", "TT"),
    ("# `W\nW`", "TT"),
    ("> `W\n> W` W", "SST"),
    ("| W | `W | W` |\n|---|---|\n| `W | W` |\n| `W | W |", "TSSSSTT"),
    ("$W$ costs $5 and W $6", "MT"),
    ("$ W$ $W $ W", "TTT"),
    (r"\$W$ $W\$ W$ \\$W$", "TMMM"),
    ("`$W` $ W `W$`", "STS"),
    ("$W `W` $", "TS"),
    (r"\(W\) \[W\] \\(W\\)", "MTT"),
    ("$$\nW\n$$", "M"),
    ("W\n$$\nW\n$$", "TT"),
    ("$$\nW\n\nW\n$$", "TT"),
    ("\\begin{align}\nW\n\\end{align}", "M"),
    ("- a\n\n    $$\n    W\n    $$", "M"),
    ("```\nW\n```\nW", "BT"),
    ("~~~ python\nW\n```\nW\n~~~\nW", "BBT"),
    ("````\nW\n```\nW\n````", "BB"),
    ("```\nW\n````\nW\n```", "BB"),
    ("```\nW\n\nW", "TT"),
    ("- a\n\n    ```\n    W\n\n    W\n    ```\n\n    W", "BBT"),
    ("- a\n\n    ```\n  W\n\n    ```", "T"),
    ("- a\n\n\t```\n\tW\n    ```\n\n\tW", "BT"),
    ("> ```\n> W\n>\n> W\n> ```\n> W", "BBT"),
    ("!!! note\n    W\n\n    ```\n    W\n    ```\n\n        W", "TBB"),
    ('=== "W"\n\n    W\n\n    - W\n\n        W\n\n            W', "TTTTB"),
    ('??? note "W"\n    W\n\nW\n\n    W', "TTTB"),
    ("/// html | div\n\nW\n\n    W\n\n```\nW\n```\n///\n\n    W", "TBBB"),
    ("W\n\n    W\n\n    W\nW", "TBBT"),
    ("W\n    W", "TT"),
    ("    ```\n    W\n    ```", "B"),
    ("- a\nlazy W\n\n    W\n\n        W", "TTB"),
    ("- a\n\n<!-- W -->\n\n    W", "CB"),
    ("1. a\n\n    - b\n\n        W\n\n            W", "TB"),
    ("W\n\n:   W\n\n    W\n\n        W", "TTTB"),
    ("a[^1]\n\n[^1]: W\n\n    W\n\n        W\n\n\n    W", "TTBB"),
    ("<!-- W\n\nW --> W\nW", "CCTT"),
    ("W <!-- W\nW --> W", "TCCT"),
    ("W <!-- W\n\nW -->", "TTT"),
    ("<!-- W\n\nW", "TT"),
    ("`<!-- W -->` W", "ST"),
    ("<!--\n```\nW\n```\n-->\nW", "CT"),
    ("```\n<!--\nW\n```\nW -->", "BT"),
    ("<!--\n# W\n-->\n# W", "CT"),
    ('<div class="raw">\n\nW `W`\n\n</div>\n\nW `W`', "HHTS"),
    ("W <b>W</b> `<b>W</b>`", "TTS"),
    ("\u00a0   W `W` 漢 é $W$", "TSM"),
    ("- a\r\n\r\n    ```\r\n    W\r\n    ```\r\n\r\nW", "BT"),
    ("W\n===\n\n`W\n---\nW`", "TTT"),
]
KINDS = {"T": "text", "B": "block", "S": "code", "M": "maths", "C": "comment", "H": "html"}


def words(text: str) -> str:
    number = count()
    return re.sub("W", lambda _: f"w{next(number)}q", text)


@pytest.mark.parametrize(("text", "kinds"), ROWS, ids=[repr(text) for text, _ in ROWS])
def test_a_text_by_hand(text: str, kinds: str) -> None:
    text = words(text)
    expected = dict(zip(WORD.findall(text), (KINDS[kind] for kind in kinds), strict=True))
    assert rendered(text) == expected, "the row is wrong"
    assert scanned(scan(text.replace("\r", ""))) == expected


LINES = [
    *("W", "W W", "W  ", "é W 漢", "*W* **W**", "- W", "* W `W`", "+ W `W", "1. W", "- [ ] W", "- $W$\n- `W`", "-"),
    "- ",
    *("    W", "    W", "        W", "            W", "   W", "\tW", "    \tW", "\u00a0   W", "    - W", "    1. W"),
    *("> W", "> > W", "> - W", ">     W", "    > W", "> `W", "> W`", "!!! note", '??? tip "W"', '=== "W"'),
    "    !!! note",
    *("```", "```", "```text", "````", "~~~", "~~~~", "    ```", "    ```python", "        ```", "> ```", "> ~~~"),
    "  ```",
    *("~~~ text\nW\n~~~", "    ```\n    W\n    ```", "# W", "## W `W`", "### W $W$", "W\n===", "W\n---", "---", "***"),
    *("$$", "$$\nW\n$$", "$W$", "a $W b `W` $", "$5 and W $6", r"\$W$", r"$W\$", r"\(W\)", r"\[W\]", r"\[", r"\]"),
    *("\\begin{align}\nW\n\\end{align}", "    $$\n    W\n    $$", "`W", "W`", "`` W ` W ``", "```W```", r"\`W`"),
    *(r"\\`W`", r"`W\`", "`` `W` ``", "`W``W`", "| W | `W | W` |\n|---|---|\n| W | $W$ |", "| W |\n|---|\n| `W |"),
    *("[W](#a) `W`", "[^W]: W", ":   W", "Term W\n:   W", "    :   W", "/// html | div\nW\n///", "///"),
    "/// html | div",
    *("<!-- W -->", "a <!-- W --> W", "    <!-- W -->", "<!-- W\n\nW -->", '<div class="raw">\nW `W`\n\nW\n</div>'),
]  # fmt: skip
TEXTS = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(["\n", "\n", "\n\n"])), min_size=1, max_size=9)


def beside_fences(text: str) -> list[str]:
    """The paragraphs with a fence in them, without what is in the fence."""
    for token in reversed(scan(text).tokens):
        if token.kind == "fence":
            text = f"{text[: token.start]}\ue000{text[token.end :]}"
    return [one for one in re.split(r"\n[ \t]*\n", text) if "\ue000" in one]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_read_as_it_is_shown(lines: list[tuple[str, str]]) -> None:
    """The oracle is the page. Code spans around a fence are left out: the page shows half of both."""
    text = words("".join(line + end for line, end in lines))
    assume(not any("`" in paragraph for paragraph in beside_fences(text)))
    shown, read = rendered(text), scanned(scan(text))
    assert {word: read[word] for word in shown} == shown


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='`~$\\<>!-#*+ \n\t/|:[]()ab1.=?"', max_size=80))
def test_tokens_are_in_order_and_do_not_overlap(text: str) -> None:
    found = scan(text)
    assert all(one.start < one.end <= len(text) for one in found.tokens)
    assert all(one.end <= other.start for one, other in zip(found.tokens, found.tokens[1:], strict=False))
    hidden = found.without()
    assert len(hidden) == len(text)
    assert all(a in (b, "\x00") for a, b in zip(hidden, text, strict=True))
    assert [a == "\n" for a in hidden] == [b == "\n" for b in text]


@pytest.mark.parametrize(
    "text",
    ["> " * 9000 + "a", "- " * 9000 + "a", "`" * 9000, " ".join("`" * n for n in range(200)), "$a " * 9000,
     "<a b" * 9000, "#" * 9000, "- - " * 9000, "<!-- " * 9000, "| `a" * 9000 + "\n|-", "[" * 9000,
     "\\" * 9000, '!!! a "' * 3000],
    ids=lambda text: text[:9],
)  # fmt: skip
def test_odd_long_lines_are_read_at_once(text: str) -> None:
    start = time.process_time()
    scan(text)
    assert time.process_time() - start < 5


def test_what_begins_inside_of_a_list_is_no_code() -> None:
    text = words("    `W` W\n\n    W\n\n        W\n\nW\n\n    W")
    assert list(scanned(scan(text, part=True)).values()) == ["code", "text", "text", "block", "text", "block"]
    assert "block" not in scanned(scan(text, prose=True)).values()


def test_fences_know_their_lines() -> None:
    found = scan("- a\n\n    ```python x\n    y\n\n      z\n    ```\n\nT\n\n: d\n\n    ~~~~\n    ~~~~\n")
    assert [(one.start, one.end, one.prefix, one.marks, one.info, one.content) for one in found.fences] == [
        (2, 7, "    ", "```", "python x", ("y", "", "  z")),
        (12, 14, "    ", "~~~~", "", ()),
    ]
    assert found.defined == {12}


@pytest.mark.parametrize(
    ("text", "start", "broken"),
    [
        ("a\n\n```\nb", 2, 4),
        ("- a\n\n    ```\n    b\n  c\n    ```", 2, 4),
        ("> ```\n> a\n\nb", 0, 3),
        ("    a\n```\nb\n```", 1, None),
    ],
)
def test_the_first_fence_that_is_none_is_known(text: str, start: int, broken: int | None) -> None:
    found = scan(text).broken
    assert found is not None
    assert (found.start, found.broken) == (start, broken)


@pytest.mark.parametrize("text", ["    ```\n", "<!--\n```\n-->\n", "```\n~~~\n```\n", "``` `a` ```"])
def test_marks_that_are_not_meant_as_a_fence_break_none(text: str) -> None:
    assert scan(text).broken is None


def test_headings_outside_of_code_and_comments() -> None:
    text = "# A `b`\n\n```\n# no\n```\n\nC\n---\n<!--\n## no\n-->\n\n- ### D ###\n\n    # no\n\nText\n\n    # no\n#E"
    assert scan(text).headings == ((0, 1, "A `b`"), (6, 2, "C"), (12, 3, "D"), (14, 1, "no"), (19, 1, "E"))
