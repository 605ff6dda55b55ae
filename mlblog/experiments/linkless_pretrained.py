"""Graphs without edges: what training before there are labels is worth, by how many labels there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.experiments.graphs import CLASSES, FEATURES, Question, asked
from mlblog.experiments.linkless import HEADS, Fitted, all_contexts, all_embeddings, asking, draw_graph, fit
from mlblog.lab import Run, experiment
from mlblog.losses.graphs import attribute_loss, context_prediction_loss, structure_loss
from mlblog.models.gcn import GraphConvolution, GraphNetwork
from mlblog.models.graph_bert import Contexts, GraphBert
from mlblog.models.transformer import EncoderBlock
from mlblog.numerics.intimacy import context_means, intimacy_matrix
from mlblog.training.schedule import warmup_cosine

#: With labels: whether all but the last map stays as it is, and the rate.
SETTINGS = ((False, 1e-3), (False, 3e-3), (True, 3e-2))
RATES_OF_CONVOLUTIONS = (3e-3, 1e-2, 3e-2)
BEFORE = 3e-3  # the rate of training without labels
DEPTH = 2
#: Nodes with a label; classes take turns.
LABELS = (4, 12, 40)
#: Embeddings of a node's place: roles, ranks and hops, or none.
PLACES = ("all", "features only")
KINDS: list[Any] = ["none", "none, longer", "attributes", "structure", "both", "context"]


@experiment(
    smoke={"steps": 4, "nodes": 160, "width": 4, "kinds": KINDS},
    small={"steps": 150, "kinds": KINDS},
    full={"steps": 2_000, "nodes": 2_700, "width": 64, "kinds": KINDS},
    seeds=5,
)
def linkless_pretraining(
    run: Run, *, steps: int, kinds: list[str], nodes: int = 300, width: int = 32, seed: int
) -> None:
    """Train without labels in each way, then with few; score what validates best.

    Args:
        run: of the lab.
        steps: of Adam, without labels on all nodes and with labels on those that have one; “longer” has both in one.
        kinds: of training without labels.
        nodes: of the graph.
        width: hidden units.
        seed: of the graph, the features and the weights.
    """
    question = asked(draw_graph(nodes, np.random.default_rng(seed)), run.device)
    told, near = all_contexts(question.edges, nodes), targets(question.edges, nodes)
    means = context_means(question.edges, nodes, inner=1, outer=2, anchors=1).float()
    run.save(labels=np.array(LABELS))
    for kind, places in run.progress([(kind, places) for places in PLACES for kind in kinds], "train"):
        torch.manual_seed(seed)
        net, name = made(told, width, places).to(run.device), f"{kind}: {places}"
        first, losses = own_nearest(net, question, told), []
        if kind in LOSSES:
            losses = without_labels(kind, net, question, told, near, means, steps)
            run.save(**{f"loss {name}": np.array([losses[0], losses[-1]])})
        run.save(**{f"nearest {name}": np.array([first, own_nearest(net, question, told)])})
        found: list[Fitted] = []
        for known in LABELS:
            tried = []
            for frozen, rate in SETTINGS:
                torch.manual_seed(seed)
                tuned = made(told, width, places)
                tuned.load_state_dict(net.state_dict())
                tuned.readout = nn.Linear(width, CLASSES)
                tuned.requires_grad_(not frozen).readout.requires_grad_(True)
                tuned.to(run.device)
                longer = 2 * steps if kind == "none, longer" else steps
                tried.append(fit(tuned, asking(tuned, question, told), question, steps=longer, rate=rate, known=known))
            found.append(max(tried, key=lambda one: one.validation))
        run.save(**{f"fewest {name}": found[0].right})
        for score in ("validation", "right", "fitted"):
            run.save(**{f"{score} {name}": np.array([getattr(one, score) for one in found])})
    run.save(**{"right GCN": np.array([of_convolutions(question, told, width, steps, known, seed)
                                       for known in LABELS])})  # fmt: skip


def of_convolutions(question: Question, told: Contexts, width: int, steps: int, known: int, seed: int) -> float:
    """What a graph convolutional network of as many layers gets right from as few labels, at its best rate."""
    tried = []
    for rate in RATES_OF_CONVOLUTIONS:
        torch.manual_seed(seed)
        net = GraphNetwork(FEATURES, width, CLASSES, [GraphConvolution(width) for _ in range(DEPTH)])
        net.to(question.x.device)
        tried.append(fit(net, asking(net, question, told), question, steps=2 * steps, rate=rate, known=known))
    return max(tried, key=lambda one: one.validation).right


def made(told: Contexts, width: int, places: str) -> GraphBert:
    """A network that reconstructs features."""
    blocks = [EncoderBlock(width, HEADS, 2 * width) for _ in range(DEPTH)]
    return GraphBert(FEATURES, width, FEATURES, blocks, all_embeddings(told, width) if places == "all" else [])


def targets(edges: Tensor, nodes: int) -> Tensor:
    """Intimacy that cosines can be compared with: the largest of the others in each row is 1."""
    near = intimacy_matrix(edges, nodes)
    others = near.masked_fill(torch.eye(nodes, dtype=torch.bool, device=near.device), 0.0)
    scaled = others / others.amax(1, keepdim=True).clamp(min=1e-12)
    return scaled.float()


#: What is minimised without labels: losses of Graph-BERT's, both of them, and that of contexts.
LOSSES = ("attributes", "structure", "both", "context")


def without_labels(
    kind: str, net: GraphBert, question: Question, told: Contexts, near: Tensor, means: Tensor, steps: int
) -> list[float]:
    """Train on all nodes; return the loss before each step."""
    width = net.encoder.out_features
    around = nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU()).to(question.x.device)
    read = nn.Linear(width, width).to(question.x.device)
    weights = [*net.parameters(), *around.parameters(), *read.parameters()]
    optimizer, losses = torch.optim.AdamW(weights, lr=BEFORE, weight_decay=0.0), []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = BEFORE * warmup_cosine(step, steps=steps)
        states = net.states(question.x, told)
        each = torch.zeros(len(states), device=states.device)
        if kind in ("attributes", "both"):
            each = each + attribute_loss(net.readout(states), question.x)
        if kind in ("structure", "both"):
            each = each + structure_loss(states, near)
        if kind == "context":
            contexts = read(means @ around(question.x))
            each = each + context_prediction_loss(states, contexts, contexts[torch.randperm(len(states))][:, None])
        optimizer.zero_grad()
        each.mean().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        losses.append(each.mean().item())
    return losses


@torch.no_grad()
def own_nearest(net: GraphBert, question: Question, told: Contexts) -> float:
    """The share of nodes of which the nearest other, by the cosine of states, has the same label."""
    unit = F.normalize(net.states(question.x, told), dim=-1)
    cosines = (unit @ unit.T).fill_diagonal_(-torch.inf)
    return float((question.labels[cosines.argmax(1)] == question.labels).double().mean())
