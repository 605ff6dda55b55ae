"""What the experiments on graphs without edges measure, counted again in other ways."""

from __future__ import annotations

from itertools import pairwise

import networkx
import numpy as np
import pytest
import torch
from torch import nn

from mlblog.experiments.graphs import Question, asked
from mlblog.experiments.linkless import (
    ARMS,
    KINDS,
    all_contexts,
    asking,
    draw_graph,
    fit,
    network,
    own_share,
    quotients,
)
from mlblog.experiments.linkless_embeddings import ARMS as TOLD
from mlblog.experiments.linkless_embeddings import GRAPHS, Shuffled, contexts_of, embedding, same_hops
from mlblog.experiments.linkless_embeddings import KINDS as SETS
from mlblog.experiments.linkless_embeddings import draw_graph as draw_kind
from mlblog.experiments.linkless_pretrained import made, own_nearest, targets, without_labels
from mlblog.models.graph_bert import SinusoidEmbedding
from mlblog.numerics.intimacy import context_means, intimacy_matrix

NODES, WIDTH = 160, 8
DRAWN = draw_graph(NODES, np.random.default_rng(3))
QUESTION = asked(DRAWN, "cpu")
CONTEXTS = all_contexts(QUESTION.edges, NODES)
GRAPH = networkx.empty_graph(NODES)
GRAPH.add_edges_from(DRAWN.edges.tolist())


def test_every_network_has_a_name() -> None:
    assert [*ARMS] == KINDS
    assert [*TOLD] == SETS


def test_shares_of_own_labels_are_counted_pair_by_pair() -> None:
    pairs = [DRAWN.labels[i] == DRAWN.labels[j] for i, row in enumerate(CONTEXTS.nodes.tolist()) for j in row[1:]]
    assert own_share(CONTEXTS, QUESTION.labels) == pytest.approx(np.mean(pairs))
    tied = [a == b for row in CONTEXTS.hops.tolist() for a, b in pairwise(row[1:])]
    assert same_hops(CONTEXTS) == pytest.approx(np.mean(tied))


@pytest.mark.parametrize("name", KINDS)
def test_quotients_are_those_of_dense_matrices(name: str) -> None:
    torch.manual_seed(0)
    net = network(name, 3, WIDTH, CONTEXTS)
    found = quotients(net, QUESTION, CONTEXTS)
    assert len(found) == 4
    last: list[torch.Tensor] = []
    net.readout.register_forward_hook(lambda _, given, __: last.append(given[0]))  # type: ignore[union-attr]
    asking(net, QUESTION, CONTEXTS)(torch.arange(NODES))
    z = last[0].detach().double().numpy()
    a = networkx.to_numpy_array(GRAPH) + np.eye(NODES)
    smoothed = a / np.sqrt(np.outer(a.sum(1), a.sum(1)))
    assert found[-1] == pytest.approx(np.trace(z.T @ (z - smoothed @ z)) / (z**2).sum(), rel=1e-4)


@pytest.mark.parametrize("name", KINDS)
def test_logits_of_some_nodes_are_those_among_all(name: str) -> None:
    ask = asking(network(name, 2, WIDTH, CONTEXTS), QUESTION, CONTEXTS)
    some = torch.tensor([9, 2, 77])
    torch.testing.assert_close(ask(some), ask(torch.arange(NODES))[some])


def test_contexts_of_a_kind_have_whom_they_should() -> None:
    rng = np.random.default_rng(0)
    paths = dict(networkx.all_pairs_shortest_path_length(GRAPH))
    near = intimacy_matrix(QUESTION.edges, NODES)
    hops = contexts_of("hops", QUESTION, rng)
    for i, row in enumerate(hops.nodes.tolist()):
        closest = sorted(paths[i].get(j, NODES) for j in range(NODES) if j != i)[:7]
        assert sorted(paths[i].get(j, NODES) for j in row[1:]) == closest
        ranked = [near[i, j].item() for j in row[1:]]
        assert ranked == sorted(ranked, reverse=True)
    anyone = contexts_of("anyone", QUESTION, rng)
    assert np.mean([paths[i].get(j, NODES) == 1 for i, row in enumerate(anyone.nodes.tolist()) for j in row[1:]]) < 0.15
    assert contexts_of("nobody", QUESTION, rng).nodes.tolist() == [[i] for i in range(NODES)]
    assert contexts_of("intimacy", QUESTION, rng, 3).nodes.shape == (NODES, 4)


