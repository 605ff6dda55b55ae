"""Pictures beside a post: files that its text shows by relative paths go beside its page."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from urllib.parse import unquote

from mlblog.errors import PostError
from mlblog.lab.project import Project
from mlblog.markup import VERBATIM, scan
from mlblog.press.source.document import Part, Post, Prose

_KINDS = "apng|avif|gif|jpe?g|png|svg|webp"
# ![…](path), and [label]: path
_PICTURE = re.compile(
    r"(?:\]\(\s*|^[ ]{0,3}\[[^\]^\n]+\]:[ \t]*)"
    rf"(?P<path><[^<>\n]+\.(?:{_KINDS})>|[^\s()<>]+\.(?:{_KINDS}))(?=[\s)])",
    re.MULTILINE | re.IGNORECASE,
)
_IN_HTML = re.compile(rf"<img\b[^>]*?\bsrc\s*=\s*[\"']?(?P<path>[^\"'\s>]+\.(?:{_KINDS}))\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[/#]", re.IGNORECASE)


def with_pictures(post: Post, project: Project) -> Post:
    """Return `post` with the pictures that its text shows, and links to where they will be beside its page.

    A path that leads to a file of `docs/` as seen from the page is left alone.

    Raises:
        PostError: a picture is missing, outside of the project, or in HTML, whose paths no host follows.
    """
    files, sources = dict(post.files), list(post.pictures)
    below = posixpath.dirname(post.path)

    def placed(written: str, line: int, *, in_html: bool) -> str:
        link = unquote(written.strip("<>"))
        if _ELSEWHERE.match(link) or link in post.files:
            return written
        path = posixpath.normpath(posixpath.join(below, link))
        if not (project.root / path).is_file() or path.startswith(".."):
            if (project.results.parent / post.folder / link).resolve().is_file():
                return written
            raise PostError(post.path, line, f"picture {link!r}: there is no {path}; paths begin at the post's folder")
        if in_html:
            raise PostError(post.path, line, f"picture {link!r} in HTML is not found by readers; write ![…]({link})")
        name = posixpath.relpath(path, below).replace("../", "").replace("/", "-").replace(" ", "-")
        if path not in sources:
            sources.append(path)
            files[f"{post.slug}/{name}"] = (project.root / path).read_bytes()
        return f"{post.slug}/{name}"

    def filled(part: Part) -> Part:
        if not isinstance(part, Prose) or part.verbatim:
            return part

        text, found = part.source, scan(part.source, prose=True)
        for match in _IN_HTML.finditer(found.without("fence", "indented", "comment", "code")):
            placed(match["path"], part.line + found.row(match.start()), in_html=True)
        pieces, at = [], 0
        for match in _PICTURE.finditer(found.without(*VERBATIM)):
            start, end = match.span("path")
            pieces += [text[at:start], placed(text[start:end], part.line + found.row(match.start()), in_html=False)]
            at = end
        return replace(part, source="".join([*pieces, text[at:]]))

    parts = tuple(map(filled, post.parts))
    return replace(post, parts=parts, files=files, pictures=tuple(sources)) if sources else post
