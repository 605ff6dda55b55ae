"""What a masked language model is shown and asked: most of the chosen letters hidden, some replaced, some left.

Dimensions: T places, V letters; any axes before them, such as a batch of strings.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Corrupted(NamedTuple):
    """Strings as a network sees them, and where it is asked.

    Attributes:
        shown: (…, T) letters; V is the mask.
        asked: (…, T) boolean, true where the network must name the letter.
    """

    shown: Tensor
    asked: Tensor


class MLMCollator:
    """Choose letters to ask for, and show something in their place.

    Each letter is chosen with probability `rate`. A chosen one becomes the mask with probability `masked`, and a letter
    drawn from all V with probability `other`; else it is left as it is.

    Args:
        letters: V.
        rate: probability of asking for a letter.
        masked: probability of the mask where the network is asked.
        other: probability of a random letter there.

    Raises:
        ValueError: a rate outside (0, 1], or two probabilities that are negative or add up to more than 1.

    Example:
        >>> collate = MLMCollator(letters=4, rate=1.0, masked=1.0, other=0.0)
        >>> collate(torch.tensor([[0, 3, 1]])).shown.tolist()
        [[4, 4, 4]]

    References:
        [devlin2019bert], section 3.1 and appendix A.1: 15 %, and of these 80 %, 10 % and 10 %.
    """

    def __init__(self, *, letters: int, rate: float = 0.15, masked: float = 0.8, other: float = 0.1) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"a rate in (0, 1] expected, given {rate}")
        if min(masked, other) < 0 or masked + other > 1 + 1e-9:
            raise ValueError(f"shares that add up to 1 at most expected, given {masked} masks and {other} others")
        self.letters, self.rate, self.masked, self.other = letters, rate, masked, other

    def __call__(self, words: Tensor, generator: torch.Generator | None = None) -> Corrupted:
        """(…, T) letters to what is shown and asked; a string may be asked nothing."""
        asked = torch.rand(words.shape, device=words.device, generator=generator) < self.rate
        return self.show(words, asked, generator)

    def show(self, words: Tensor, asked: Tensor, generator: torch.Generator | None = None) -> Corrupted:
        """The same for letters that are chosen already."""
        fate = torch.rand(words.shape, device=words.device, generator=generator)
        drawn = torch.randint(self.letters, words.shape, device=words.device, generator=generator)
        shown = torch.where(fate < self.masked + self.other, drawn, words).masked_fill(fate < self.masked, self.letters)
        return Corrupted(torch.where(asked, shown, words), asked)

    def law(self, words: Tensor) -> Tensor:
        """The probability of each symbol in place of a letter that is asked for, (…, T, V + 1)."""
        itself = F.one_hot(words, self.letters + 1).to(torch.get_default_dtype())
        law = (1 - self.masked - self.other) * itself
        law[..., : self.letters] += self.other / self.letters
        law[..., self.letters] += self.masked
        return law
