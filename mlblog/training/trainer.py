"""One training loop: the rate of each step, the step, the curves, and the weights that were best on validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Steps(Protocol):
    """What counts steps, and resumes an interrupted run."""

    def steps(self, stop: int, label: str, /) -> Iterable[int]:
        """Yield the steps that are left, up to `stop`."""
        ...


class Recorder(Protocol):
    """What keeps curves and state: `mlblog.lab.Run`."""

    def checkpoint(self, **parts: Any) -> Steps:
        """Keep the state of `parts` from step to step, by `state_dict` and `load_state_dict`."""
        ...

    def log(self, *, step: int, **values: Any) -> None:
        """Note values at a step."""
        ...


class Best:
    """The weights of a net at its lowest validation loss so far.

    Args:
        net: it will have those weights again after `restore`.

    Attributes:
        loss: the lowest so far; infinite before the first.
        misses: how many losses in a row have not been lower.
    """

    def __init__(self, net: nn.Module) -> None:
        self.net, self.loss, self.misses = net, float("inf"), 0
        self._weights = _copied(net.state_dict())

    def offer(self, loss: float) -> None:
        """Keep the present weights if `loss` is the lowest so far; NaN never is."""
        if loss < self.loss:
            self.loss, self.misses, self._weights = loss, 0, _copied(self.net.state_dict())
        else:
            self.misses += 1

    def restore(self) -> None:
        """Give the net its best weights."""
        self.net.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """Return everything, for a checkpoint."""
        return {"loss": self.loss, "misses": self.misses, "weights": self._weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take on what a checkpoint holds."""
        self.loss, self.misses, self._weights = state["loss"], state["misses"], dict(state["weights"])


def train(
    run: Recorder,
    net: nn.Module,
    loss: Callable[[int], Tensor],
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    every: int,
    rate: Callable[[int], float] | None = None,
    clip: float | None = None,
    validate: Callable[[], float] | None = None,
    patience: int | None = None,
    **parts: Any,
) -> int:
    """Train `net`, and leave it in evaluation mode, with the weights that were best on validation if there is any.

    Args:
        run: keeps the curves `loss` and `validation`, and the state from which an interrupted run goes on.
        net: what is trained.
        loss: of a step, from 0, on a batch that it draws: a scalar.
        optimizer: of the parameters of `net`.
        steps: at most.
        every: steps between two points of the curves; the last step is a point, too.
        rate: learning rate of a step; that of the optimiser if None.
        clip: largest norm of the gradient.
        validate: the loss on validation data, asked in evaluation mode and without gradients at each point.
        patience: points without a lower validation loss after which training ends; None: never.
        parts: what else changes from step to step and has a state: samplers, generators.

    Returns:
        How many steps were taken.

    Raises:
        ValueError: there is a patience, and nothing to validate.
    """
    if patience is not None and validate is None:
        raise ValueError("patience needs validate, the loss that it waits for")
    if validate is not None:
        parts["best"] = best = Best(net)
    for step in run.checkpoint(net=net, optimizer=optimizer, **parts).steps(steps, "train"):
        if rate is not None:
            for group in optimizer.param_groups:
                group["lr"] = rate(step)
        value = loss(step)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        if step % every and step != steps - 1:
            continue
        run.log(step=step, loss=value.detach())
        if validate is not None:
            found = _validated(net, validate)
            run.log(step=step, validation=found)
            best.offer(found)
            if patience is not None and best.misses >= patience:
                steps = step + 1
                break
    if validate is not None:
        best.restore()
    net.eval()
    return steps


def _validated(net: nn.Module, validate: Callable[[], float]) -> float:
    net.eval()
    with torch.inference_mode():
        found = validate()
    net.train()
    return found


def _copied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}
