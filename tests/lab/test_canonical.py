"""Canonical JSON: equal values give equal bytes; digests keep their parts apart."""

import hashlib
import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlblog.files import canonical

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(values)
def test_what_is_encoded_comes_back(value: object) -> None:
    assert json.loads(canonical.encode(value)) == value


@given(st.dictionaries(st.text(), values), st.randoms())
def test_order_of_keys_does_not_show(value: dict[str, object], shuffle: random.Random) -> None:
    items = list(value.items())
    shuffle.shuffle(items)
    assert canonical.encode(dict(items)) == canonical.encode(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, [1.0, -math.inf]])
def test_numbers_that_are_not_finite_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical.encode(value)


def test_keys_that_are_not_strings_are_refused() -> None:
    with pytest.raises(ValueError, match="key 1"):
        canonical.encode({"a": [{1: "x"}]})


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_of_different_parts_differ(first: list[bytes], second: list[bytes]) -> None:
    assert (canonical.digest("t", *first) == canonical.digest("t", *second)) is (first == second)


def test_digest_is_blake2b_of_length_prefixed_parts_under_the_tag() -> None:
    expected = hashlib.blake2b(b"\x02" + b"\0" * 7 + b"ab" + b"\0" * 8, digest_size=16, person=b"tag").hexdigest()
    assert canonical.digest("tag", "ab", b"") == expected
    assert canonical.digest("gat", "ab", b"") != expected
