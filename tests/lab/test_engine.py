"""The generator is what is no library: listed here by hand, found there by looking."""

from __future__ import annotations

from mutants.trial import ENGINE

from mlblog.lab.fingerprint.engine import PARTS


def test_the_generator_is_what_its_folders_say() -> None:
    assert {*ENGINE, "cli", "errors", "__main__"} == PARTS
