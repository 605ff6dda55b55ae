"""What is known of each experiment's parts: how to change them, what is fixed without them, and what is scored."""

from __future__ import annotations

from typing import Any

import caption_parts
import code_parts
import example_parts
import graph_parts
import hyper_parts
import linkless_parts
import listening_parts
import mask_cases
import memory_parts
import picture_parts
import pixel_parts
import pytest
import solver_parts
import sound_parts
import task_parts
import view_parts
from changed_parts import Case, copies, digits, drawn_by, generated_by, phrases, sequences, tones, words_by

import mlblog.experiments.captions
import mlblog.experiments.characters
import mlblog.experiments.codebooks
import mlblog.experiments.codes
import mlblog.experiments.diffusion
import mlblog.experiments.examples
import mlblog.experiments.graphs
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
    **caption_parts.PARTED,
    **code_parts.PARTED,
    **graph_parts.PARTED,
    **linkless_parts.PARTED,
    **listening_parts.PARTED,
    **example_parts.PARTED,
    **hyper_parts.PARTED,
    "table_programs": Case(
        drawn_by("draw_questions"), ("validation programmer 2", "programs spare steps 1", "curve reader 2"),
        ("off programmer 1", "off spare steps 2", "off reader of rows 2", "off reader 1"),
    ),
    **mask_cases.PARTED,
    **memory_parts.PARTED,
    **picture_parts.PARTED,
    **pixel_parts.PARTED,
    **solver_parts.PARTED,
    **task_parts.PARTED,
    **view_parts.PARTED,
    **sound_parts.PARTED,
}  # fmt: skip
#: Of these there is no part to keep apart: they draw from a known distribution, and are scored on it or exactly.
WHOLE = {
    "attention_costs", "depth_memory", "exact_noise", "favor_errors", "forest_consistency", "graph_limits",
    "head_widths", "hypergradient_errors",
    "ils_bernoulli", "ils_beyond", "ils_bias", "ils_toy", "lsh_recall", "neighbors_best_k", "pixel_copies", "ring_gan",
    "ring_noise", "skewed_ridge", "solver_orders", "sound_copies", "sound_costs",
}  # fmt: skip


#: Of these a validation set is drawn apart.
VALIDATED = (
    "adaptive_parity", "adaptive_sorting", "adaptive_spans", "adaptive_totals", "anagram_letter_sets", "anagram_page",
    "anagram_phrases", "anagram_solver", "character_losses", "character_rates", "character_tables", "copying",
    "copying_rates", "depth_training", "digit_codebooks", "digit_codes", "digit_importance", "digit_noise",
    "digit_views", "enlarged_rates", "flow_densities", "gate_rates", "graph_depths", "hidden_unit_rates",
    "hidden_units", "ils_vae", "letter_set_page", "linkless_depths", "linkless_embeddings", "linkless_pretraining",
    "mask_rates", "memory_rates", "memory_segments", "moons_solvers", "picture_fields", "picture_rates",
    "picture_tables", "picture_upscaled", "pixel_bits", "pixel_enlarged", "pixel_rates", "pointing_at_points",
    "pointing_page", "pointing_rates", "position_rates", "positions_beyond", "reversing", "reversing_longer",
    "reversing_rates", "shape_views", "sound_bits", "sound_predicted", "sound_rates", "spiral_futures",
    "sum_rates", "sums_beyond", "table_programs", "task_twins",
)  # fmt: skip

#: Options of an experiment, by its name and perhaps a word on them.
GIVEN: dict[str, dict[str, Any]] = {
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
    **graph_parts.GIVEN,
    **linkless_parts.GIVEN,
    **sound_parts.GIVEN,
}


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Leave each experiment the fewest rates, kinds and arms with which it still does all that it does."""
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
    arms: dict[str, Any] = {
        name: mlblog.experiments.universal.ARMS[name] for name in ("one block, sinusoids", "deciding at 0.01")
    }
    patch.setattr(mlblog.experiments.universal, "ARMS", arms)
    patch.setattr(mlblog.experiments.universal, "RATES", (1e-2, 3e-2))
    arms = {name: mlblog.experiments.characters.ARMS[name] for name in ("all", "plain")}
    patch.setattr(mlblog.experiments.characters, "ARMS", arms)
    for module in (mlblog.experiments.memory, mlblog.experiments.characters):
        patch.setattr(module, "load_source", lambda: memory_parts.EXCERPTS)
    patch.setattr(mlblog.experiments.memory, "NETWORKS", ((64, 64),))
    patch.setattr(mlblog.experiments.captions, "RATES", (3e-3, 1e-2))
    patch.setattr(mlblog.experiments.captions, "STRENGTHS", (1.0, 2.0))
    for name in ("KINDS", "RATES"):
        patch.setattr(mlblog.experiments.codes, name, vars(code_parts)[name])
    patch.setattr(mlblog.experiments.codebooks, "RATES", code_parts.RATES)
    patch.setattr(mlblog.experiments.examples, "RATES", (0.1, 0.5))
    arms = {name: mlblog.experiments.codebooks.ARMS[name] for name in code_parts.ARMS}
    patch.setattr(mlblog.experiments.codebooks, "ARMS", arms)
    mask_cases.quicken(patch)
    patch.setattr(mlblog.experiments.graphs, "RATES", graph_parts.RATES)
    linkless_parts.shorten(patch)
    for name in ("KINDS", "FIELDS", "RATES", "STRENGTHS"):
        patch.setattr(mlblog.experiments.pictures, name, vars(picture_parts)[name])
    for module, name, value in listening_parts.FEW:
        patch.setattr(module, name, value)
    patch.setattr(mlblog.experiments.pictures_upscaled, "KINDS", picture_parts.KINDS)
    patch.setattr(mlblog.experiments.pixels, "ARMS", pixel_parts.ARMS)
    for module in (mlblog.experiments.pixels, mlblog.experiments.pixels_enlarged):
        patch.setattr(module, "RATES", pixel_parts.RATES)
    solver_parts.shorten(patch)
    view_parts.shorten(patch)
    sound_parts.quicken(patch)
