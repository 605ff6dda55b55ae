"""No example of a test set reaches what is learned or chosen, and every option changes what it names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from cases import GIVEN, PARTED, VALIDATED, WHOLE, shorten
from changed_parts import Case
from options import OPTIONS
from parts import COUNTERS, LEARNERS, Ran, altered, digest, experiments, few_words, ran

from mlblog.data.anagrams import split
from mlblog.data.letter_sets import split_by_set
from mlblog.data.phrases import split_by_letters


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with few_words(), pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        yield


@cache
def given(name: str, scored: bool = True) -> Ran:
    """An experiment, perhaps with an option that its name says, on the data as they are."""
    return ran(name.partition(" ")[0], scored=scored, **GIVEN.get(name, {}))


def whole(found: Ran) -> object:
    return found.learned, found.saved, digest(found.asked)


def changed(name: str, part: str) -> tuple[Case, Ran, Ran]:
    """An experiment as it is, and with one part of its data changed."""
    case, experiment = PARTED[name], name.partition(" ")[0]
    before = given(experiment)
    with altered(experiment, case.alter, part):
        return case, before, ran(experiment, **GIVEN.get(experiment, {}))


def test_of_every_experiment_it_is_said_what_its_parts_are() -> None:
    assert {name.partition(" ")[0] for name in PARTED} | WHOLE == set(experiments())
    for module, _ in experiments().values():
        taken = [k for k, v in vars(module).items() if str(getattr(v, "__module__", "")).startswith("mlblog.classical")]
        assert not [name for name in taken if name not in (*LEARNERS, *COUNTERS)], "say whether it learns from data"


@pytest.mark.parametrize("name", PARTED)
def test_nothing_of_the_test_set_is_learned_or_chosen(name: str) -> None:
    case, before, after = changed(name, "test")
    assert after.learned == before.learned
    moved = [one for one in case.fixed if after.saved[one] != before.saved[one]]
    assert not moved, "depends on the test set"
    idle = [one for one in case.scored if after.saved[one] == before.saved[one]]
    assert not idle, "is no score of the test set"


@pytest.mark.parametrize("name", PARTED)
def test_all_that_learns_learns_from_the_training_set(name: str) -> None:
    case, before, after = changed(name, "train")
    assert [kind for kind, _ in after.learned] == [kind for kind, _ in before.learned]
    for (kind, made), (_, other) in zip(before.learned, after.learned, strict=True):
        assert (made == other) == (kind in case.untaught), kind


@pytest.mark.parametrize("name", VALIDATED)
def test_nothing_of_the_validation_set_is_trained_on(name: str) -> None:
    """What is best on it may be kept or chosen; no step of an optimiser depends on it, and no score of the test set."""
    _, before, after = changed(name, "validation")
    assert after.learned == before.learned
    moved = {one for one in before.saved if after.saved[one] != before.saved[one]}
    assert any("validation" in one for one in moved)
    if name == "ils_vae":
        assert all(one.startswith("validation") for one in moved)


@pytest.mark.parametrize(
    "name", ["anagram_solver", "anagram_baselines", "anagram_letter_sets", "anagram_letter_set_baselines"]
)
def test_words_are_asked_of_the_part_that_their_score_names(name: str) -> None:
    module, declared = experiments()[name]
    words = module.load_words(longest=declared.params("smoke", {})["longest"])
    parts = (split_by_set if "set" in name else split)(words, unseen=module.EXAMPLES)
    asked = [set(some) for some in given(name).asked]
    seen = [some for some in asked if some <= set(parts.train)]
    assert len(seen) == (name != "anagram_letter_set_baselines")
    tuned = [some for some in asked if some == set(parts.validation)]
    assert len(tuned) == (name == "anagram_solver")
    assert all(some == set(parts.test) for some in asked if some not in [*seen, *tuned])


@pytest.mark.parametrize("name", ["anagram_phrases", "anagram_phrase_baselines"])
def test_phrases_are_asked_of_the_test_set(name: str) -> None:
    module, declared = experiments()[name]
    words = split(module.load_words(longest=declared.params("smoke", {})["longest"]))
    kinds = []
    for some in given(name).asked:
        assert split_by_letters(some, unseen=module.EXAMPLES).test == tuple(some)
        spelled = {word for phrase in some for word in phrase.split(" ")}
        kinds.append([part for part, known in zip(("known", "", "new"), words, strict=True) if spelled <= set(known)])
    assert {*map(tuple, kinds)} == {("known",), ("new",)}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, some in OPTIONS.items() for option in some])
def test_every_option_changes_what_it_names(name: str, option: str) -> None:
    value, concerned = OPTIONS[name][option]
    scored = not (concerned and name.startswith("anagram"))  # answers take the longest
    before = given(name, scored)
    after = ran(name.partition(" ")[0], scored=scored, **{**GIVEN.get(name, {}), option: value})
    assert whole(before) != whole(after)
    for kind in {kind for kind, _ in before.learned}:
        same = [one for one in before.learned if one[0] == kind] == [one for one in after.learned if one[0] == kind]
        assert same != (kind in concerned), f"{option} and {kind}"


def test_every_option_is_tried() -> None:
    for name, (_, declared) in experiments().items():
        tried = {option for known, some in OPTIONS.items() if known.partition(" ")[0] == name for option in some}
        assert tried == set(declared.parameters), name


@pytest.mark.parametrize("name", sorted(experiments()))
def test_another_seed_is_another_run_and_the_same_is_the_same(name: str) -> None:
    before = given(name)
    again = ran(name, **GIVEN.get(name, {}))
    assert whole(again) == whole(before)
    if experiments()[name][1].seeds > 1:
        assert whole(ran(name, seed=1, **GIVEN.get(name, {}))) != whole(before)
