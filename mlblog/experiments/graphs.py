"""Graphs: what networks of many layers lose, and by which of their parts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.blocks import Blocks, draw_blocks
from mlblog.lab import Run, experiment
from mlblog.models.gcn import (
    GraphConvolution,
    GraphNetwork,
    InitialResidual,
    Propagation,
    Residual,
    pair_norm,
    pair_norm_relu,
    unchanged,
)
from mlblog.numerics.propagation import (
    dirichlet_energy,
    eigenvalues,
    mixing_rate,
    propagate,
    symmetric_operator,
)
from mlblog.training.schedule import warmup_cosine

CLASSES, FEATURES, DEGREE = 4, 16, 10.0
KNOWN, ASKED = 40, 100  # nodes to learn from, and to choose by; all others are tested
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
GAINS = (1.0, 2**0.5)  # of the layers' initial weights, over Glorot's: sizes last without ReLU, and with it
EVERY = 5  # steps between two looks at the validation nodes

Numbers = NDArray[np.float64]


class Arm(NamedTuple):
    """A kind of network.

    Attributes:
        layer: makes a layer from the width and its place, from 1 on.
        edges: whether it sees any.
    """

    layer: Callable[[int, int], nn.Module]
    edges: bool = True


ARMS = {
    "GCN": Arm(lambda width, _: GraphConvolution(width)),
    "no ReLU": Arm(lambda width, _: GraphConvolution(width, then=unchanged)),
    "no edges": Arm(lambda width, _: GraphConvolution(width), edges=False),
    "residual": Arm(lambda width, _: Residual(GraphConvolution(width))),
    "initial residual": Arm(InitialResidual),
    "PairNorm": Arm(lambda width, _: GraphConvolution(width, then=pair_norm_relu)),
    "no weights": Arm(lambda _, __: Propagation()),
    "no weights, PairNorm": Arm(lambda _, __: Propagation(then=pair_norm)),
}
#: Names of all.
KINDS: list[Any] = [
    "GCN", "no ReLU", "no edges", "residual", "initial residual", "PairNorm", "no weights", "no weights, PairNorm",
]  # fmt: skip
#: Of these the energy is told part by part: of layers that are s(P H W).
TOLD = ("GCN", "no ReLU", "no edges")


class Question(NamedTuple):
    """A graph with its operators, (N, N), features (N, D), labels (N,), and the nodes of each part."""

    edges: Tensor
    operator: Tensor
    alone: Tensor  # the operator of the same nodes without edges
    x: Tensor
    labels: Tensor
    parts: tuple[Tensor, Tensor, Tensor]


@experiment(
    smoke={"steps": 6, "nodes": 160, "depths": [1, 2], "width": 4, "networks": KINDS},
    small={"steps": 400, "depths": [1, 2, 4, 8, 16, 32], "networks": KINDS},
    full={"steps": 2_000, "nodes": 4_000, "depths": [1, 2, 4, 8, 16, 32, 64], "width": 64, "networks": KINDS},
    seeds=5,
    variants=(
        {"homophily": 0.25, "depths": [1, 2, 4], "networks": ["GCN", "no edges", "no weights"]},
        {"homophily": 0.9, "depths": [8, 16, 32], "networks": ["GCN", "no ReLU", "no weights"]},
    ),
)
def graph_depths(
    run: Run,
    *,
    steps: int,
    depths: list[int],
    networks: list[str],
    nodes: int = 300,
    homophily: float = 0.7,
    width: int = 16,
    seed: int,
) -> None:
    """Train networks of every kind and depth, at each rate and size of first weights; score what validates best.

    Args:
        run: of the lab.
        steps: of Adam, on the whole graph each.
        depths: numbers of layers.
        networks: names of `ARMS`.
        nodes: of the graph.
        homophily: the share of neighbours of a node's own class; at 1 / 4 edges say nothing.
        width: hidden units.
        seed: of the graph, the features and the weights.
    """
    drawn = draw_blocks(
        nodes, classes=CLASSES, degree=DEGREE, homophily=homophily, features=FEATURES, signal=1.0,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    question = asked(drawn, run.device)
    run.save(
        rates=np.array(RATES), gains=np.array(GAINS),
        eigenvalues=eigenvalues(question.edges.cpu(), nodes)[: 3 * CLASSES],
        rate=mixing_rate(question.edges.cpu(), nodes),
    )  # fmt: skip
    for name, arm in run.progress([(name, ARMS[name]) for name in networks], "train"):
        trials = [trial(arm, depth, question, steps=steps, width=width, seed=seed) for depth in depths]
        run.save(**{
            f"validation {name}": np.stack([each.validation for each in trials]),
            f"chosen {name}": np.array([each.chosen for each in trials]),
            f"right {name}": np.array([each.right for each in trials]),
            f"fitted {name}": np.array([each.fitted for each in trials]),
            f"curve {name}": np.stack([each.curve for each in trials]),
        })  # fmt: skip
        for when, net, place in zip(("before", "after"), trials[-1].nets, (0, trials[-1].chosen), strict=True):
            run.save(**{f"quotient {name} {when}": quotients(net, arm, question, place)})
            if name in TOLD:
                run.save(**{f"parts {name} {when}": told(net, arm, question, place)})


def asked(drawn: Blocks, device: str) -> Question:
    """A drawn graph, cut into the nodes of the three parts."""
    edges, order = torch.from_numpy(drawn.edges).to(device), torch.from_numpy(drawn.order).to(device)
    nodes = len(drawn.labels)
    known, chosen, rest = order[:KNOWN], order[KNOWN : KNOWN + ASKED], order[KNOWN + ASKED :]
    alone = symmetric_operator(edges[:0], nodes).float()
    x, labels = torch.from_numpy(drawn.features).to(device), torch.from_numpy(drawn.labels).to(device)
    return Question(edges, symmetric_operator(edges, nodes).float(), alone, x, labels, (known, chosen, rest))


class Copies(nn.Module):
    """S linear maps, their weights those of one times a gain each: (…, S, N, inputs) to (…, S, N, outputs)."""

    def __init__(self, one: nn.Linear, gains: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(gains.view(-1, 1, 1) * one.weight.detach().T)
        bias = None if one.bias is None else one.bias.detach().expand(len(gains), 1, -1).clone()
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map each set of nodes by the map of its place."""
        mapped = x @ self.weight
        return mapped if self.bias is None else mapped + self.bias


