"""The bundled digits: those that scikit-learn ships, with their licence, refused if changed."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

from mlblog.data import digits as bundled
from mlblog.data.digits import DIGEST, DIGITS, LEVELS, load_digits, split_digits
from mlblog.data.words import read_list


def test_digits_are_those_of_scikit_learn() -> None:
    ours, theirs = load_digits(), datasets.load_digits()
    np.testing.assert_array_equal(ours.images, theirs.images)
    np.testing.assert_array_equal(ours.labels, theirs.target)
    assert ours.images.max() == LEVELS - 1
    assert ours.images.min() == 0


def test_the_split_keeps_every_digit_once_and_in_order() -> None:
    digits = load_digits()
    train, test = split_digits(digits, held_out=101)
    assert (len(train.labels), len(test.labels)) == (1696, 101)
    np.testing.assert_array_equal(np.concatenate([train.images, test.images]), digits.images)
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), digits.labels)


@pytest.mark.parametrize("held_out", [0, -1, 1797])
def test_a_split_with_an_empty_part_is_refused(held_out: int) -> None:
    with pytest.raises(ValueError, match="leaves one part empty"):
        split_digits(load_digits(), held_out=held_out)


def test_the_licence_lies_beside_the_digits() -> None:
    licence = DIGITS.with_name("digits.LICENSE.txt").read_text(encoding="utf-8")
    assert "Alpaydin" in licence
    assert "CC BY 4.0" in licence


def test_changed_digits_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "digits.csv.gz"
    other.write_bytes(gzip.compress(b"0,1\n"))
    with pytest.raises(ValueError, match=r"digits\.csv\.gz: digest is .*restore"):
        read_list(other, DIGEST)
    monkeypatch.setattr(bundled, "DIGITS", other)
    with pytest.raises(ValueError, match=r"digits\.csv\.gz: digest is .*restore"):
        load_digits()
