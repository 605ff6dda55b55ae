"""Pages in plain Markdown, for programs that read text: what a page shows, without its elements and attributes.

Works on the Markdown that the host converts, line by line; what is in a fence stays as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_BLOCK = re.compile(r"\s*(/{3,}) html \| ([a-z]+)")
_END = re.compile(r"\s*/{3,}\s*$")
_OPTION = re.compile(r"\s*(?:markdown|attrs): ")
_FOLDED = re.compile(r"""(\s*)\?\?\?\+? .*?["'](.*)["']\s*$""")
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_ADDRESS = re.compile(r'\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)((?:\s+"[^"]*")?)\)(?:\{[ :.#][^{}]*\})?')
_ATTRIBUTES = re.compile(r"(?:(?<=[*_)\]])|^)\{:? ?[.#][\w:.# -]*\}")
_NAMED = re.compile(r"[ \t]*\{:?\s*[#.][\w:. -]*\}\s*$")
_MARKED = re.compile(r"\]\(|\{|<!--|&#")
_COMMENT = re.compile(r"<!--.*?-->")
_REFERENCE = re.compile(r"&#(\d+);")
_TAG = re.compile(r"<[^>]+>")


def twin(text: str, resolve: Callable[[str], str]) -> str:
    """The Markdown of a page without what only its host understands.

    Args:
        text: Markdown with blocks of `pymdownx.blocks.html`, folded blocks and attribute lists.
        resolve: the address of a link's target.
    """
    lines = "\n".join(_plain(text.split("\n"), resolve))
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _plain(lines: Sequence[str], resolve: Callable[[str], str]) -> Iterator[str]:
    at, bullet = 0, ""
    while at < len(lines):
        line = lines[at]
        at += 1
        if fence := _FENCE.match(line):
            yield line
            while at < len(lines):
                at += 1
                yield lines[at - 1]
                if lines[at - 1].strip().startswith(fence[1]) and not lines[at - 1].strip().strip(fence[1][0]):
                    break
        elif opened := _BLOCK.match(line):
            start = at
            while at < len(lines) and _OPTION.match(lines[at]):
                at += 1
            if any("markdown: html" in option for option in lines[start:at]):
                end = next((n for n in range(at, len(lines)) if lines[n].strip() == opened[1]), len(lines))
                yield from _raw("\n".join(lines[at:end]).strip())
                at = end + 1
            elif opened[2] == "li":
                bullet = "- "
        elif folded := _FOLDED.match(line):
            inner = folded[1] + "    "
            start = at
            while at < len(lines) and (lines[at].startswith(inner) or not lines[at].strip()):
                at += 1
            below = _plain([one.removeprefix(inner) for one in lines[start:at]], resolve)
            yield from (f"{folded[1]}**{folded[2]}**", "", *(folded[1] + one if one else "" for one in below))
        elif not _END.match(line) and "#only-dark" not in line and "{ .mlblog-part " not in line:  # a script loads it
            yield (bullet if line.strip() else "") + _shown(line, resolve)
            bullet = "" if line.strip() else bullet


def _shown(line: str, resolve: Callable[[str], str]) -> str:
    if not _MARKED.search(line):  # most lines of a long page are plain
        return line.rstrip()
    found, at = [], 0
    for code in _CODE.finditer(line):
        found += [_prose(line[at : code.start()], resolve), code[0]]
        at = code.end()
    return _NAMED.sub("", "".join([*found, _prose(line[at:], resolve)])).rstrip()


def _prose(text: str, resolve: Callable[[str], str]) -> str:
    def address(found: re.Match[str]) -> str:
        return f"]({resolve(found[1].removesuffix('#only-light'))}{found[2]})"

    def sign(found: re.Match[str]) -> str:
        one = chr(int(found[1]))
        return f"\\{one}" if one in "\\`*_{}[]<>&#$|" else one

    return _REFERENCE.sub(sign, _ATTRIBUTES.sub("", _ADDRESS.sub(address, _COMMENT.sub("", text))))


def _raw(content: str) -> Iterator[str]:
    """HTML: what a terminal showed as text, all else as it is."""
    if content.startswith('<div class="highlight">'):
        yield from ("", "```text", *html.unescape(_TAG.sub("", content)).strip("\n").split("\n"), "```")
    else:
        yield from ("", *content.split("\n"))
