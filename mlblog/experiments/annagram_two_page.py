"""The network of letter sets once more, kept with its weights: readers watch its keys while it spells."""

from __future__ import annotations

import torch
from torch import Tensor

from mlblog.data.keys import encode_pairs, encode_texts
from mlblog.data.letter_sets import set_of, sets, split_by_set
from mlblog.data.words import DIGEST, load_words
from mlblog.experiments.annagram import BEAM, SMOKE
from mlblog.experiments.annagram_two import EXAMPLES, set_scores, train_speller
from mlblog.lab import Run, experiment
from mlblog.models.pointer_keys import KeyPointer
from mlblog.models.spelling_keys import anything, key_steps, spell_keys


class LetterSetPointer(KeyPointer):
    """A `KeyPointer` whose letters stay, in a form that can be traced: `len` of a tensor would fix the batch."""

    def closed(self, keys: Tensor, prefix: Tensor) -> Tensor:
        """No key is ever closed: (B, N), (B, T) to (B, T + 1, N)."""
        return (keys[:, None] < 0).expand(-1, prefix.shape[1] + 1, -1)


@experiment(
    smoke={"longest": 4, "steps": 10, "keys": 256, **SMOKE},
    small={"longest": 8, "steps": 400},
    full={"longest": 8, "steps": 400},  # as small: readers get the network that the post is on
    seeds=1,  # readers get one network
)
def letter_set_page(
    run: Run,
    *,
    longest: int,
    steps: int,
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    hidden: int = 128,
    keys: int = 1_024,
    rate: float = 5e-3,
    dropout: float = 0.0,
    seed: int,
) -> None:
    """Train the network of `anagram_letter_sets` with the same numbers, and keep it as the model `keys`.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        steps: training steps.
        width: D of the network, which is a `KeyPointer`; so are the parameters not named here.
        heads: attention heads.
        layers: blocks of the encoder and of the decoder.
        hidden: width of the feed-forward layers.
        keys: keys per batch.
        rate: peak learning rate.
        dropout: rate in the residual branches.
        seed: of the initial weights and the order of the words.
    """
    run.uses("words.txt.gz", DIGEST)
    parts = split_by_set(load_words(longest=longest), unseen=EXAMPLES)
    net = LetterSetPointer(width=width, heads=heads, layers=layers, hidden=hidden, dropout=dropout, reuse=True)
    data, held = (
        encode_pairs((set_of(word), word) for word in part) for part in (parts.train, parts.validation[:1_000])
    )
    train_speller(run, net.to(run.device), data, held, keys=keys, steps=steps, rate=rate, seed=seed)
    with torch.inference_mode():
        found = set_scores(
            parts.test,
            lambda rows: spell_keys(key_steps(net, rows), anything, rows, length=longest + 1, width=BEAM),
            run.device,
        )
    run.save(
        lawful=found["lawful"],
        valid=found["valid"],
        sets=len(sets(parts.test)),
        parameters=sum(parameter.numel() for parameter in net.parameters()),
    )
    words = ("knitting", "tiger")
    example = {"keys": encode_texts([set_of(word) for word in words]), "answers": encode_texts(words)}
    run.save_model(net, example, name="keys", outputs=("scores",))