def test_shuffled_roles_have_the_same_codes_in_another_order() -> None:
    most = int(CONTEXTS.roles.max())
    order = torch.from_numpy(np.random.default_rng(1).permutation(NODES))
    found, plain = Shuffled(most, WIDTH, order)(CONTEXTS), SinusoidEmbedding("roles", most, WIDTH)(CONTEXTS)
    assert not torch.equal(found, plain)
    by_role = {int(role): code for role, code in zip(CONTEXTS.roles.flatten(), found.flatten(0, 1), strict=True)}
    assert len({tuple(code.tolist()) for code in by_role.values()}) == most + 1
    sorted_codes = [sorted(map(tuple, some.flatten(0, 1).unique(dim=0).tolist())) for some in (found, plain)]
    assert sorted_codes[0] == sorted_codes[1]


@pytest.mark.parametrize("kind", GRAPHS)
def test_each_kind_of_graph_can_be_asked_about(kind: str) -> None:
    question = asked(draw_kind(kind, NODES, np.random.default_rng(0)), "cpu")
    told = contexts_of("intimacy", question, np.random.default_rng(0))
    for what in ("roles", "ranks", "hops", "shuffled", "table", "intimacy"):
        found = embedding(what, told, WIDTH, torch.arange(NODES).flip(0))(told)
        assert found.shape == (NODES, 8, WIDTH)
        assert found.isfinite().all()


def test_what_counts_is_the_look_that_validates_best() -> None:
    """A network that is set by the look, not by training: right at the second look, wrong else."""
    looks = 0

    class Planned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.none = nn.Parameter(torch.zeros(()))

        def forward(self, at: torch.Tensor) -> torch.Tensor:
            nonlocal looks
            looks += len(at) == NODES
            right = nn.functional.one_hot(QUESTION.labels[at], 4).float()
            return (right if looks == 2 else 1 - right) + self.none

    net = Planned()
    found = fit(net, net, QUESTION, steps=35, rate=0.1)
    assert found.curve.tolist() == [0, 1, 0, 0]
    assert (found.validation, found.right, found.fitted) == (1, 1, 0)


def test_contexts_teach_communities() -> None:
    net = network("features only", 2, 16, CONTEXTS)
    found = fit(net, asking(net, QUESTION, CONTEXTS), QUESTION, steps=80, rate=3e-3)
    assert found.fitted == 1
    assert found.validation > 0.5


@pytest.mark.parametrize("kind", ["attributes", "structure", "both", "context"])
def test_training_without_labels_lowers_its_loss_and_sees_none(kind: str) -> None:
    near = targets(QUESTION.edges, NODES)
    means = context_means(QUESTION.edges, NODES, inner=1, outer=2, anchors=1).float()
    other = Question(*(QUESTION._replace(labels=QUESTION.labels.flip(0))))
    runs = []
    for question in (QUESTION, other):
        torch.manual_seed(0)
        net = made(CONTEXTS, WIDTH, "all")
        runs.append(without_labels(kind, net, question, CONTEXTS, near, means, 30))
    assert runs[0] == runs[1]
    assert runs[0][-1] < 0.95 * runs[0][0]


def test_targets_are_intimacy_over_the_nearest_other() -> None:
    found = targets(QUESTION.edges, NODES)
    assert found.amax(1).tolist() == [1] * NODES
    assert found.diagonal().abs().max() == 0
    assert torch.equal(found.argmax(1), CONTEXTS.nodes[:, 1])


def test_nearest_states_are_found_by_enumeration() -> None:
    torch.manual_seed(0)
    net = made(CONTEXTS, WIDTH, "all")
    z = net.states(QUESTION.x, CONTEXTS).detach().double().numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    right = [DRAWN.labels[max((j for j in range(NODES) if j != i), key=lambda j: z[i] @ z[j])] == DRAWN.labels[i]
             for i in range(NODES)]  # fmt: skip
    assert own_nearest(net, QUESTION, CONTEXTS) == pytest.approx(np.mean(right))
