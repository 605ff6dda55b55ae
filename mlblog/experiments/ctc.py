"""Reading tones with connectionist temporal classification, and with frames labelled by hand instead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.classical.edit_distance import edit_distance
from mlblog.data.tones import FEATURES, TONES, make_tones
from mlblog.lab import Run, experiment
from mlblog.losses.ctc import collapse, ctc_loss
from mlblog.losses.ctc_decode import ctc_prefix_beam
from mlblog.training.trainer import train


@experiment(
    smoke={"steps": 4, "examples": 32, "asked": 12},
    small={"steps": 1_000},
    full={"steps": 6_000, "examples": 40_000, "asked": 4_000, "width": 256},
    seeds=3,
    variants=({"target": "frames"},),
)
def tone_reader(
    run: Run,
    *,
    steps: int,
    examples: int = 4_000,
    asked: int = 400,
    width: int = 48,
    batch: int = 32,
    target: Literal["label", "frames"] = "label",
    seed: int,
) -> None:
    """Train a small convolutional net to read tones, from labels alone or from frames, and read it by several rules.

    Args:
        run: of the lab.
        steps: training steps.
        examples: sequences to train on.
        asked: sequences to be asked about.
        width: channels of the net.
        batch: sequences a step.
        target: what the net is told, the label (CTC) or the tone of every frame (cross-entropy).
        seed: of weights, order and tones.
    """
    known, unseen = make_tones(examples, seed=1_000 + seed), make_tones(asked, seed=2_000 + seed)
    sound, truth, labels, frames, lengths = (torch.from_numpy(part).to(run.device) for part in known)
    net = _net(width).to(run.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)

    def loss(_: int) -> Tensor:
        rows = torch.randint(examples, (batch,), device=run.device)
        log_probs = _read(net, sound[rows])
        if target == "label":
            return (ctc_loss(log_probs, labels[rows], frames[rows], lengths[rows]) / lengths[rows]).mean()
        inside = (torch.arange(truth.shape[1], device=run.device) < frames[rows, None]).T
        return F.nll_loss(log_probs[inside], truth[rows].T[inside])

    train(run, net, loss, optimizer, steps=steps, every=20)
    with torch.inference_mode():
        log_probs = _read(net.eval(), torch.from_numpy(unseen.sound).to(run.device)).cpu()
    read = [log_probs[:count, i] for i, count in enumerate(unseen.frames)]
    paths = [one.argmax(-1).tolist() for one in read]
    wanted = [label[:length].tolist() for label, length in zip(unseen.labels, unseen.lengths, strict=True)]
    readings = {
        "merge_first": [collapse(path) for path in paths],
        "blanks_first": [[symbol for symbol, _ in groupby(filter(None, path))] for path in paths],
        "once_a_span": [_once_a_span(path) for path in paths],
        "beam": [list(ctc_prefix_beam(one, width=8)[0][0]) for one in read],
    }
    doubled = np.array([len(list(groupby(label))) < len(label) for label in wanted])
    for name, found in readings.items():
        errors = np.array([edit_distance(one, label) for one, label in zip(found, wanted, strict=True)])
        run.save(
            **{
                f"errors_{name}": float(errors.sum() / unseen.lengths.sum()),
                f"right_{name}": float((errors == 0).mean()),
                f"right_doubled_{name}": float((errors[doubled] == 0).mean()),
                f"right_single_{name}": float((errors[~doubled] == 0).mean()),
            }
        )
    truths = [truth[:count].tolist() for truth, count in zip(unseen.truth, unseen.frames, strict=True)]
    run.save(
        doubled=float(doubled.mean()),
        silent_frames=float(np.mean(np.concatenate(truths) == 0)),
        blank_frames=float(np.mean(np.concatenate(paths) == 0)),
        inside=_inside(paths, truths, wanted),
        example=read[0].exp().double().numpy(),
        example_truth=np.array(truths[0], dtype=np.float64),
    )


def _net(width: int) -> nn.Sequential:
    """(B, F, T) to (B, K, T); a frame sees four frames to each side."""
    return nn.Sequential(
        nn.Conv1d(FEATURES, width, 5, padding=2),
        nn.SiLU(),
        nn.Conv1d(width, width, 5, padding=2),
        nn.SiLU(),
        nn.Conv1d(width, TONES + 1, 1),
    )


def _read(net: nn.Module, sound: Tensor) -> Tensor:
    """Sound (B, T, F) to log-probabilities (T, B, K)."""
    out: Tensor = net(sound.transpose(1, 2)).permute(2, 0, 1).log_softmax(-1)
    return out


def _once_a_span(path: Sequence[int]) -> list[int]:
    """Each symbol once between two blanks, anywhere in its span."""
    spans = [list(span) for silent, span in groupby(path, key=lambda symbol: symbol == 0) if not silent]
    return [symbol for span in spans for symbol in dict.fromkeys(span)]


def _inside(paths: list[list[int]], truths: list[list[int]], wanted: list[list[int]]) -> float:
    """Of the tones in labels read right, the share that sound in the middle of the frames that name them.

    The middle, since where a tone begins is uncertain under noise even to a net that is told every frame.
    """
    hits = []
    for path, truth, label in zip(paths, truths, wanted, strict=True):
        if collapse(path) == label:
            pairs = zip(_spans(path), _spans(truth), strict=True)
            hits += [start <= (first + last - 1) // 2 < end for (first, last), (start, end) in pairs]
    return float(np.mean(hits)) if hits else 0.0


def _spans(path: list[int]) -> list[tuple[int, int]]:
    """First frame of each run of one symbol other than 0, and the frame after its last."""
    ends = np.cumsum([len(list(run)) for _, run in groupby(path)]).tolist()
    return [(start, end) for (symbol, _), start, end in zip(groupby(path), [0, *ends], ends, strict=False) if symbol]
