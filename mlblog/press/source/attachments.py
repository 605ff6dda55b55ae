"""Images attached to notebook cells: from `attachment:name` to files beside the page, and back."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from mlblog.errors import PostError

_LINK = re.compile(r"""(\]\(\s*<?|\]:\s*<?|\bsrc\s*=\s*["']?)attachment:([^\s)"'>]+)""")
_TYPES = {".gif": "gif", ".jpeg": "jpeg", ".jpg": "jpeg", ".png": "png", ".svg": "svg+xml", ".webp": "webp"}


def place_attachments(
    text: str, attachments: Mapping[str, Any], below: str, files: dict[str, bytes], path: str, line: int
) -> str:
    """Move the attached images in `text` to `files`, and return `text` with links to them.

    Args:
        text: Markdown of the cell.
        attachments: attachments of the cell in the notebook format: base64 data by name and type.
        below: prefix of their file names, since cells may use the same names.
        files: receives them.
        path: path of the post, for messages.
        line: first line of the text.

    Raises:
        PostError: an attachment is missing or damaged.
    """

    def replace(match: re.Match[str]) -> str:
        where, name = line + text.count("\n", 0, match.start()), unquote(match[2])
        bundle = attachments.get(name)
        if not isinstance(bundle, dict) or not bundle:
            held = ", ".join(attachments) or "nothing"
            raise PostError(path, where, f"the cell has no attachment {name!r} (it has {held}); insert the image again")
        mime, data = next(iter(bundle.items()))
        data = "".join(data) if isinstance(data, list) else str(data)
        file = f"{below}-{re.sub(r'[^A-Za-z0-9.-]+', '-', name)}"
        try:
            is_text = mime == "image/svg+xml" and data.lstrip().startswith("<")
            files[file] = data.encode() if is_text else base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise PostError(path, where, f"the attachment {name!r} is damaged; insert the image again") from error
        return match[1] + file

    return _LINK.sub(replace, text)


def take_attachments(text: str, files: Mapping[str, bytes]) -> tuple[str, dict[str, Any]]:
    """The inverse: `text` with its images as attachments, and the attachments."""
    found: dict[str, Any] = {}
    for file, content in files.items():
        if file in text:
            name = PurePosixPath(file).name
            text = text.replace(file, f"attachment:{name}")
            kind = _TYPES.get(PurePosixPath(name).suffix.lower(), "png")
            found[name] = {f"image/{kind}": base64.b64encode(content).decode()}
    return text, found
