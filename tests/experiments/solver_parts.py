"""The parts and options of the experiments on layers that solve equations, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch
from changed_parts import Case, generated_by

from mlblog.experiments import flows, solvers, spirals
from mlblog.numerics.odeint import Euler

NET, BOTH = ("AdamW", "Adam"), ("AdamW", "Adam", "fit_mixture")
RATES = (1e-2, 3e-2)


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Fewer rates, mixtures and spirals."""
    for module in (solvers, spirals):
        patch.setattr(module, "RATES", RATES)
    patch.setattr(solvers, "ARMS", ("Euler", "residual"))
    patch.setattr(solvers, "SWAPPED", {"Euler, 1": Euler(1.0)})
    patch.setattr(flows, "COMPONENTS", (3,))
    patch.setattr(flows, "STARTS", 1)
    patch.setattr(flows, "FLOORS", (1e-3,))
    for name in ("HELD", "ASKED"):
        patch.setattr(spirals, name, 20)


def flowing(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Moons: other ones."""
    generated_by("draw_moons")(patch, module, part)


def spiralling(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Spirals: other ones, where the seed of torch's generator is that of a part."""
    del module  # both experiments draw them in one place
    real, parts = spirals.draw_spirals, {spirals.TEST: "test", spirals.VALIDATION: "validation"}

    def other(*sizes: Any, generator: torch.Generator) -> Any:
        if parts.get(generator.initial_seed(), "train") == part:
            generator = torch.Generator().manual_seed(generator.initial_seed() + 77)
        return real(*sizes, generator=generator)

    patch.setattr(spirals, "draw_spirals", other)


PARTED = {
    "moons_solvers": Case(
        generated_by("draw_moons"),
        ("validation Euler", "validation residual", "curve Euler", "asks Euler"),
        ("least", "error Euler", "error residual", "swapped Euler", "costs Euler", "read Euler", "path Euler"),
    ),
    "flow_densities": Case(
        flowing,
        ("validation", "curve", "components", "integral", "density", "mixed", "path"),
        ("exact", "mixture", "trained", "flow", "by_solver", "spread signs", "bias normal"),
    ),
    "spiral_futures": Case(
        spiralling,
        ("validation latent ODE", "validation RNN", "gap RNN", "tried no ODE", "rate latent ODE"),
        ("rmse latent ODE", "seen latent ODE", "inside no ODE", "outside RNN", "along RNN, finest", "rmse last point",
         "inside known family", "said latent ODE", "paths", "points", "rows"),
    ),
}  # fmt: skip
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "solver_orders": {"halvings": (5, ()), "tolerances": ([1e-1, 1e-3], ()), "hidden": (5, ())},
    "moons_solvers": {"steps": (3, NET), "known": (41, NET), "hidden": (12, NET), "asked": (210, ())},
    "flow_densities": {
        "steps": (3, NET), "data": ("rings", BOTH), "step": (0.5, NET), "units": (5, NET), "known": (61, BOTH),
        "side": (21, ()), "asked": (41, ()), "shown": (8, ()),
    },
    "spiral_futures": {
        "steps": (3, NET), "count": (61, NET), "seen": (29, NET), "control": (False, NET),
    },
}  # fmt: skip
