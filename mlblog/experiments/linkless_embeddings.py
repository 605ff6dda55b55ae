"""Graphs without edges: what each thing that is told of a node's place is worth, by kind of graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.blocks import Blocks, draw_blocks
from mlblog.data.roles import draw_copies, draw_uneven
from mlblog.experiments.graphs import CLASSES, DEGREE, FEATURES, Question, asked
from mlblog.experiments.linkless import HEADS, SIZE, asking, fit
from mlblog.lab import Run, experiment
from mlblog.models.gcn import GraphConvolution, GraphNetwork
from mlblog.models.graph_bert import (
    Contexts,
    GraphBert,
    IntimacyEmbedding,
    SinusoidEmbedding,
    TableEmbedding,
    linkless_contexts,
    mean_state,
    own_state,
)
from mlblog.models.transformer import EncoderBlock
from mlblog.numerics.intimacy import hop_distance, intimacy_matrix, nearest_contexts, wl_roles

RATES = (3e-3, 1e-2)
RATES_OF_CONVOLUTIONS = (1e-2, 3e-2)
DEPTH = 2
#: Kinds of graphs, with the number of classes.
GRAPHS: list[Any] = ["communities", "two sides", "copies", "degrees"]
COUNTS = {"communities": CLASSES, "two sides": 2, "copies": 4, "degrees": 3}


class Arm(NamedTuple):
    """What a network is told.

    Attributes:
        told: embeddings: of roles, ranks and hops as sinusoids, or of another kind by its name in `embedding`.
        context: who is in it: the nearest by intimacy or by hops, anyone by chance, or nobody.
        fuse: what is read in the end.
    """

    told: tuple[str, ...] = ()
    context: str = "intimacy"
    fuse: Callable[[Tensor], Tensor] = mean_state


ARMS = {
    "nothing": Arm(),
    "role": Arm(("roles",)),
    "rank": Arm(("ranks",)),
    "hop": Arm(("hops",)),
    "role, rank": Arm(("roles", "ranks")),
    "role, hop": Arm(("roles", "hops")),
    "rank, hop": Arm(("ranks", "hops")),
    "all": Arm(("roles", "ranks", "hops")),
    "all, roles shuffled": Arm(("shuffled", "ranks", "hops")),
    "all, roles by table": Arm(("table", "ranks", "hops")),
    "nothing, own state": Arm(fuse=own_state),
    "all, own state": Arm(("roles", "ranks", "hops"), fuse=own_state),
    "intimacy": Arm(("intimacy",)),
    "nearest by hops": Arm(context="hops"),
    "anyone": Arm(context="anyone"),
    "anyone, all": Arm(("roles", "ranks", "hops"), context="anyone"),
    "alone": Arm(context="nobody"),
    "alone, role": Arm(("roles",), context="nobody"),
    "alone, role shuffled": Arm(("shuffled",), context="nobody"),
    "alone, role by table": Arm(("table",), context="nobody"),
}
#: Names of all.
KINDS: list[Any] = [
    "nothing",
    "role",
    "rank",
    "hop",
    "role, rank",
    "role, hop",
    "rank, hop",
    "all",
    "all, roles shuffled",
    "all, roles by table",
    "nothing, own state",
    "all, own state",
    "intimacy",
    "nearest by hops",
    "anyone",
    "anyone, all",
    "alone",
    "alone, role",
    "alone, role shuffled",
    "alone, role by table",
]


@experiment(
    smoke={"steps": 4, "nodes": 160, "width": 4, "arms": KINDS, "graphs": ["communities", "degrees"], "sizes": [3]},
    small={"steps": 150, "arms": KINDS, "graphs": GRAPHS, "sizes": [3, 15, 31, 63]},
    full={"steps": 2_000, "nodes": 2_700, "width": 64, "arms": KINDS, "graphs": GRAPHS, "sizes": [3, 15, 31, 63]},
    seeds=5,
)
def linkless_embeddings(
    run: Run,
    *,
    steps: int,
    arms: list[str],
    graphs: list[str],
    sizes: list[int],
    nodes: int = 300,
    width: int = 32,
    seed: int,
) -> None:
    """Train with each set of embeddings and each kind of context at each rate; score what validates best.

    Args:
        run: of the lab.
        steps: of Adam, on all nodes with a label each.
        arms: names of `ARMS`.
        graphs: names in `GRAPHS`.
        sizes: of other contexts, on the first graph, with features only.
        nodes: of each graph.
        width: hidden units.
        seed: of graphs, of labels and of weights.
    """
    for graph in run.progress(graphs, "train"):
        rng = np.random.default_rng([seed, GRAPHS.index(graph)])
        question = asked(draw_graph(graph, nodes, rng), run.device)
        contexts = {kind: contexts_of(kind, question, rng) for kind in ("intimacy", "hops", "anyone", "nobody")}
        shuffled = torch.from_numpy(rng.permutation(nodes)).to(run.device)
        roles = int(contexts["intimacy"].roles.max()) + 1
        largest = torch.bincount(question.labels[question.parts[2]]).max() / len(question.parts[2])
        run.save(**{f"roles {graph}": roles, f"chance {graph}": float(largest),
                    f"tied {graph}": same_hops(contexts["intimacy"])})  # fmt: skip
        for name in arms:
            told = contexts[ARMS[name].context]

            def made(told: Contexts = told, name: str = name, graph: str = graph,
                     shuffled: Tensor = shuffled) -> nn.Module:  # fmt: skip
                parts = [embedding(what, told, width, shuffled) for what in ARMS[name].told]
                blocks = [EncoderBlock(width, HEADS, 2 * width) for _ in range(DEPTH)]
                return GraphBert(FEATURES, width, COUNTS[graph], blocks, parts, fuse=ARMS[name].fuse)

            best(run, f"{graph}: {name}", made, question, told, steps, seed)

        def convolutions(graph: str = graph) -> nn.Module:
            layers = [GraphConvolution(width) for _ in range(DEPTH)]
            return GraphNetwork(FEATURES, width, COUNTS[graph], layers)

        best(run, f"{graph}: GCN", convolutions, question, contexts["nobody"], steps, seed, RATES_OF_CONVOLUTIONS)
        for size in sizes if graph == "communities" else ():
            larger = contexts_of("intimacy", question, rng, size)

            def features_only() -> nn.Module:
                blocks = [EncoderBlock(width, HEADS, 2 * width) for _ in range(DEPTH)]
                return GraphBert(FEATURES, width, CLASSES, blocks, [])

            best(run, f"{graph}: {size} others", features_only, question, larger, steps, seed)


def best(
    run: Run, name: str, made: Any, question: Question, told: Contexts, steps: int, seed: int,
    rates: tuple[float, ...] = RATES,
) -> None:  # fmt: skip
    """Save scores of the rate that validates best."""
    found = []
    for rate in rates:
        torch.manual_seed(seed)
        net = made().to(run.device)
        found.append(fit(net, asking(net, question, told), question, steps=steps, rate=rate))
    chosen = max(range(len(rates)), key=lambda place: found[place].validation)
    run.save(**{f"right {name}": found[chosen].right, f"validation {name}": found[chosen].validation,
                f"fitted {name}": found[chosen].fitted, f"rate {name}": rates[chosen],
                f"curve {name}": found[chosen].curve})  # fmt: skip


def draw_graph(kind: str, nodes: int, rng: np.random.Generator) -> Blocks:
    """A graph: communities; two sides of which edges join one with the other; copies of trees; unequal degrees."""
    if kind == "communities":
        return draw_blocks(
            nodes, classes=CLASSES, degree=DEGREE, homophily=0.7, features=FEATURES, signal=1.0, rng=rng
        )  # fmt: skip
    if kind == "two sides":
        return draw_blocks(nodes, classes=2, degree=3.0, homophily=0.0, features=FEATURES, signal=2.0, rng=rng)
    if kind == "copies":
        return draw_copies(nodes, size=10, shapes=2, classes=4, features=FEATURES, rng=rng)
    return draw_uneven(nodes, degree=DEGREE, spread=0.6, classes=3, features=FEATURES, rng=rng)


def contexts_of(kind: str, question: Question, rng: np.random.Generator, size: int = SIZE) -> Contexts:
    """Contexts of a kind; those not chosen by intimacy are ranked by it as well."""
    edges, nodes = question.edges, len(question.x)
    near, hops = intimacy_matrix(edges, nodes), hop_distance(edges, nodes)
    chance = torch.from_numpy(rng.random((nodes, nodes))).to(near)
    scores = {"intimacy": near, "nobody": near, "anyone": chance, "hops": chance - hops}[kind]
    others = nearest_contexts(scores, 0 if kind == "nobody" else size)
    by_rank = near.gather(1, others).argsort(dim=1, descending=True, stable=True)
    return linkless_contexts(others.gather(1, by_rank), roles=wl_roles(edges, nodes), hops=hops, intimacy=near)


def same_hops(told: Contexts) -> float:
    """The share of pairs next to each other in rank, of nodes in one context, that are equally many hops away."""
    return float((told.hops[:, 2:] == told.hops[:, 1:-1]).double().mean())


class Shuffled(nn.Module):
    """Sinusoids of roles whose numbers are exchanged: the same codes, in another order."""

    numbers: Tensor

    def __init__(self, most: int, width: int, order: Tensor) -> None:
        super().__init__()
        self.embed = SinusoidEmbedding("roles", most, width)
        kept = order[order <= most]  # a permutation of the numbers that there are
        self.register_buffer("numbers", kept)

    def forward(self, contexts: Contexts) -> Tensor:
        """(B, k + 1, H)."""
        found: Tensor = self.embed(contexts._replace(roles=self.numbers[contexts.roles]))
        return found


def embedding(what: str, told: Contexts, width: int, shuffled: Tensor) -> nn.Module:
    """By its name."""
    if what == "intimacy":
        return IntimacyEmbedding(width)
    if what in ("shuffled", "table"):
        most = int(told.roles.max())
        return TableEmbedding("roles", most, width) if what == "table" else Shuffled(most, width, shuffled)
    return SinusoidEmbedding(what, int(getattr(told, what).max()), width)
