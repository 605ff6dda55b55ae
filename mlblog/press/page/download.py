"""A post as a downloadable notebook: prose with its values filled in, cells with their outputs.

It names its origin and requirements, and bundles the records and files that its cells read, so that it runs
in any folder. Written as JSON without nbformat, because it is made on every build and must be deterministic.
"""

from __future__ import annotations

import base64
import io
import json
import textwrap
import zipfile
from collections.abc import Mapping
from typing import Any

from mlblog.claims import MIME as CLAIM
from mlblog.papers.citation import escaped
from mlblog.press.kernel.output import FIGURE, Output, Outputs
from mlblog.press.page.origin import MOST_CARRIED
from mlblog.press.page.shown import SOUNDS
from mlblog.press.page.site_context import SiteContext
from mlblog.press.page.sounds import as_html
from mlblog.press.page.values import Passage, pieces
from mlblog.press.source.attachments import take_attachments
from mlblog.press.source.document import Cell, Post
from mlblog.press.source.notebook import PREFACE
from mlblog.press.source.options import written_options

_LANGUAGE = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
_UNPACK = '''\
# Unpack the records and files that this notebook reads. Existing files are not overwritten.
import base64, io, pathlib, zipfile

_carried = """
{data}
"""
with zipfile.ZipFile(io.BytesIO(base64.b64decode(_carried))) as _archive:
    for _name in _archive.namelist():
        if not pathlib.Path(_name).exists():
            _archive.extract(_name)'''


def notebook(post: Post, outputs: Outputs, around: SiteContext, references: str = "") -> bytes:
    """Return `post` with its outputs as a notebook of format 4.5.

    Args:
        post: the post.
        outputs: its outputs.
        around: the site context.
        references: Markdown of a final cell; omitted if empty.
    """
    cells = _preface(post, outputs, around)
    prose: list[str] = []
    count = 0

    def end_prose() -> None:
        if text := "".join(prose).strip("\n"):
            cells.append(_markdown(text, post.files))
        prose.clear()

    for part, number in pieces(post, outputs):
        if isinstance(part, Passage):
            prose.append(part.filled(part.text))
        elif isinstance(part, Cell):
            end_prose()
            count += 1
            cells.append(_code(part, outputs.ran[number].outputs, count))
        else:
            prose.append(part.source)
    end_prose()
    if references:
        cells.append(_markdown(references.strip("\n")))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    book = {"cells": cells, "metadata": {**_LANGUAGE, "mlblog": post.shown_meta}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n").encode()


def _preface(post: Post, outputs: Outputs, around: SiteContext) -> list[dict[str, Any]]:
    """Origin and requirements of the post, and a cell that unpacks the files it reads."""
    origin = around.origin
    lines = [f"# {escaped(post.title)}", ""]
    address = around.url_of(post)
    site = escaped(around.site_name) or "a post"
    lines.append(f"From {f'[{site}]({address})' if address else site}, {post.day}.")
    carried: Mapping[str, bytes] = {}
    if origin is not None:
        if origin.repository:
            lines.append(f"Repository: <{origin.repository}>.")
        if origin.commit:
            since = ", with uncommitted changes" if origin.is_edited(post) else ""
            lines.append(f"Commit: `{origin.commit}`{since}.")
        needs = " ".join(f'"{name}"' if " " in name else name for name in origin.needs(post, outputs))
        lines += ["", "To run it:", "", "```bash", f"pip install jupyterlab {needs}".rstrip(), "```"]
        carried = origin.carried(outputs)
        if sum(map(len, carried.values())) > MOST_CARRIED:
            lines += ["", "It reads files from the repository, so run it in a checkout."]
            carried = {}
    cells = [_markdown("\n".join(lines))]
    if carried:
        data = "\n".join(textwrap.wrap(base64.b64encode(_archive(carried)).decode(), 120))
        source = _UNPACK.format(data=data)
        cells.append({"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source})
    for cell in cells:
        cell["metadata"] = {"tags": [PREFACE, "hide-input"] if cell["cell_type"] == "code" else [PREFACE]}
    return cells


def _archive(files: Mapping[str, bytes]) -> bytes:
    """A deterministic zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # dated 1980
    return made.getvalue()


def _markdown(text: str, files: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    text, attachments = take_attachments(text, files or {})
    held = {"attachments": attachments} if attachments else {}
    return {"cell_type": "markdown", "metadata": {}, "source": text, **held}


def _code(cell: Cell, outputs: tuple[Output, ...], count: int) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": written_options(cell.options),
        "outputs": [_output(one, count) for output in outputs for one in _heard(output, cell.options.alt)],
        "source": cell.code.strip("\n"),
    }


def _heard(output: Output, alt: tuple[str, ...]) -> list[Output]:
    """An output, and after a figure with a sound the player; a sound alone is the player, as notebooks show it."""
    data = output.get("data", {})
    if sound := data.get(FIGURE, {}).get("sound"):
        shown = as_html("audio/wav", sound["wav"], sound["transcript"])
        return [output, {"output_type": "display_data", "data": {"text/html": shown}, "metadata": {}}]
    if (mime := next((mime for mime in SOUNDS if mime in data), "")) and "text/html" not in data:
        rest = {name: value for name, value in data.items() if name != mime}
        return [{**output, "data": rest | {"text/html": as_html(mime, data[mime], " ".join(alt))}}]
    return [output]


def _output(output: Output, count: int) -> Output:
    if "data" not in output:
        return output
    data = {mime: value for mime, value in output["data"].items() if mime not in (FIGURE, CLAIM)}
    if FIGURE in output["data"]:
        data["image/svg+xml"] = output["data"][FIGURE]["light"]
    result = {**output, "data": data}
    return result | {"execution_count": count} if output["output_type"] == "execute_result" else result
