"""The bundled word list: whole, clean, and refused if it is not what it should be."""

import gzip
from pathlib import Path

import pytest

from mlblog.data.words import DIGEST, WORDS, load_words, read_list


def test_words_are_lower_case_distinct_and_of_the_lengths_asked_for() -> None:
    words = load_words(longest=7, shortest=4)
    assert {len(word) for word in words} == {4, 5, 6, 7}
    assert list(words) == sorted(set(words))
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    assert {"fire", "physics"} <= set(words)


def test_the_licence_lies_beside_the_list() -> None:
    licence = WORDS.with_name("words.LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright 2000-2011 by Kevin Atkinson" in licence
    assert "UKACD" in licence


def test_a_changed_list_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "words.txt.gz"
    other.write_bytes(gzip.compress(b"fire\nphysics\n"))
    with pytest.raises(ValueError, match=r"words\.txt\.gz: digest is .*restore"):
        read_list(other, DIGEST)


@pytest.mark.parametrize("content", [b"", b"no gzip", WORDS.read_bytes()[:1000]])
def test_a_damaged_list_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "words.txt.gz"
    damaged.write_bytes(content)
    with pytest.raises(ValueError, match=r"words\.txt\.gz: "):
        read_list(damaged, DIGEST)


def test_lengths_that_select_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no word has 3 to 2 letters"):
        load_words(longest=2)