class Trial(NamedTuple):
    """What the settings at one depth came to.

    Attributes:
        validation: of each setting the best share of validation nodes that are right, in any look.
        chosen: the setting with the best of these.
        right: share of test nodes, of the chosen setting at the step of its best look.
        fitted: the largest share of training nodes that any setting has right at the end.
        curve: share of validation nodes of the chosen setting, by look.
        nets: the copies before and after training, in float64.
    """

    validation: Numbers
    chosen: int
    right: float
    fitted: float
    curve: Numbers
    nets: tuple[GraphNetwork, GraphNetwork]


def trial(arm: Arm, depth: int, question: Question, *, steps: int, width: int, seed: int) -> Trial:
    """Train one kind of network at one depth, all settings side by side from the same draws."""
    gains, rates = (torch.tensor(each) for each in zip(*product(GAINS, RATES), strict=True))
    gains, rates = gains.to(question.x.device), rates.to(question.x.device)
    net, before = (stacked(arm, depth, width, gains, seed).to(question.x.device) for _ in range(2))
    operator = question.operator if arm.edges else question.alone
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0)
    known, looks = question.parts[0], []
    for step in range(steps):
        logits = net(operator, question.x)  # (S, N, C)
        if step % EVERY == 0 or step == steps - 1:
            looks.append(shares(logits, question))
        wrong = F.cross_entropy(logits[:, known].transpose(1, 2), question.labels[known].expand(len(rates), -1),
                                reduction="none")  # fmt: skip
        optimizer.zero_grad()
        wrong.mean(1).sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        _step_apart(optimizer, rates * warmup_cosine(step, steps=steps))
    found = np.stack(looks)  # (looks, parts, S)
    best = found[:, 1].argmax(0)
    validation = found[best, 1, np.arange(len(rates))]
    chosen = int(validation.argmax())
    return Trial(validation, chosen, float(found[best[chosen], 2, chosen]), float(found[-1, 0].max()),
                 found[:, 1, chosen], (before.double(), net.double()))  # fmt: skip


def stacked(arm: Arm, depth: int, width: int, gains: Tensor, seed: int) -> GraphNetwork:
    """A network in a copy for each gain of its layers' first weights."""
    torch.manual_seed(seed)
    net = GraphNetwork(FEATURES, width, CLASSES, [arm.layer(width, place + 1) for place in range(depth)])
    for name, module in list(net.named_modules()):
        if isinstance(module, nn.Linear):
            parent, _, last = name.rpartition(".")
            of = gains.cpu() if name.startswith("layers") else torch.ones(len(gains))
            setattr(net.get_submodule(parent), last, Copies(module, of))
    return net


@torch.no_grad()
def shares(logits: Tensor, question: Question) -> Numbers:
    """Of logits (S, N, C), the share of nodes of each part that are right, (parts, S)."""
    right = (logits.argmax(-1) == question.labels).double()
    found: Numbers = torch.stack([right[:, nodes].mean(1) for nodes in question.parts]).cpu().numpy()
    return found


def _step_apart(optimizer: torch.optim.Optimizer, rates: Tensor) -> None:
    """One step for S copies, each at its own rate; a copy whose weights would no longer be finite keeps them."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    before = [weight.detach().clone() for weight in weights]
    optimizer.step()
    with torch.no_grad():
        for weight, start in zip(weights, before, strict=True):
            weight.copy_(start + rates.view(-1, 1, 1) * torch.nan_to_num(weight - start, 0.0, 0.0, 0.0))


def sizes(x: Tensor, edges: Tensor) -> list[float]:
    """Energy and squared length of states, (N, H)."""
    return [dirichlet_energy(x, edges).item(), x.square().sum().item()]


@torch.no_grad()
def quotients(net: GraphNetwork, arm: Arm, question: Question, place: int) -> Numbers:
    """Of one copy, energy over squared length of the first layer's input and of what comes out of each, (L + 1,).

    Of a network that sees no edges, the energy is along those that the graph has.
    """
    operator = (question.operator if arm.edges else question.alone).double()
    states = [state if state.ndim == 2 else state[place] for state in net.states(operator, question.x.double())]
    found = [sizes(state, question.edges) for state in states]
    return np.array([energy / size if size else 0.0 for energy, size in found])


@torch.no_grad()
def told(net: GraphNetwork, arm: Arm, question: Question, place: int) -> Numbers:
    """log₁₀ of energy and of squared length (…, 2) of a copy: before the first layer, and in each after P, W and s.

    Returns:
        (3 L + 1, 2).
    """
    operator: Any = (question.operator if arm.edges else question.alone).double()
    x = net.encoder(question.x.double()).relu()[place]
    found = [sizes(x, question.edges)]
    for layer in net.layers:
        spread = propagate(operator, x)
        mapped = spread @ layer.linear.weight[place]  # type: ignore[union-attr, index]  # Copies
        x = layer.then(mapped)  # type: ignore[operator]
        found += [sizes(state, question.edges) for state in (spread, mapped, x)]
    logs: Numbers = np.log10(np.clip(np.array(found), 1e-300, None))
    return logs
