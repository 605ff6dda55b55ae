"""English words: a bundled list, checked against its digest whenever it is read.

The list is SCOWL, as Debian packages it in `wamerican` 2020.12.07-2, reduced to the entries made of a to z alone, so
without proper names and possessives. It does hold some abbreviations (`hdqrs`) and units. Its licence lies beside it,
in `words.LICENSE.txt`.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt.gz")
DIGEST = "42e84513ac346750e34d0f9d77ee3af4ee9562f3"  # BLAKE2b, 20 bytes, of the text, not of its compression


def load_words(*, longest: int, shortest: int = 3) -> tuple[str, ...]:
    """The bundled words of `shortest` to `longest` letters, in alphabetical order.

    Args:
        longest: the most letters that a word may have.
        shortest: the fewest; below three the list is mostly abbreviations.

    Raises:
        ValueError: the file does not have the content that `DIGEST` names, or the lengths select nothing.

    Example:
        >>> words = load_words(longest=5)
        >>> len(words), words[:3]
        (7774, ('abaci', 'aback', 'abaft'))
    """
    words = tuple(word for word in read_list(WORDS, DIGEST) if shortest <= len(word) <= longest)
    if not words:
        raise ValueError(f"{WORDS.name}: no word has {shortest} to {longest} letters; widen the range")
    return words


def read_list(path: Path, digest: str) -> tuple[str, ...]:
    """The lines of a gzipped list whose text has this BLAKE2b digest.

    Raises:
        ValueError: the file is damaged or is another list.
    """
    try:
        text = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(f"{path}: cannot be read as gzip ({error}); restore it from version control") from error
    found = hashlib.blake2b(text, digest_size=20).hexdigest()
    if found != digest:
        raise ValueError(f"{path}: digest is {found}, expected {digest}; restore the file from version control")
    return tuple(text.decode("ascii").split())
