"""Another value for every option of every experiment, and the learners that it concerns."""

from __future__ import annotations

from typing import Any

from attention_options import ATTENTION
from caption_parts import OPTIONS as CAPTIONS
from code_parts import OPTIONS as CODES
from depth_options import DEPTH_AND_MEMORY
from example_parts import OPTIONS as EXAMPLES
from graph_parts import OPTIONS as GRAPHS
from hyper_parts import OPTIONS as HYPER
from linkless_parts import OPTIONS as LINKLESS
from listening_parts import OPTIONS as LISTENING
from mask_cases import OPTIONS as MASKS
from memory_parts import OPTIONS as MEMORY
from parts import LEARNERS
from picture_parts import OPTIONS as PICTURES
from pixel_parts import OPTIONS as PIXELS
from solver_parts import OPTIONS as SOLVERS
from sound_parts import OPTIONS as SOUNDS
from task_parts import OPTIONS as TASKS
from view_parts import OPTIONS as VIEWS

NET, GRAMS, PROBED = ("AdamW", "Adam"), ("kneser_ney",), ("AdamW", "solve")
SPELLER: dict[str, tuple[Any, tuple[str, ...]]] = {  # another value, and the learners that it concerns
    "steps": (7, NET), "width": (32, NET), "heads": (2, NET), "layers": (2, NET), "hidden": (16, NET),
    "rate": (1e-3, NET), "order": (2, GRAMS),
}  # fmt: skip
ALL = (*NET, *LEARNERS, "solve")
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    **ATTENTION,
    **CAPTIONS,
    **CODES,
    **DEPTH_AND_MEMORY,
    **GRAPHS,
    **LINKLESS,
    **LISTENING,
    **EXAMPLES,
    **HYPER,
    **MASKS,
    **MEMORY,
    **PICTURES,
    **PIXELS,
    **TASKS,
    **VIEWS,
    **SOLVERS,
    **SOUNDS,
    "anagram_solver": {
        **SPELLER, "longest": (5, ALL), "letters": (64, NET), "dropout": (0.5, NET), "widths": ([1, 2], ()),
    },
    "anagram_baselines": {"longest": (5, ALL), "order": (2, GRAMS)},
    "anagram_letter_sets": {**SPELLER, "longest": (5, ALL), "keys": (64, NET), "dropout": (0.5, NET)},
    "anagram_letter_set_baselines": {"longest": (5, ALL), "order": (2, GRAMS)},
    "anagram_phrases": {
        **SPELLER, "longest": (5, ALL), "most": (12, NET), "drawn": (200, NET), "asked": (4, ()), "keys": (64, NET)
    },
    "anagram_phrase_baselines": {"longest": (5, ALL), "most": (12, ()), "asked": (5, ()), "order": (2, GRAMS)},
    "anagram_page": {
        **{name: case for name, case in SPELLER.items() if name != "order"},
        "longest": (5, NET), "letters": (64, NET), "dropout": (0.5, NET),
    },
    "anagram_speed": {
        "longest": (5, NET), "rounds": (3, NET), "steps": (2, NET), "width": (32, NET), "heads": (2, NET),
        "layers": (2, NET), "hidden": (16, NET), "letters": (64, NET),
    },
    "digit_contrast": {
        "steps": (4, PROBED), "width": (20, PROBED), "batch": (64, PROBED), "temperature": (1.0, PROBED),
        "loss": ("decoupled", PROBED),
    },
    "digit_contrast supervised": {"temperature": (1.0, PROBED)},
    "digit_contrast decoupled": {"temperature": (1.0, PROBED), "loss": ("supervised", PROBED)},
    "digit_vae": {
        "steps": (6, NET), "latent": (3, (*NET, "fit_ppca")), "hidden": (0, NET), "beta": (0.0, NET),
        "batch": (64, NET), "rate": (1e-3, NET),
    },
    "digit_page": {"steps": (6, NET), "hidden": (4, NET), "batch": (64, NET), "rate": (1e-3, NET)},
    "tone_page": {
        "steps": (5, NET), "examples": (40, NET), "asked": (13, ()), "width": (24, NET), "batch": (16, NET),
    },
    "letter_set_page": {
        **{name: case for name, case in SPELLER.items() if name != "order"},
        "longest": (5, NET), "keys": (64, NET), "dropout": (0.5, NET),
    },
    "tone_reader": {
        "steps": (5, NET), "examples": (40, NET), "asked": (13, ()), "width": (24, NET), "batch": (16, NET),
        "target": ("frames", NET),
    },
    "pointing_at_points": {
        "steps": (11, NET), "largest": (7, NET), "sizes": ([5, 9], ()), "asked": (24, ()), "batch": (8, NET),
        "width": (24, NET), "task": ("sort", NET), "network": ("fixed", NET),
    },
    "pointing_at_points attention": {"network": ("lstm", NET), "width": (24, NET)},
    "pointing_at_points transformer": {"hidden": (32, NET), "network": ("lstm", NET), "width": (30, NET)},
    "adaptive_parity": {
        "steps": (4, NET), "size": (4, NET), "most": (1, NET), "width": (5, NET), "batch": (9, NET), "asked": (41, ()),
    },
    "adaptive_totals": {
        "steps": (4, NET), "size": (3, NET), "numbers": (3, NET), "most": (1, NET), "width": (5, NET),
        "batch": (9, NET), "asked": (41, ()),
    },
    "adaptive_sorting": {
        "steps": (4, NET), "size": (4, NET), "most": (1, NET), "width": (5, NET), "batch": (9, NET), "asked": (61, ()),
    },
    "position_rates": {
        "steps": (3, NET), "farthest": (12, NET), "longest": (7, NET), "asked": (25, ()), "batch": (6, NET),
        "width": (12, NET),
    },
    "positions_beyond": {
        "steps": (4, NET), "sizes": ([6, 10], NET), "longest": (7, NET), "asked": (25, ()), "batch": (6, NET),
        "width": (12, NET),
    },
    "sum_rates": {
        "steps": (3, NET), "farthest": (9, NET), "longest": (6, NET), "asked": (11, ()), "batch": (6, NET),
        "width": (20, NET), "most": (3, NET),
    },
    "sums_beyond": {
        "steps": (3, NET), "sizes": ([4, 7], NET), "longest": (6, NET), "asked": (11, ()), "batch": (6, NET),
        "width": (20, NET), "most": (3, NET),
    },
    "table_programs": {
        "steps": (3, NET), "rows": (4, NET), "more": (5, ()), "drawn": (25, NET), "asked": (11, ()), "batch": (7, NET),
        "width": (12, NET),
    },
    "pointing_page": {
        "steps": (11, NET), "largest": (7, NET), "asked": (24, ()), "batch": (8, NET), "width": (24, NET),
    },
    "pointing_rates": {
        "steps": (3, NET), "largest": (7, NET), "asked": (24, ()), "batch": (8, NET), "width": (24, NET),
        "hidden": (32, NET),
    },
    "ring_gan": {"steps": (4, NET), "batch": (8, NET), "width": (4, NET), "noise": (4, NET)},
    "ils_vae": {
        "steps": (4, NET), "variables": (3, NET), "categories": (2, NET), "hidden": (4, NET), "batch": (50, NET)
    },
    "ils_toy": {"steps": (21, ()), "problems": (3, ()), "epsilon": (0.01, ()), "rate": (0.1, ())},
    "ils_bias": {"problems": (4, NET), "draws": (8, NET), "mapped": (10, NET), "tuning": (4, NET)},
    "ils_bernoulli": {"steps": (5, NET), "replicates": (3, NET), "rate": (0.1, NET)},
    "ils_beyond": {"draws": (200, NET), "steps": (11, NET), "batch": (50, NET)},
    "neighbors_best_k": {"halves": (1, ()), "draws": (4, ())},
    "forest_consistency": {"halves": (2, ALL), "trees": (6, ("RandomForest",))},
}  # fmt: skip
