"""The tables leave nothing public out."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

ROOMS = ("models", "losses", "classical", "numerics", "training")

WORDS = {  # take no fractions
    "AnagramDictionary", "shuffle_probability", "edit_distance", "collapse", "ContextTable", "cluster_purity",
    "joint_shares", "phone_purity", "pnmi",
}  # fmt: skip
RESULTS = {
    "Bins",
    "Bound",
    "Clusters",
    "Contexts",
    "Drawn",
    "Dual",
    "GradientVariance",
    "Grouping",
    "Halting",
    "Hypotheses",
    "Masks",
    "Moments",
    "PPCA",
    "Quantized",
    "ReplacementVariance",
    "SeriesBound",
}  # come out of what has a row
PROTOCOLS = {
    "AddsPlaces",
    "DrawEstimator",
    "PointNet",
    "PointSequence",
    "Recorder",
    "Solver",
    "Steps",
}  # and an abstract class
SEARCHES = {  # of whole symbols, by steps that have rows
    "anything", "phrase_rule", "set_rule", "product", "ngram_steps", "place_steps", "word_steps",
    "draw_images", "draw_pixels", "draw_pixels_cached", "draw_tokens", "fast_generate", "generate", "inpainted",
    "spell_by_letters", "spell_by_ngrams", "spell_by_places", "spell_keys", "spell_together",
}  # fmt: skip
WITHIN = {  # called by what has a row
    "dormand_prince_step", "projections_for", "labelled", "points", "in_buckets", "exponential_like", "expect_positive",
    "drawn_weight", "mel_filters", "spread_start", "draw_spans", "field_and_hop", "finite", "draw_from_buckets",
    "largest_stable_rate", "channels_for", "encoder_cost",
}  # fmt: skip
# need several processes, an optimiser or a run: see tests/training, tests/losses and tests/models
SLOW = {"AuxiliaryLossSchedule", "DelayedSGD", "TinyDDP", "Tuned", "Best", "Curves"}
EXEMPT = WORDS | RESULTS | PROTOCOLS | SEARCHES | WITHIN | SLOW


def public() -> dict[str, str]:
    """Functions and classes of the library, with the module that defines them."""
    found = {}
    for room in ROOMS:
        package = importlib.import_module(f"mlblog.{room}")
        for info in pkgutil.walk_packages(package.__path__, f"mlblog.{room}."):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                mine = getattr(value, "__module__", None) == info.name and (
                    inspect.isfunction(value) or inspect.isclass(value)
                )
                if mine and not name.startswith("_"):
                    found[name] = info.name
    return found


def named() -> set[str]:
    """Every name that the tables use."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


def test_every_public_name_of_the_library_is_in_a_table() -> None:
    missing = set(public()) - named() - EXEMPT
    assert not missing, {name: public()[name] for name in sorted(missing)}


def test_nothing_is_exempt_that_is_gone_or_in_a_table() -> None:
    assert set(public()) - named() >= EXEMPT
