"""Graphs without edges: what depth does to a transformer on contexts, and to what lacks one of its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.blocks import Blocks, draw_blocks
from mlblog.experiments.graphs import CLASSES, DEGREE, FEATURES, Question, asked, shares
from mlblog.lab import Run, experiment
from mlblog.models.gcn import ConvolutionBlock, GraphNetwork
from mlblog.models.graph_bert import BareBlock, Contexts, GraphBert, SinusoidEmbedding, linkless_contexts
from mlblog.models.transformer import EncoderBlock
from mlblog.numerics.intimacy import hop_distance, intimacy_matrix, nearest_contexts, wl_roles
from mlblog.numerics.propagation import dirichlet_energy
from mlblog.training.schedule import warmup_cosine

SIZE = 7  # of contexts
HEADS = 2
RATES = (3e-4, 1e-3, 3e-3)
EVERY = 10  # steps between two looks at the validation nodes

Numbers = NDArray[np.float64]
#: Outputs of nodes, from all nodes' numbers.
Ask = Callable[[Tensor], Tensor]

#: Names of all networks, with their blocks.
ARMS: dict[str, Callable[[int], nn.Module]] = {
    "Graph-BERT": lambda width: EncoderBlock(width, HEADS, 2 * width),
    "features only": lambda width: EncoderBlock(width, HEADS, 2 * width),
    "bare": lambda width: BareBlock(width, HEADS, 2 * width),
    "propagation in blocks": lambda width: ConvolutionBlock(width, 2 * width),
}
KINDS: list[Any] = ["Graph-BERT", "features only", "bare", "propagation in blocks"]


class Fitted(NamedTuple):
    """What one training came to.

    Attributes:
        validation: the best share of validation nodes that are right, in any look.
        right: share of test nodes at the step of that look.
        fitted: share of training nodes that are right at the end.
        curve: share of validation nodes, by look.
    """

    validation: float
    right: float
    fitted: float
    curve: Numbers


@experiment(
    smoke={"steps": 6, "nodes": 160, "depths": [1, 2], "width": 4, "networks": KINDS},
    small={"steps": 200, "depths": [2, 8, 16, 32], "networks": KINDS},
    full={"steps": 2_000, "nodes": 2_700, "depths": [1, 2, 4, 8, 16, 32, 64], "width": 64, "networks": KINDS},
    seeds=5,
)
def linkless_depths(
    run: Run,
    *,
    steps: int,
    depths: list[int],
    networks: list[str],
    nodes: int = 300,
    width: int = 32,
    seed: int,
) -> None:
    """Train on contexts, and by propagation in the same blocks, at each depth and rate; score what validates best.

    The graphs of a seed are those of `graph_depths`, and so are the nodes of each part.

    Args:
        run: of the lab.
        steps: of Adam, on all nodes with a label each.
        depths: numbers of blocks.
        networks: names of `ARMS`.
        nodes: of the graph.
        width: hidden units.
        seed: of the graph, the features and the weights.
    """
    question = asked(draw_graph(nodes, np.random.default_rng(seed)), run.device)
    told = all_contexts(question.edges, nodes)
    run.save(rates=np.array(RATES), roles=int(told.roles.max()) + 1,
             own=own_share(told, question.labels))  # fmt: skip
    for name in run.progress(networks, "train"):
        found: list[Fitted] = []
        for depth in depths:
            tried = []
            for rate in RATES:
                torch.manual_seed(seed)
                net = network(name, depth, width, told).to(run.device)
                before = quotients(net, question, told)
                tried.append((fit(net, asking(net, question, told), question, steps=steps, rate=rate), net))
            best = max(range(len(RATES)), key=lambda place: tried[place][0].validation)
            # what fits is asked of every rate, so that none can be said not to train for its rate alone
            found.append(tried[best][0]._replace(fitted=max(one.fitted for one, _ in tried)))
            if depth == depths[-1]:
                run.save(**{f"quotient {name} before": before,
                            f"quotient {name} after": quotients(tried[best][1], question, told)})  # fmt: skip
            run.save(**{f"chosen {name} {depth}": RATES[best]})
        for score in ("validation", "right", "fitted", "curve"):
            run.save(**{f"{score} {name}": np.stack([np.asarray(getattr(one, score)) for one in found])})


def draw_graph(nodes: int, rng: np.random.Generator) -> Blocks:
    """Communities, with features that hint at them: a graph of `graph_depths`."""
    return draw_blocks(
        nodes, classes=CLASSES, degree=DEGREE, homophily=0.7, features=FEATURES, signal=1.0, rng=rng
    )  # fmt: skip


def all_contexts(edges: Tensor, nodes: int) -> Contexts:
    """Every node's, of the nearest by intimacy."""
    near = intimacy_matrix(edges, nodes)
    return linkless_contexts(
        nearest_contexts(near, SIZE), roles=wl_roles(edges, nodes), hops=hop_distance(edges, nodes), intimacy=near
    )


def own_share(told: Contexts, labels: Tensor) -> float:
    """The share of nodes in contexts that have the node's own label."""
    return float((labels[told.nodes[:, 1:]] == labels[:, None]).double().mean())


def network(name: str, depth: int, width: int, told: Contexts) -> nn.Module:
    """A network of a kind."""
    blocks = [ARMS[name](width) for _ in range(depth)]
    if name == "propagation in blocks":
        return GraphNetwork(FEATURES, width, CLASSES, blocks)
    return GraphBert(
        FEATURES, width, CLASSES, blocks, [] if name == "features only" else all_embeddings(told, width)
    )  # fmt: skip


def all_embeddings(told: Contexts, width: int) -> list[nn.Module]:
    """Roles, ranks and hops as sinusoids."""
    return [SinusoidEmbedding(what, int(getattr(told, what).max()), width) for what in ("roles", "ranks", "hops")]


def asking(net: nn.Module, question: Question, told: Contexts) -> Ask:
    """What gives logits of nodes: of contexts that of these alone."""
    if isinstance(net, GraphBert):
        return lambda at: net(question.x, told.of(at))
    return lambda at: net(question.operator, question.x)[at]


def fit(net: nn.Module, ask: Ask, question: Question, *, steps: int, rate: float, known: int | None = None) -> Fitted:
    """Train on the nodes with a label, the first `known` of them if given; keep what validates best."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    at, everything, looks = question.parts[0][:known], torch.arange(len(question.x), device=question.x.device), []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * warmup_cosine(step, steps=steps)
        loss = F.cross_entropy(ask(at), question.labels[at])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        if step % EVERY == EVERY - 1 or step == steps - 1:
            with torch.no_grad():
                logits = ask(everything)
            looks.append(shares(logits[None], question)[:, 0])
    found = np.stack(looks)  # (looks, parts)
    with torch.no_grad():
        fitted = float((logits[at].argmax(-1) == question.labels[at]).double().mean())
    best = int(found[:, 1].argmax())
    return Fitted(float(found[best, 1]), float(found[best, 2]), fitted, found[:, 1])


@torch.no_grad()
def quotients(net: nn.Module, question: Question, told: Contexts) -> Numbers:
    """Energy along edges over squared length: of the first block's input and of what comes out of each, (L + 1,)."""
    if isinstance(net, GraphBert):
        states = net.layers(question.x, told)
    else:
        assert isinstance(net, GraphNetwork)
        states = net.states(question.operator, question.x)
    doubles = [state.double() for state in states]
    return np.array([
        (dirichlet_energy(one, question.edges) / one.square().sum().clamp(min=1e-300)).item() for one in doubles
    ])  # fmt: skip
