"""The source of Python's standard library: a bundled snapshot of version 3.11.7, checked whenever it is read.

It holds the modules that are pure ASCII, without tests, tables and the parts with histories of their own;
`tools/stdlib.py` made it and says which. Nothing is read of the interpreter that runs. The licence lies beside it, in
`stdlib.LICENSE.txt`; notices of single modules are in their text.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STDLIB = Path(__file__).with_name("stdlib.tar.xz")
DIGEST = "f3f91483b0fa7a7044a97ecaa9b5d934b5fc4b95"  # BLAKE2b, 20 bytes, of the archive, not of its compression
SYMBOLS = 96  # a new line is 0, blank to tilde are 1 … 95


class Source(NamedTuple):
    """Characters of files, one file after the other, as numbers below `SYMBOLS`; uint8.

    Attributes:
        train: (n,), of about nine files in ten.
        validation: (n,), of one in twenty.
        test: (n,), of one in twenty.
    """

    train: NDArray[np.uint8]
    validation: NDArray[np.uint8]
    test: NDArray[np.uint8]


def load_source() -> Source:
    """The snapshot, split by files. Which part a file is in, and where there, a digest of its name decides.

    Raises:
        ValueError: the file does not have the content that `DIGEST` names.

    Example:
        >>> [len(part) for part in load_source()]
        [7189649, 264955, 323492]
    """
    parts: dict[str, list[bytes]] = {"train": [], "validation": [], "test": []}
    files = read_files(STDLIB, DIGEST)
    for name in sorted(files, key=_number):
        parts[{0: "test", 1: "validation"}.get(_number(name) % 20, "train")].append(files[name])
    return Source(**{part: encode(b"".join(texts)) for part, texts in parts.items()})


def read_files(path: Path, digest: str) -> dict[str, bytes]:
    """The files of a tar.xz archive whose content has this BLAKE2b digest, by name.

    Raises:
        ValueError: the file is damaged or is another archive.
    """
    try:
        whole = lzma.decompress(path.read_bytes())
    except (lzma.LZMAError, EOFError) as error:
        raise ValueError(f"{path}: cannot be read as xz ({error}); restore it from version control") from error
    found = hashlib.blake2b(whole, digest_size=20).hexdigest()
    if found != digest:
        raise ValueError(f"{path}: digest is {found}, expected {digest}; restore the file from version control")
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        opened = {entry.name: archive.extractfile(entry) for entry in archive}
        return {name: file.read() for name, file in opened.items() if file}


def encode(text: bytes) -> NDArray[np.uint8]:
    r"""Characters as numbers: a new line is 0, blank to tilde are 1 … 95.

    Raises:
        ValueError: there is another character.

    Example:
        >>> encode(b"if x:\n").tolist()
        [74, 71, 1, 89, 27, 0]
    """
    codes = np.frombuffer(text, dtype=np.uint8)
    other = (codes != 10) & ((codes < 32) | (codes > 126))
    if other.any():
        raise ValueError(f"new lines and printable ASCII expected, given byte {codes[other][0]}")
    return np.where(codes == 10, 0, codes - 31).astype(np.uint8)


def decode(codes: NDArray[np.uint8]) -> str:
    r"""The text that `encode` turned into numbers.

    Example:
        >>> decode(encode(b"if x:\n"))
        'if x:\n'
    """
    return bytes(10 if code == 0 else int(code) + 31 for code in codes).decode("ascii")


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
