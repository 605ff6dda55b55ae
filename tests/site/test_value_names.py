"""Names of recorded values on pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.site.value_names import ValueNames

TABLE = """\
[walk]
length = "length of the walk, steps"
"a b" = "another, nats"

[empty]
"""


def test_the_first_recorded_name_is_the_main_value(make_project: Callable[[dict[str, str]], Project]) -> None:
    names = ValueNames.of(make_project({"toy/experiments/values.toml": TABLE}))
    assert names.main("walk", ["a b", "length"], "x") == "length"
    assert names.main("walk", ["a b"], "x") == "a b"
    assert names.main("walk", ["other"], "x") == names.main("empty", ["a"], "x") == ""
    assert names.main("unnamed", ["a"], "x") == "x"
    assert names.shown("walk", "length") == "length of the walk, steps"
    assert names.shown("walk", "letters_per_second") == names.shown("new", "letters_per_second") == "letters per second"


def test_without_a_file_names_are_those_of_the_code(make_project: Callable[[dict[str, str]], Project]) -> None:
    assert ValueNames.of(make_project({})).shown("walk", "a_b") == "a b"


@pytest.mark.parametrize(
    ("text", "why"), [("[walk", "values.toml"), ("walk = 1", "must hold"), ("[walk]\nx = 1", "must hold")]
)
def test_a_wrong_file_is_refused(make_project: Callable[[dict[str, str]], Project], text: str, why: str) -> None:
    project = make_project({"toy/experiments/values.toml": text})
    with pytest.raises(InputError, match=why):
        ValueNames.of(project)
