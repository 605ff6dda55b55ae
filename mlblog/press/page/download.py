"""A post that has run, as a notebook to take away: prose with its numbers in place, cells with their outputs.

Written as JSON, without nbformat: it is made on every build, and the same post gives the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

from mlblog.claims import MIME as CLAIM
from mlblog.press.kernel.output import FIGURE, Output, Outputs, inline_text
from mlblog.press.source.document import Cell, Doctest, Inline, Post
from mlblog.press.source.options import CELL_KEYS

_LANGUAGE = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def notebook(post: Post, outputs: Outputs, references: str = "") -> bytes:
    """Return `post` with its outputs as a notebook of format 4.5.

    Args:
        post: what ran.
        outputs: what it left.
        references: Markdown of a last cell; none if empty.
    """
    cells: list[dict[str, Any]] = []
    prose: list[str] = []

    def end_prose() -> None:
        if text := "".join(prose).strip("\n"):
            cells.append(_markdown(text, len(cells)))
        prose.clear()

    ran = iter(outputs.ran)
    count = 0
    for part in post.parts:
        if isinstance(part, Cell):
            end_prose()
            count += 1
            cells.append(_code(part, next(ran).outputs, count, len(cells)))
        elif isinstance(part, Inline):
            prose.append(inline_text(next(ran)))
        else:
            prose.append(part.source)
            if isinstance(part, Doctest):
                next(ran)
    end_prose()
    if references:
        cells.append(_markdown(references.strip("\n"), len(cells)))
    head = {key: value for key, value in post.meta.items() if key not in ("timeout", "memory")}
    book = {"cells": cells, "metadata": {**_LANGUAGE, "mlblog": head}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n").encode()


def _markdown(text: str, number: int) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": f"cell-{number}", "metadata": {}, "source": text}


def _code(cell: Cell, outputs: tuple[Output, ...], count: int, number: int) -> dict[str, Any]:
    options = cell.options
    given = {"tags": sorted(options.tags), **{key: getattr(options, key) for key in CELL_KEYS if key != "tags"}}
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": f"cell-{number}",
        "metadata": {key: value for key, value in given.items() if value},
        "outputs": [_output(output, count) for output in outputs],
        "source": cell.code.strip("\n"),
    }


def _output(output: Output, count: int) -> Output:
    if "data" not in output:
        return output
    data = {mime: value for mime, value in output["data"].items() if mime not in (FIGURE, CLAIM)}
    if FIGURE in output["data"]:
        data["image/svg+xml"] = output["data"][FIGURE]["light"]
    result = {**output, "data": data}
    return result | {"execution_count": count} if output["output_type"] == "execute_result" else result
