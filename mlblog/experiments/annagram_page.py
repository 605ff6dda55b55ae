"""The network of the anagrams once more, kept with its weights: readers spell with it on the page."""

from __future__ import annotations

import torch
from torch import Tensor

from mlblog.data.anagrams import Batch, Batches, by_length, encode, split
from mlblog.data.words import DIGEST, load_words
from mlblog.experiments.annagram import BEAM, EXAMPLES, SMOKE, scores
from mlblog.lab import Run, experiment
from mlblog.losses.pointer import letter_nll
from mlblog.models.pointer import PointerTransformer
from mlblog.models.spelling import spell_by_letters
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train


@experiment(
    smoke={"longest": 4, "steps": 20, "letters": 256, **SMOKE},
    small={"longest": 6, "steps": 6_000},
    full={"longest": 6, "steps": 6_000},  # as small: a page has no room for a larger one
    seeds=1,  # readers get one network
)
def anagram_page(
    run: Run,
    *,
    longest: int,
    steps: int,
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    hidden: int = 128,
    letters: int = 1_024,
    rate: float = 5e-3,
    dropout: float = 0.2,
    seed: int,
) -> None:
    """Train the network of `anagram_solver` with the same numbers, and keep it as the model `speller`.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        steps: training steps, at most: it ends when the validation loss has not fallen for a fifth of them.
        width: D of the network, which is a `PointerTransformer`; so are the parameters not named here.
        heads: attention heads.
        layers: blocks of the encoder and of the decoder.
        hidden: width of the feed-forward layers.
        letters: letters per batch.
        rate: peak learning rate.
        dropout: rate in the residual branches.
        seed: of the initial weights and the order of the words.
    """
    run.uses("words.txt.gz", DIGEST)
    parts = split(load_words(longest=longest), unseen=EXAMPLES)
    data, held = (
        {length: encode(words).to(run.device) for length, words in by_length(part).items()}
        for part in (parts.train, parts.validation)
    )
    net = PointerTransformer(width=width, heads=heads, layers=layers, hidden=hidden, dropout=dropout).to(run.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    sampler = Batches(data, letters=letters, seed=seed)

    def nats(batch: Batch) -> Tensor:
        return letter_nll(net(batch.letters, batch.words), batch.letters, batch.words)

    train(
        run, net, lambda _: nats(next(sampler)).mean(), optimizer, steps=steps, every=max(1, steps // 50), clip=1.0,
        rate=lambda step: rate * warmup_cosine(step, steps=steps), sampler=sampler, patience=10,
        validate=lambda: float(torch.cat([nats(batch).flatten() for batch in held.values()]).mean()),
    )  # fmt: skip
    with torch.inference_mode():
        found = scores(parts.test, lambda asked: spell_by_letters(net, asked, width=BEAM), run.device)
        run.save(
            exact=found["exact"],
            exact_at_5=found["exact_at_5"],
            parameters=sum(parameter.numel() for parameter in net.parameters()),
        )
    asked, words = encode(["fire", "free"])
    run.save_model(net, {"letters": asked, "words": words[:, :3]}, name="speller", outputs=("scores",))
