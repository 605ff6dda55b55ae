"""Decode text files written by people."""

from __future__ import annotations

from mlblog.errors import PostError


def text_of(data: bytes | str, place: str) -> str:
    r"""The text of a file, with Unix line ends and without a byte order mark.

    Args:
        data: the file, UTF-8.
        place: its name in messages.

    Raises:
        PostError: it is not UTF-8, with the line.

    Example:
        >>> text_of(b"\xef\xbb\xbfone\r\ntwo\r", "x.md")
        'one\ntwo\n'
    """
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise PostError(place, line, "not UTF-8; save the file in that encoding") from error
    return data.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
