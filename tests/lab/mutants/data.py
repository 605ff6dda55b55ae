"""Mutants of the files beside the code: edited, renamed, deleted, and others added to their folders."""

from __future__ import annotations

import ast
import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mutants.source import Mutant, Signature, Source, others


def data(
    root: Path, package: str, sources: Iterable[Source], index: dict[str, dict[str, Signature]]
) -> Iterator[Mutant]:
    """Yield mutants of every file of the package that is not Python."""
    sources = list(sources)
    for file in sorted((root / package).rglob("*")):
        name = file.relative_to(root).as_posix()
        if not file.is_file() or file.suffix in (".py", ".pyc", ".bib", ".css", ".js"):
            continue
        content = file.read_bytes()
        for change, new in _edits(name, content, index):
            yield Mutant("data", name, change, lambda name=name, new=new: {name: new})  # type: ignore[misc]
        beside = name.removesuffix(file.suffix) + "2" + file.suffix
        yield Mutant(
            "data folder", name, f"{beside} beside it", lambda beside=beside, content=content: {beside: content}
        )  # type: ignore[misc]
        yield Mutant(
            "data folder", name, f"renamed to {beside}",
            lambda name=name, beside=beside, content=content: {name: None, beside: content},  # type: ignore[misc]
        )  # fmt: skip
        yield Mutant("data folder", name, "deleted", lambda name=name: {name: None})  # type: ignore[misc]
    yield from _asked_for(root, sources)


def _edits(name: str, content: bytes, index: dict[str, dict[str, Signature]]) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".gz"):
        lines = gzip.decompress(content).splitlines(keepends=True)
        for drop in (0, len(lines) // 2):
            yield f"without line {drop + 1}", gzip.compress(b"".join(lines[:drop] + lines[drop + 1 :]), mtime=0)
        return
    if b"\0" in content and not name.endswith(".pickle"):
        last = len(content.rstrip(b"\0")) - 1
        yield "another byte at the end", content[:last] + bytes([content[last] ^ 1]) + content[last + 1 :]
        return
    digit = re.search(rb"\d", content)
    if digit:
        yield "another digit", content[: digit.start()] + b"%d" % ((int(digit[0]) + 1) % 10) + content[digit.end() :]
    if digits := re.findall(rb"\d+", content):
        at = content.rindex(digits[-1])
        yield "a digit more at the end", content[: at + len(digits[-1])] + b"5" + content[at + len(digits[-1]) :]
    if not name.endswith((".pickle", ".json", ".xml")):
        yield "longer", content + b"\n"
    for module, names in index.items():
        for one in names:
            if len(one) > 3 and module.split(".")[:2] == name.split("/")[:2] and one.encode() in content:
                for other in others(names, one):
                    if len(one) == len(other) or not name.endswith(".pickle"):
                        yield f"{one} is {other}", content.replace(one.encode(), other.encode(), 1)


def _asked_for(root: Path, sources: Iterable[Source]) -> Iterator[Mutant]:
    """A file that the code names and that is not there."""
    for source in sources:
        here = (root / source.name).parent
        folders = [here, *(folder for folder in here.rglob("*") if folder.is_dir() and folder.name != "__pycache__")]
        for node in source.nodes:
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                continue
            if re.fullmatch(r"\w+\.(txt|csv|json|dat)", node.value):
                for folder in folders:
                    new = (folder / node.value).relative_to(root).as_posix()
                    if not (root / new).exists() and any(f.is_file() for f in folder.iterdir()):
                        yield Mutant("data folder", new, "added, and asked for", lambda new=new: {new: b"99\n"})  # type: ignore[misc]
