"""Markdown that only its host understands, as plain Markdown."""

from __future__ import annotations

import pytest

from mlblog.site.twin import twin


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Text `a](b)` [c](d.md){ .x download } {#here}", "Text `a](b)` [c](/d.md)"),
        ('[a](<b c> "T") ![d](e(1).svg "T")', '[a](<b c> "T") ![d](/e(1).svg "T")'),
        ("$\\mathbb{R}$ is {kept}\n\n$$\nx\n$$ {#eq-x}", "$\\mathbb{R}$ is {kept}\n\n$$\nx\n$$"),
        ("**Figure 1**{ .mlblog-number } a&#58; 2 &#42; 3 &amp;", "**Figure 1** a: 2 \\* 3 &amp;"),
        (
            "/// html | figure.mlblog-figure#fig-a\n\n![A](p-light.svg#only-light){ loading=lazy width=3 }\n"
            "![A](p-dark.svg#only-dark){ loading=lazy }\n\n//// html | figcaption\n\nCaption.\n////\n///",
            "![A](/p-light.svg)\n\nCaption.",
        ),
        ("Before\n[vega](a-vega-light.json){ .mlblog-part hidden data-bytes=3 }\nAfter", "Before\nAfter"),
        (
            '??? mlblog-code "Code"\n\n    ```python\n    if a:\n        b\n    ```\n\nAfter.',
            "**Code**\n\n```python\nif a:\n    b\n```\n\nAfter.",
        ),
        (
            '/// html | div.mlblog-output\n    markdown: html\n\n<div class="highlight"><pre><code>'
            '<span class="r">a</span> &lt; b\n\nc\n</code></pre></div>\n///\nEnd',
            "```text\na < b\n\nc\n```\nEnd",
        ),
        ("/// html | p\n    markdown: html\n\n<table>\n<td>[a](b)\n</table>\n///", "<table>\n<td>[a](b)\n</table>"),
        ("/// html | ul\n\n//// html | li\n    markdown: block\n\nOne\n////\n///", "- One"),
        (
            "````md\n/// html | div\n```\n[a](b){ .c }\n```\n<!-- more -->\n````\n<!-- more -->\n\n\n\nEnd",
            "````md\n/// html | div\n```\n[a](b){ .c }\n```\n<!-- more -->\n````\n\nEnd",
        ),
    ],
)  # fmt: skip
def test_a_page_in_plain_markdown(given: str, expected: str) -> None:
    assert twin(given, lambda url: f"/{url}") == expected + "\n"
