"""Render signatures and docstrings to Markdown. Griffe reads the code; citations become links to papers."""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Iterator, Mapping

import griffe

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.markup import scan
from mlblog.papers import Bibliography
from mlblog.papers.citation import escaped
from mlblog.papers.uses import CITED
from mlblog.press.source import blocks
from mlblog.site.reference import FOLDER, Uses, used_by

_HEAD = "---\ntitle: {title}\ndescription: {description}\n---\n\n# {title}\n\n"
_INTRODUCTION = """The code that the posts import, from its docstrings. Arguments have shapes and units, definitions
name their paper and equation, and each name lists the posts and experiments that use it.
"""
_CITATION = re.compile(rf"{CITED.pattern}([^\]\[]*)\]")
_KEPT = re.compile(rf"(?P<code>\x00+)|(?P<strong>\*\*[^*\s][^*]*\*\*)|(?P<cited>{_CITATION.pattern})", re.DOTALL)
_LISTS = ("parameters", "attributes", "returns", "yields", "raises")

Object = griffe.Class | griffe.Function


def documented(project: Project, uses: Mapping[str, Uses], bibliography: Bibliography) -> dict[str, str]:
    """`{path: Markdown}` of the index and a page for each name in the project's `reference`.

    Raises:
        InputError: a module is missing or not Python.
    """
    logging.getLogger("griffe").setLevel(logging.ERROR)  # ruff checks docstrings more strictly
    writer = _Writer(uses, bibliography)
    found: dict[str, str] = {}
    index = [_HEAD.format(title="Reference", description="The code behind the posts, by part."), _INTRODUCTION]
    for name in project.reference:
        module = _load(project, name)
        page = f"{name.partition('.')[2] or name}.md"
        title = page.removesuffix(".md").capitalize()
        described = writer.line(module.docstring.value.split("\n\n")[0]) if module.docstring else ""
        found[f"{FOLDER}/{page}"] = _HEAD.format(title=name, description=f"Reference of {name}.") + (
            f"{described}\n\n" + "".join(writer.module(part, is_page=part is module) for part in _parts(module))
        )
        index.append(f"\n## [{title}]({page})\n\n{described}\n\n")
        for part in _parts(module):
            names = ", ".join(f"[`{one.name}`]({page}#{one.canonical_path})" for one in public(part))
            place = page if part is module else f"{page}#{part.path}"
            index.append(f"- [`{part.path}`]({place}): {names}\n" if names else "")
    return {f"{FOLDER}/index.md": "".join(index), **found}


def public(module: griffe.Module) -> list[Object]:
    """The public classes and functions of a module, in source order."""
    if module.exports:
        # a function may share its name with its submodule
        paths = (module.imports.get(str(name), f"{module.path}.{name}") for name in module.exports)
        members = [module.modules_collection[path] for path in paths]
        targets = [one.final_target if isinstance(one, griffe.Alias) else one for one in members]
    else:
        targets = [one for one in module.members.values() if isinstance(one, griffe.Object) and one.name[0] != "_"]
        targets.sort(key=lambda one: one.lineno or 0)
    # imports are documented in their own module, except in packages, which mostly re-export
    own = [one for one in targets if module.is_package or one.canonical_path.startswith(f"{module.path}.")]
    return [one for one in own if isinstance(one, (griffe.Class, griffe.Function))]


def _load(project: Project, name: str) -> griffe.Module:
    try:
        found = griffe.load(
            name,
            search_paths=[project.root],
            docstring_parser="google",
            allow_inspection=False,
            resolve_aliases=True,
            extensions=griffe.load_extensions(),
        )
    except (ImportError, KeyError, SyntaxError, griffe.LoadingError) as error:
        raise InputError(f"pyproject.toml: [tool.mlblog] reference names {name!r}: {error}") from error
    assert isinstance(found, griffe.Module)
    return found


def _parts(module: griffe.Module) -> Iterator[griffe.Module]:
    """The module itself if it has content, and its submodules unless it defines `__all__`."""
    if module.exports or public(module):
        yield module
    if not module.exports:
        for name, below in sorted(module.modules.items()):
            if not name.startswith("_"):
                yield from _parts(below)


