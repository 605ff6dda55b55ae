"""The arrays of a record: a safetensors file beside its JSON, named by its digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from mlblog.errors import RecordError
from mlblog.files import canonical


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of a record by name, decoded from safetensors bytes when first asked for."""

    def __init__(self, content: bytes, path: str = "") -> None:
        self._content, self._path = content, path

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Arrays:
        """Return `arrays` encoded: sorted by name, contiguous, so that equal arrays give equal bytes."""
        from safetensors.numpy import save

        return cls(save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}) if arrays else b"")

    @property
    def content(self) -> bytes:
        """The safetensors file, or nothing where there are no arrays."""
        return self._content

    @cached_property
    def _decoded(self) -> dict[str, np.ndarray]:
        if not self._content:
            return {}
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            return dict(sorted(load(self._content).items()))
        except (SafetensorError, ValueError, KeyError, TypeError, OverflowError) as error:
            place = f"{self._path}: " if self._path else ""
            raise RecordError(f"{place}the arrays are not a safetensors file: {error}") from error

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self._decoded[name]
        except KeyError:
            raise KeyError(f"no array {name!r}; there are {', '.join(self._decoded) or 'none'}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded)

    def __len__(self) -> int:
        return len(self._decoded)


def arrays_digest(content: bytes) -> str:
    """Return the digest by which a record names its arrays; empty where it has none."""
    return canonical.digest("arrays", content) if content else ""


def arrays_name(stem: str, digest: str) -> str:
    """Return the name of the arrays' file of a record: it holds their digest, so that versions never overwrite."""
    return f"{stem}-{digest[:12]}.safetensors"


def arrays_beside(record: Path) -> list[Path]:
    """Return the files of arrays beside the file of a record, of any of its versions."""
    return sorted(record.parent.glob(f"{record.stem}-*.safetensors"))
