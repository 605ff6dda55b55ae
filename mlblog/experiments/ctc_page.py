"""The reader of tones once more, kept with its weights: readers ask it about labels, and silence frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.data.tones import FEATURES, TONES, make_tones
from mlblog.lab import Run, experiment
from mlblog.losses.ctc import ctc_loss
from mlblog.training.trainer import train


class ToneNet(nn.Module):
    """The network of `tone_reader`, with the axes as sounds have them.

    Args:
        width: channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(FEATURES, width, 5, padding=2),
            nn.SiLU(),
            nn.Conv1d(width, width, 5, padding=2),
            nn.SiLU(),
            nn.Conv1d(width, TONES + 1, 1),
        )

    def forward(self, sound: Tensor) -> Tensor:
        """Sound (B, T, F) to log-probabilities (B, T, K) of the blank and the tones."""
        log_probs: Tensor = self.layers(sound.transpose(1, 2)).transpose(1, 2).log_softmax(-1)
        return log_probs


@experiment(
    smoke={"steps": 4, "examples": 32, "asked": 12},
    small={"steps": 1_000},
    full={"steps": 1_000},  # as small: readers get the network that the post is on
    seeds=1,  # readers get one network
)
def tone_page(
    run: Run, *, steps: int, examples: int = 4_000, asked: int = 200, width: int = 48, batch: int = 32, seed: int
) -> None:
    """Train the network of `tone_reader` on labels with the same numbers, and keep it as the model `reader`.

    Args:
        run: of the lab.
        steps: training steps.
        examples: sequences to train on.
        asked: sequences whose labels are scored.
        width: channels of the net.
        batch: sequences a step.
        seed: of weights, order and tones.
    """
    known, unseen = make_tones(examples, seed=1_000 + seed), make_tones(asked, seed=2_000 + seed)
    sound, _, labels, frames, lengths = (torch.from_numpy(part).to(run.device) for part in known)
    net = ToneNet(width).to(run.device)

    def loss(_: int) -> Tensor:
        rows = torch.randint(examples, (batch,), device=run.device)
        log_probs = net(sound[rows]).transpose(0, 1)
        return (ctc_loss(log_probs, labels[rows], frames[rows], lengths[rows]) / lengths[rows]).mean()

    train(run, net, loss, torch.optim.AdamW(net.parameters(), lr=3e-3), steps=steps, every=20)
    sounds = [torch.from_numpy(one[:count]) for one, count in zip(unseen.sound, unseen.frames, strict=True)]
    with torch.inference_mode():
        each = [net(one[None].to(run.device))[0].cpu() for one in sounds]
        read = nn.utils.rnn.pad_sequence(each, padding_value=-torch.inf)  # (T, B, K)
        nats = ctc_loss(read, *map(torch.from_numpy, unseen[2:]))
    run.save(
        probabilities=read.transpose(0, 1).exp().numpy(),
        nats=(nats / torch.from_numpy(unseen.lengths)).double().numpy(),
    )
    run.save_model(net, {"sound": sounds[0][None]}, name="reader", outputs=("log_probs",))
