"""No example of a test set reaches what is learned or chosen, and every option changes what it names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import code_parts
import mask_cases
import memory_parts
import picture_parts
import pixel_parts
import pytest
from changed_parts import Case, copies, digits, drawn_by, generated_by, phrases, sequences, tones, words_by
from options import OPTIONS
from parts import COUNTERS, LEARNERS, Ran, altered, digest, experiments, few_words, ran

import mlblog.experiments.characters
import mlblog.experiments.codebooks
import mlblog.experiments.codes
import mlblog.experiments.diffusion
import mlblog.experiments.ilsampling_vae
import mlblog.experiments.memory
import mlblog.experiments.pictures
import mlblog.experiments.pictures_upscaled
import mlblog.experiments.pixels
import mlblog.experiments.pixels_enlarged
import mlblog.experiments.positions
import mlblog.experiments.programs
import mlblog.experiments.reversing
import mlblog.experiments.thinking
import mlblog.experiments.thinking_sorting
import mlblog.experiments.thinking_totals
import mlblog.experiments.universal
import mlblog.experiments.vae
from mlblog.data.anagrams import split
from mlblog.data.letter_sets import split_by_set
from mlblog.data.phrases import split_by_letters

BY_CLASS = words_by(lambda module, words: split(words, unseen=module.EXAMPLES))
BY_CLASS_ALONE = words_by(lambda _, words: split(words))
BY_SET = words_by(lambda module, words: split_by_set(words, unseen=module.EXAMPLES))


SEEN = ("exact_seen", "valid_seen", "valid_at_5_seen", "exact_at_5_seen")
PARTED = {
    "anagram_solver": Case(
        BY_CLASS, ("epochs", "letters_seen", "example_answers", "example_probabilities", *SEEN),
        ("ceiling", "words_by_length", "classes_by_length"),
    ),
    "anagram_baselines": Case(
        BY_CLASS, ("dictionary_seen", "example_answers", *SEEN), ("ceiling", "words_by_length", "shuffle")
    ),
    "anagram_page": Case(BY_CLASS, ("speller", "parameters"), ("exact_at_5",)),
    "anagram_speed": Case(BY_CLASS_ALONE),
    "anagram_letter_sets": Case(
        BY_SET, ("epochs", "example_answers", "words_by_repeats_seen", *SEEN), ("words_by_repeats",)
    ),
    "anagram_letter_set_baselines": Case(
        BY_SET, ("example_answers", "dictionary_seen"), ("words_by_repeats", "words_in_a_set")
    ),
    "letter_set_page": Case(BY_SET, ("keys", "parameters"), ("sets",)),
    "anagram_phrases": Case(
        phrases, ("epochs", "example_answers"), ("valid_by_letters", "valid_by_letters_new"), ("kneser_ney",)
    ),
    "anagram_phrases of words": Case(
        BY_CLASS_ALONE, ("epochs", "example_answers", "letters"), ("valid_by_letters_new",)
    ),
    "anagram_phrase_baselines": Case(
        phrases, ("example_answers", "covers_of_examples"), ("letters", "letters_new"),
        ("kneser_ney", "CoverDictionary"),
    ),
    "anagram_phrase_baselines of words": Case(
        BY_CLASS_ALONE, ("example_answers", "covers", "bag_at_most", "three_words", "bag"), ("words_new",)
    ),
    "digit_contrast": Case(digits, (), ("learned", "pixels", "pixels_few", "random")),
    "depth_training": Case(digits, ("validation", "drift", "parameters"), ("right",)),
    "digit_vae": Case(
        digits, ("noise", "ppca_known", "decoded", "distance_prior"),
        ("elbo", "kl", "bound_by_draws", "ppca", "codes", "labels", "distance_unseen", "distance_reconstructed"),
    ),
    "digit_page": Case(digits, ("series/loss",), ("codes", "labels", "reconstructions", "errors")),
    "ils_vae": Case(digits, ("validation exact", "validation RELAX"), ("test exact", "test REBAR", "no_code")),
    "tone_reader": Case(tones, (), ("errors_beam", "example", "blank_frames")),
    "tone_page": Case(tones, ("series/loss",), ("probabilities", "nats")),
    "copying": Case(copies, ("series/validation",), ("bits", "reading", "writing")),
    "copying_rates": Case(copies, ("validation_ntm", "rate_ntm", "validation_lstm")),
    "reversing": Case(copies, ("series/validation",), ("symbols", "bits", "offsets", "example", "looks")),
    "reversing_rates": Case(copies, ("validation_attention_16", "rate_attention_16", "validation_vector_8")),
    "reversing_longer": Case(copies, ("series/validation",), ("symbols", "bits")),
    "pointing_at_points": Case(drawn_by("draw_problems"), ("series/validation",)),
    "pointing_page": Case(drawn_by("draw_problems"), ("pointer", "series/validation")),
    "pointing_rates": Case(drawn_by("draw_problems"), ("validation_lstm_hull", "rate_lstm_hull")),
    "adaptive_spans": Case(sequences, ("validation adaptive", "spans adaptive"), ("test adaptive", "test full")),
    "adaptive_parity": Case(generated_by("draw_parity"), ("validation", "series/validation 0"), ("errors",)),
    "adaptive_totals": Case(generated_by("draw_totals"), ("validation", "series/validation 0"), ("errors",)),
    "adaptive_sorting": Case(generated_by("draw_orders"), ("validation", "series/validation 0"), ("errors",)),
    "position_rates": Case(drawn_by("draw_strings"), ("validation bias", "rate bias")),
    "positions_beyond": Case(drawn_by("draw_strings"), ("validation bias",), ("right bias",)),
    "sum_rates": Case(drawn_by("draw_sums"), ("validation deciding at 0.01", "rate deciding at 0.01")),
    "sums_beyond": Case(
        drawn_by("draw_sums"), ("validation deciding at 0.01",),
        ("right deciding at 0.01", "right by reach deciding at 0.01", "right by steps one block, sinusoids"),
    ),
    **code_parts.PARTED,
    **mask_cases.PARTED,
    "table_programs": Case(
        drawn_by("draw_questions"), ("validation programmer 2", "programs spare steps 1", "curve reader 2"),
        ("off programmer 1", "off spare steps 2", "off reader of rows 2", "off reader 1"),
    ),
    **memory_parts.PARTED,
    **picture_parts.PARTED,
    **pixel_parts.PARTED,
}  # fmt: skip
#: Of these there is no part to keep apart: they draw from a known distribution, and are scored on it or exactly.
WHOLE = {
    "attention_costs", "depth_memory", "exact_noise", "favor_errors", "forest_consistency", "head_widths",
    "ils_bernoulli", "ils_beyond", "ils_bias", "ils_toy", "lsh_recall", "neighbors_best_k", "pixel_copies", "ring_gan",
    "ring_noise",
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with few_words(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlblog.experiments.vae, "DRAWS", (1, 3))
        patch.setattr(mlblog.experiments.ilsampling_vae, "POINTS", 2)
        few = tuple(setting for setting in mlblog.experiments.thinking.SETTINGS if setting.fixed < 2)
        patch.setattr(mlblog.experiments.thinking, "SETTINGS", few)
        patch.setattr(mlblog.experiments.thinking_totals, "SETTINGS", few)
        few = tuple(setting for setting in mlblog.experiments.thinking_sorting.SETTINGS if setting.fixed < 2)
        patch.setattr(mlblog.experiments.thinking_sorting, "SETTINGS", few)
        patch.setattr(mlblog.experiments.programs, "RATES", (1e-2, 3e-2))
        patch.setattr(mlblog.experiments.diffusion, "STRENGTHS", (0.0, 2.0))
        patch.setattr(mlblog.experiments.positions, "RATES", (1e-2, 3e-2))
        patch.setattr(mlblog.experiments.positions, "SCHEMES", ("bias", "sinusoid from anywhere"))
        patch.setattr(mlblog.experiments.reversing, "ARMS", (("attention", 16), ("vector", 8)))
        patch.setattr(mlblog.experiments.reversing, "RATES", (1e-2, 3e-2))
        arms = {name: mlblog.experiments.universal.ARMS[name] for name in ("one block, sinusoids", "deciding at 0.01")}
        patch.setattr(mlblog.experiments.universal, "ARMS", arms)
        patch.setattr(mlblog.experiments.universal, "RATES", (1e-2, 3e-2))
        arms = {name: mlblog.experiments.characters.ARMS[name] for name in ("all", "plain")}
        patch.setattr(mlblog.experiments.characters, "ARMS", arms)
        for module in (mlblog.experiments.memory, mlblog.experiments.characters):
            patch.setattr(module, "load_source", lambda: memory_parts.EXCERPTS)
        patch.setattr(mlblog.experiments.memory, "NETWORKS", ((64, 64),))
        for name in ("KINDS", "RATES"):
            patch.setattr(mlblog.experiments.codes, name, vars(code_parts)[name])
        patch.setattr(mlblog.experiments.codebooks, "RATES", code_parts.RATES)
        arms = {name: mlblog.experiments.codebooks.ARMS[name] for name in code_parts.ARMS}
        patch.setattr(mlblog.experiments.codebooks, "ARMS", arms)
        mask_cases.quicken(patch)
        for name in ("KINDS", "FIELDS", "RATES", "STRENGTHS"):
            patch.setattr(mlblog.experiments.pictures, name, vars(picture_parts)[name])
        patch.setattr(mlblog.experiments.pictures_upscaled, "KINDS", picture_parts.KINDS)
        patch.setattr(mlblog.experiments.pixels, "ARMS", pixel_parts.ARMS)
        for module in (mlblog.experiments.pixels, mlblog.experiments.pixels_enlarged):
            patch.setattr(module, "RATES", pixel_parts.RATES)
        yield


GIVEN = {
    "anagram_solver": {"steps": 4},
    "anagram_page": {"steps": 4},
    "anagram_letter_sets": {"steps": 4},
    "letter_set_page": {"steps": 4},
    "anagram_phrases": {"steps": 4, "drawn": 150, "asked": 5},
    "digit_contrast supervised": {"loss": "supervised"},
    "digit_contrast decoupled": {"loss": "decoupled"},
    "pointing_at_points attention": {"network": "attention"},
    "pointing_at_points transformer": {"network": "transformer"},
    "ring_gan": {"steps": 3},
    "ils_vae": {"steps": 2},
    "ils_bias": {"problems": 3, "draws": 6},
    "ils_bernoulli": {"steps": 4, "replicates": 2},
    "pointing_rates": {"steps": 2},
    **memory_parts.GIVEN,
}


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


VALIDATED = (
    "adaptive_parity", "adaptive_sorting", "adaptive_spans", "adaptive_totals", "anagram_letter_sets", "anagram_page",
    "anagram_phrases", "anagram_solver", "character_losses", "character_rates", "character_tables", "copying",
    "copying_rates", "depth_training", "digit_codebooks", "digit_codes", "digit_noise", "enlarged_rates", "gate_rates",
    "ils_vae", "letter_set_page", "mask_rates", "memory_rates", "memory_segments", "picture_fields", "picture_rates",
    "picture_tables", "picture_upscaled", "pixel_bits", "pixel_enlarged", "pixel_rates", "pointing_at_points",
    "pointing_page", "pointing_rates", "position_rates", "positions_beyond", "reversing", "reversing_longer",
    "reversing_rates", "sum_rates", "sums_beyond", "table_programs",
)  # fmt: skip


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
