"""One style sheet, and one script of the design, in place of many: a page asks for less."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from mlblog import design

_URL = re.compile(r"""url\(\s*(["']?)(?![a-z]+:|/|#)([^"')]+)\1\s*\)""")
#: Rules that count only at the head of a file.
_AT_HEAD = re.compile(r"@(?:import|charset|namespace)\b")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def join_assets(config: MkDocsConfig, files: Files) -> None:
    """Replace local style sheets, and the scripts of the design, in `config` by one file each, named by its content.

    What is on another host stays as it is, and so do sheets that import others. The blog's own scripts stay apart: an
    error in the syntax of one would take all others with it.
    """
    config.extra_css = _joined([str(name) for name in config.extra_css], "css", _sheet, config, files)
    plain = [one for one in config.extra_javascript if isinstance(one, str) and _is_ours(files.get_file_from_path(one))]
    others = [one for one in config.extra_javascript if one not in plain]
    config.extra_javascript = [*_joined(plain, "js", _script, config, files), *others]


def _joined(
    names: Sequence[str], kind: str, piece: Callable[[str, str], str], config: MkDocsConfig, files: Files
) -> list[str]:
    found = {
        name: file
        for name in names
        if (file := files.get_file_from_path(name)) is not None and not _AT_HEAD.search(file.content_string)
    }
    text = "\n".join(piece(name, file.content_string) for name, file in found.items())
    kept = [name for name in names if name not in found]
    if not text:
        return kept
    path = f"assets/site.{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}.{kind}"
    for file in found.values():
        files.remove(file)
    files.append(File.generated(config, path, content=text))
    return [path, *kept]


def _is_ours(file: File | None) -> bool:
    return file is not None and Path(str(file.abs_src_path)).is_relative_to(design.FOLDER)


def _sheet(name: str, text: str) -> str:
    """A style sheet without comments, its addresses relative to the folder of the joined one."""

    def moved(match: re.Match[str]) -> str:
        there = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[2]))
        return f'url("{posixpath.relpath(there, "assets")}")'

    lines = _URL.sub(moved, _COMMENT.sub("", text)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def _script(_: str, text: str) -> str:
    """A script in a scope of its own."""
    return f"(() => {{\n{text}\n}})();"