class _Writer:
    """Writes Markdown, with links to uses of a name and to cited papers."""

    def __init__(self, uses: Mapping[str, Uses], bibliography: Bibliography) -> None:
        self._uses, self._bibliography = uses, bibliography

    def module(self, module: griffe.Module, *, is_page: bool) -> str:
        text = ""
        if not is_page:
            text = f"## `{module.path}` {{ #{module.path} }}\n\n{self._docstring(module)}"
        constants = [
            f"- `{one.name} = {one.value}`\n"
            for one in module.attributes.values()
            if not module.exports and not one.name.startswith("_") and one.name.isupper() and len(str(one.value)) < 60
        ]
        text += "".join([*constants, "\n"]) if constants else ""
        return text + "".join(self._object(one, "##" if is_page else "###") for one in public(module))

    def _object(self, one: Object, level: str) -> str:
        text = f"{level} `{one.name}` {{ #{one.canonical_path} }}\n\n" + self._body(one)
        if isinstance(one, griffe.Class):
            for method in one.functions.values():
                if not method.name.startswith("_") and method.docstring:
                    # no heading: methods would swamp the table of contents
                    name = f"p.mlblog-method[id='{method.canonical_path}']"  # after a "#" its dots would start classes
                    text += blocks.block(name, f"`{one.name}.{method.name}`") + "\n" + self._body(method)
        return text

    def _body(self, one: Object) -> str:
        text = f"{blocks.fence('python', _signature(one))}\n{self._docstring(one)}"
        line = used_by(self._uses.get(one.canonical_path))
        return text + (blocks.block("p.mlblog-uses", line) + "\n" if line else "")

    def _docstring(self, one: griffe.Object) -> str:
        return "".join(self._section(section) for section in one.docstring.parsed) if one.docstring else ""

    def _section(self, section: griffe.DocstringSection) -> str:
        kind = section.kind.value
        if kind == "text":
            return self._text(section.value)
        if kind == "examples":
            return "".join(
                self._text(text) if part.value == "text" else blocks.fence("pycon", text) + "\n"
                for part, text in section.value
            )
        if kind == "admonition" and section.value.contents.startswith(">>>"):
            return blocks.fence("pycon", section.value.contents) + "\n"
        if kind == "admonition":
            title = section.title or section.value.kind.capitalize()
            return f"**{escaped(title)}:** {self.line(section.value.contents)}\n\n"
        if kind in _LISTS:
            items = "".join(f"- {self._item(item)}\n" for item in section.value)
            title = {"parameters": "Arguments"}.get(kind, kind.capitalize())
            return f"**{title}:**\n\n{items}\n"
        raise AssertionError(f"docstrings here have no section {kind!r}")

    def _item(self, item: griffe.DocstringElement) -> str:
        name = getattr(item, "name", "") or (str(item.annotation) if type(item).__name__.endswith("Raise") else "")
        told = self.line(item.description)
        return f"`{name}`: {told}" if name else told

    def _text(self, text: str) -> str:
        """Paragraphs; indented text is a verbatim formula."""
        pieces = []
        for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
            lines = paragraph.split("\n")
            if all(line.startswith("    ") for line in lines):
                pieces.append(blocks.fence("text", textwrap.dedent(paragraph)))
            elif all(line.startswith("|") for line in lines):  # a table
                pieces.append("".join("|".join(map(self.line, line.split("|"))) + "\n" for line in lines))
            else:
                pieces.append(self.line(paragraph) + "\n")
        return "\n".join(pieces) + "\n"

    def line(self, text: str) -> str:
        """Text on one line, escaped, with code spans and linked citations."""
        text = " ".join(text.split())
        out, at = [], 0
        for found in _KEPT.finditer(scan(text).without("code")):
            written = text[found.start() : found.end()]
            out.append(escaped(text[at : found.start()]))
            out.append(self._citation(written) if found["cited"] else written)
            at = found.end()
        return "".join([*out, escaped(text[at:])])

    def _citation(self, text: str) -> str:
        found = _CITATION.fullmatch(text)
        assert found is not None
        key, place = found[1], found[2]
        if key not in self._bibliography:
            return escaped(text)
        paper = self._bibliography[key]
        page = f"../papers/{key}.md" if paper.note else f"../papers/index.md#{key}"
        return f"[{escaped(paper.cite)}]({page}){escaped(place)}"


def _signature(one: Object) -> str:
    """The signature; for a class, of its constructor."""
    marks = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    shown: list[str] = []
    for parameter in one.parameters:
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is griffe.ParameterKind.keyword_only and not any(text.startswith("*") for text in shown):
            shown.append("*")
        text = marks.get(parameter.kind, "") + parameter.name
        text += f": {parameter.annotation}" if parameter.annotation else ""
        default = parameter.default if parameter.kind not in marks else None
        text += f" = {default}" if default is not None and parameter.annotation else f"={default}" if default else ""
        shown.append(text)
    if isinstance(one, griffe.Class) and not shown:  # a named tuple
        fields = (field for field in one.attributes.values() if field.annotation and not field.name.startswith("_"))
        shown = [f"{field.name}: {field.annotation}" for field in fields]
    returns = f" -> {one.returns}" if isinstance(one, griffe.Function) and one.returns else ""
    word = "class " if isinstance(one, griffe.Class) else ""
    line = f"{word}{one.name}({', '.join(shown)}){returns}"
    if len(line) <= 66:  # the width of the text column
        return line
    return f"{word}{one.name}(\n" + "".join(f"    {text},\n" for text in shown) + f"){returns}"
