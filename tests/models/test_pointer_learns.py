"""Network, loss and beam together: a few words are learnt by heart."""

import torch

from mlblog.data.anagrams import decode, encode
from mlblog.losses.pointer import letter_nll
from mlblog.models.pointer import PointerTransformer
from mlblog.models.spelling import spell_by_letters


def test_a_few_words_are_learnt_by_heart() -> None:
    torch.manual_seed(0)
    words = ["letter", "banana", "pepper", "orange", "silver", "window", "garden"]
    net = PointerTransformer(width=32, heads=4, layers=1, hidden=64)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    batch = encode(words)
    for _ in range(60):
        loss = letter_nll(net(batch.letters, batch.words), batch.letters, batch.words).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        found = spell_by_letters(net.eval(), batch.letters, width=3)
    assert decode(found.symbols[:, 0]) == words
    assert (found.log_probs[:, 0].exp() > 0.9).all()
    assert loss.detach() < 0.05
