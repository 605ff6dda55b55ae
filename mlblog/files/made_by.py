"""What makes a value, for those that are kept: Python, our own code, and libraries."""

from __future__ import annotations

import functools
import sys
from importlib import metadata
from pathlib import Path

from mlblog.files.canonical import digest


@functools.cache
def made_by(*sources: str, libraries: tuple[str, ...] = ()) -> str:
    """Digest of Python's version, the content of the files `sources`, and the versions of `libraries`."""
    versions = (f"{name} {version(name)}" for name in libraries)
    return digest("made by", sys.version, *versions, *(Path(source).read_bytes() for source in sources))


def version(name: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
