"""What the noise in a masked language model's gradient is made of: by law of masks, by network, and by proposal."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.words import DIGEST, load_words
from mlblog.lab import Run, experiment
from mlblog.losses.masked import mlm_loss
from mlblog.models.mask_gradients import (
    GradientMoments,
    gradient_moments,
    gradient_norms,
    gradient_variance_decomposition,
    optimal_mask_proposal,
    optimal_shared_proposal,
)
from mlblog.models.mask_proposal import MaskProposalNetwork
from mlblog.models.masked_lm import MaskedLM, MaskedTransformer, Masks, masks_by_coin, masks_of_size
from mlblog.training.schedule import warmup_cosine

Kind = Literal["words", "pairs"]
Network = Literal["dense", "attention"]
PLACES, LETTERS = 8, 26
RATES: dict[Network, float] = {"dense": 1e-2, "attention": 1e-2}
#: Laws of masks: one, two or four of eight letters, or each with 15 %; and on how many words gradients are enumerated.
LAWS = {"one": (masks_of_size(PLACES, 1), 256), "two": (masks_of_size(PLACES, 2), 128),
        "four": (masks_of_size(PLACES, 4), 64), "coin": (masks_by_coin(PLACES, 0.15), 64)}  # fmt: skip
WIDTHS = (16, 128)  # of proposals that are fitted to a network that no longer changes


class Strings(NamedTuple):
    """Letters below 26 as (n, 8) whole numbers."""

    train: Tensor
    validation: Tensor
    test: Tensor


@experiment(smoke={"steps": 2, "fitted": 2, "measured": 2, "words": 60, "width": 8},
            small={"steps": 1_000}, full={"steps": 20_000, "fitted": 20_000, "width": 512}, seeds=3,
            variants=({"network": "attention"},))  # fmt: skip
def mask_parts(run: Run, *, steps: int, fitted: int = 1_500, measured: int = 256, words: int = 9_500, width: int = 64,
               batch: int = 32, network: Network = "dense", seed: int) -> None:  # fmt: skip
    """Train a masked language model for each law of masks, and split the variance of its gradient over unseen words.

    Args:
        run: of the lab.
        steps: training steps of each.
        fitted: steps of the proposals that are fitted to the dense network of one hidden letter, from all its norms.
        measured: unseen words at most, over which the variance is split.
        words: to train on.
        width: of the masked language model; attention has half of it.
        batch: words a step.
        network: three linear layers, or a transformer.
        seed: of weights, words and masks.
    """
    run.uses("words.txt.gz", DIGEST)
    strings = draw_strings("words", 500, run.device)
    for name, (law, most) in run.progress(list(LAWS.items()), "law"):
        masks = Masks(law.hidden.to(run.device), law.p.to(run.device))
        net = _trained(network, strings.train[:words], masks, steps=steps, width=width, batch=batch, seed=seed)
        some = strings.test[: min(most, measured)]
        moments = gradient_moments(net, some, masks.hidden, masks.p, at_once=max(1, 128 // len(masks.p)))
        laws = proposals(net, moments, some, masks)
        sizes = moments.norms.clamp(min=1e-12)
        laws["size alone"] = sizes / sizes.sum(1, keepdim=True)  # the rule without its factor p
        for proposal, q in laws.items():
            parts = gradient_variance_decomposition(moments, masks.p, q)
            run.save(**{f"{proposal} {name}": np.array(parts)})
        joint = (moments.norms @ masks.p.double()).mean().square() - moments.mean
        run.save(**{f"both {name}": float(joint), f"nats {name}": exact_loss(net, strings.test, masks)})
        if name == "one" and isinstance(net, MaskedLM):
            for hidden_width in WIDTHS:
                found = _fitted(net, strings.train[:words], some, masks, moments, hidden_width, fitted, seed)
                run.save(**{f"fitted {hidden_width}": found[0], f"fitted, known words {hidden_width}": found[1]})


def _trained(
    network: Network, words: Tensor, masks: Masks, *, steps: int, width: int, batch: int, seed: int
) -> MaskedLM | MaskedTransformer:
    torch.manual_seed(seed)
    net: MaskedLM | MaskedTransformer
    if network == "dense":
        net = MaskedLM(letters=LETTERS, places=PLACES, width=width)
    else:
        net = MaskedTransformer(letters=LETTERS, places=PLACES, width=width // 2, heads=2, layers=2)
    net = net.to(words.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATES[network], fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATES[network] * warmup_cosine(step, steps=steps)
        some = words[torch.randint(len(words), (batch,), device=words.device)]
        hidden = masks.hidden[torch.multinomial(masks.p, batch, replacement=True)]
        optimizer.zero_grad()
        mlm_loss(net(some, hidden), some, hidden).mean().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    return net


def _fitted(
    net: MaskedLM,
    words: Tensor,
    unseen: Tensor,
    masks: Masks,
    moments: GradientMoments,
    width: int,
    steps: int,
    seed: int,
) -> tuple[float, float]:
    """The mask part that a proposal reaches on unseen words and on its own, over that of p, when the network rests.

    It is given all norms and lowers Σ_M p² ‖g‖² / q itself, which no training along the way could afford.
    """
    torch.manual_seed(seed)
    proposal = MaskProposalNetwork(letters=LETTERS, masks=masks, width=width, share=0.05).to(words.device)
    optimizer = torch.optim.Adam(proposal.parameters(), lr=1e-2, fused=True)
    norms = gradient_norms(net, *every_row(words, masks)).view(len(words), -1)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * warmup_cosine(step, steps=steps)
        rows = torch.randint(len(words), (256,), device=words.device)
        second = (masks.p * norms[rows]).square() / proposal(words[rows]).exp()
        optimizer.zero_grad()
        (second.sum(1).mean() / norms.square().mean()).backward()
        optimizer.step()
    with torch.no_grad():
        own = gradient_moments(net, words[: len(unseen)], masks.hidden, masks.p)
        pairs = [(moments, unseen), (own, words[: len(unseen)])]
        reached = [gradient_variance_decomposition(seen, masks.p, proposal(of).exp()).mask for seen, of in pairs]
        usual = [gradient_variance_decomposition(seen, masks.p, masks.p).mask for seen, _ in pairs]
    return reached[0] / usual[0], reached[1] / usual[1]


def draw_strings(kind: Kind, held: int, device: str) -> Strings:
    """Words of eight letters, or strings that are blank but for two equal letters.

    Of the words, `held` validate, `held` test and the rest train. Of the pairs, there are 28 · 25 = 700; all train,
    and the first `held` also validate and test: they ask how fast something is learned, not how it generalises.
    """
    if kind == "words":
        letters = torch.tensor([[ord(c) - ord("a") for c in word] for word in load_words(longest=8, shortest=8)])
    else:
        where = masks_of_size(PLACES, 2).hidden.long()
        letters = (where[:, None] * torch.arange(1, LETTERS)[:, None]).flatten(0, 1)
    letters = letters[torch.randperm(len(letters), generator=torch.Generator().manual_seed(0))].to(device)
    if kind == "pairs":
        return Strings(letters, letters[:held], letters[:held])
    return Strings(letters[2 * held :], letters[:held], letters[held : 2 * held])


def every_row(words: Tensor, masks: Masks) -> tuple[Tensor, Tensor]:
    """Each word under each mask: words (B M, T) and what is hidden, (B M, T)."""
    return words.repeat_interleave(len(masks.p), 0), masks.hidden.repeat(len(words), 1)


def exact_loss(net: nn.Module, words: Tensor, masks: Masks) -> float:
    """The objective in nats: the mean over all words and, by p, over all masks."""
    with torch.no_grad():
        rows = every_row(words, masks)
        return float((mlm_loss(net(*rows), *rows).view(len(words), -1) @ masks.p).mean())


def proposals(net: nn.Module, moments: GradientMoments, words: Tensor, masks: Masks) -> dict[str, Tensor]:
    """Laws of masks that are known exactly, (N, M) each."""
    rows = every_row(words, masks)
    with torch.no_grad():
        logits, losses = net(*rows), mlm_loss(net(*rows), *rows)
        error = (logits.softmax(-1) - F.one_hot(rows[0], LETTERS)) * rows[1][..., None]
    sizes = {"loss": losses, "logits": error.flatten(1).norm(dim=1)}
    laws = {name: masks.p * size.view(len(words), -1) + 1e-12 for name, size in sizes.items()}
    return {
        "uniform": masks.p.expand(len(words), -1),
        "shared": optimal_shared_proposal(moments, masks.p).expand(len(words), -1),
        **{name: mass / mass.sum(1, keepdim=True) for name, mass in laws.items()},
        "optimum": optimal_mask_proposal(moments, masks.p),
    }
