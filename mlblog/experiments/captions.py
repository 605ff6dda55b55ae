"""Pictures from captions: symbols one after another against noise taken away, at equal cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from mlblog.experiments.captions_drawn import (
    BATCH,
    Rival,
    fit,
    fit_tokenizer,
    multiplications,
    noise,
    symbols,
)
from mlblog.experiments.captions_read import (
    GROUPS,
    JUDGED,
    TEST,
    TRAIN,
    VALIDATION,
    Captioned,
    captioned,
    fit_matcher,
    fit_reader,
    fulfilled,
    groups_of,
    kept,
    read_by,
    told,
    turned,
    variety,
)
from mlblog.lab import Run, experiment
from mlblog.models.image_tokenizer import ImageTokenizer
from mlblog.models.text_to_image import reranked

RIVALS = ("symbols", "noise")
RATES = (3e-3, 1e-2, 3e-2)
STRENGTHS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
PER_NOISE = 1.8  # steps of symbols for each of noise: about the same time
WATCHED = 2.0  # strength of guidance in training curves
SAMPLES, REPEATED = 8, 40  # how many draws of how many captions measure variety
SHOWN = (4, 2, 2)  # captions of each group whose pictures are kept
ATTRIBUTES = ("colours", "kinds", "shapes", "placed", "all")
SMOKE = {"steps": 2, "drawn": 640, "entries": 16, "judging": 2}
FULL = {"drawn": 2_000_000, "entries": 1_024}


def parts_of(drawn: int, device: str) -> tuple[Captioned, Captioned, Captioned]:
    """Pictures to train on, to validate on, and to test on: of `drawn`, and of a fifth as many and a fifth."""
    counts = {TRAIN: drawn, VALIDATION: drawn // 5, TEST: drawn // 5}
    known, held, test = (captioned(count, seed=seed, device=device) for seed, count in counts.items())
    return known.where(groups_of(known.words) == 0), held.where(groups_of(held.words) == 0), test


def made(rival: str, width: int, tokenizer: ImageTokenizer, seed: int, device: str) -> Rival:
    """An untrained rival."""
    return symbols(tokenizer, width, seed) if rival == "symbols" else noise(width, seed, device)


def steps_of(rival: str, steps: int) -> int:
    """Training steps of a rival, given those of the diffusion model."""
    return round(PER_NOISE * steps) if rival == "symbols" else steps


@experiment(
    smoke={"widths": [16], **SMOKE},
    small={"steps": 400},
    full={"steps": 5_000, "widths": [32, 64, 128], **FULL},
    seeds=1,
)
def caption_rates(
    run: Run,
    *,
    steps: int,
    widths: list[int] = [16, 32, 64],  # noqa: B006  # read, never changed
    drawn: int = 100_000,
    entries: int = 256,
    judging: int = 1_200,
    seed: int,
) -> None:
    """Train both rivals shortly at each of the `RATES`, and keep the validation losses.

    Args:
        run: of the lab.
        steps: training steps of noise at each rate; symbols have `PER_NOISE` times as many.
        widths: sizes of the networks.
        drawn: pictures to train on, before those with other shapes or captions are left out.
        entries: of the codebook.
        judging: training steps of the tokenizer.
        seed: of weights, order and noise.
    """
    run.save(rates=np.array(RATES))
    known, held, _ = parts_of(drawn, run.device)
    tokenizer = fit_tokenizer(known, held, entries=entries, steps=judging, seed=seed)
    for width in run.progress(widths, "tune"):
        for rival in RIVALS:
            found = []
            for rate in RATES:
                net = made(rival, width, tokenizer, seed, run.device)
                curves, _ = fit(net, known, held, rate=rate, steps=steps_of(rival, steps), seed=seed + 100)
                found.append(curves.values("validation").min())
            run.save(**{f"validation {rival} {width}": np.array(found),
                        f"rate {rival} {width}": RATES[int(np.argmin(found))]})  # fmt: skip


@experiment(
    smoke={"widths": [16], "asked": 4, "choices": 2, **SMOKE},
    small={"steps": 1_500},
    full={"steps": 40_000, "asked": 1_000, "widths": [32, 64, 128], **FULL},
    seeds=3,
    reads=["caption_rates"],
)
def caption_pictures(
    run: Run,
    *,
    steps: int,
    widths: list[int] = [16, 32, 64],  # noqa: B006  # read, never changed
    drawn: int = 100_000,
    entries: int = 256,
    judging: int = 1_200,
    asked: int = 300,
    choices: int = 16,
    seed: int,
) -> None:
    """Train both rivals at three sizes, and read what they draw for captions that were seen and for new ones.

    Args:
        run: of the lab.
        steps: training steps of noise; symbols have `PER_NOISE` times as many.
        widths: sizes of the networks, the largest last.
        drawn: pictures to train on, before those with other shapes or captions are left out.
        entries: of the codebook.
        judging: training steps of the tokenizer, of the reader and of the matcher.
        asked: captions of each group.
        choices: draws of which one is chosen.
        seed: of weights, order, noise and draws.
    """
    rates = caption_rates.runs(scale=run.scale)
    known, held, test = parts_of(drawn, run.device)
    lessons = captioned(drawn // 2, seed=JUDGED, device=run.device)
    reader = fit_reader(lessons, held, hidden=24, steps=judging, seed=seed)
    matcher = fit_matcher(known, held, hidden=24, steps=judging, seed=seed)
    begun = time.process_time()
    tokenizer = fit_tokenizer(known, held, entries=entries, steps=judging, seed=seed)
    run.measure(**{"seconds tokenizer": time.process_time() - begun})
    run.save(**{"parameters tokenizer": sum(weight.numel() for weight in tokenizer.parameters())})
    group = groups_of(test.words)
    asks = [test.where(torch.nonzero(group == number)[:asked, 0]) for number in range(len(GROUPS))]

    def read(images: Tensor, words: Tensor) -> dict[str, float]:
        return fulfilled(read_by(reader, images), words)

    def save_groups(name: str, images: list[Tensor]) -> None:
        found = [read(some, ask.words) for some, ask in zip(images, asks, strict=True)]
        run.save(**{f"{key} {name}": np.array([one[key] for one in found]) for key in ATTRIBUTES})

    save_groups("real", [ask.images for ask in asks])
    save_groups("tokens", [_through(tokenizer, ask.images) for ask in asks])
    save_groups("others", [ask.images.roll(1, 0) for ask in asks])
    save_groups("retrieved", [_retrieved(known, ask.words) for ask in asks])
    shown = [ask.where(torch.arange(min(count, len(ask.words)))) for ask, count in zip(asks, SHOWN, strict=True)]
    words = torch.cat([some.words for some in shown])
    run.save(strengths=np.array(STRENGTHS), captions=words.cpu().numpy(),
             shown_real=kept(torch.cat([some.images for some in shown])))  # fmt: skip
    near = matcher.near(asks[0].images, asks[0].words)
    wrong = {"others": asks[0].words.roll(1, 0), "turned": turned(asks[0].words)}
    run.save(**{f"matched {name}": (near > matcher.near(asks[0].images, other)).double().mean().item()
                for name, other in wrong.items()})  # fmt: skip
    checked = held.where(torch.arange(min(asked, len(held.words))))
    for width in run.progress(widths, "train"):
        for rival in RIVALS:
            net, generator = made(rival, width, tokenizer, seed, run.device), torch.Generator().manual_seed(seed)
            size, some = sum(weight.numel() for weight in net.net.parameters()), known.where(torch.arange(BATCH))
            run.save(**{f"parameters {rival} {width}": size,
                        f"multiplications {rival} {width}": multiplications(net, some)})  # fmt: skip

            def right(strength: float, ask: Captioned = checked, net: Rival = net) -> dict[str, float]:
                return read(net.draw(ask.words, strength, generator), ask.words)  # noqa: B023  # called within the loop

            curves, seconds = fit(
                net,
                known,
                held,
                rate=rates.mean(f"rate {rival} {width}"),
                steps=steps_of(rival, steps),
                seed=seed,
                watch=lambda: right(WATCHED)["all"],
            )
            run.measure(**{f"seconds {rival} {width}": seconds})
            run.save(**{f"validation {rival} {width}": curves.values("validation"),
                        f"steps {rival} {width}": curves.steps_of("validation"),
                        f"watched {rival} {width}": curves.values("watched")})  # fmt: skip
            chosen = STRENGTHS[int(np.argmax([right(strength)["all"] for strength in STRENGTHS]))]
            run.save(**{f"strength {rival} {width}": chosen})
            save_groups(f"{rival} {width}", [net.draw(ask.words, chosen, generator) for ask in asks])
            save_groups(f"{rival} {width} plain", [net.draw(ask.words, 1.0, generator) for ask in asks])
            if width == widths[-1]:
                _save_swept(run, rival, right, net, asks[0], words, seed)
                for name, strength in ((rival, 1.0), (f"{rival}, guided", chosen)):
                    draw = partial(net.draw, strength=strength, generator=generator)
                    _save_ranked(run, name, partial(read_by, reader), matcher.near, draw, asks[0], choices)
    repeated = asks[0].words[:REPEATED]
    run.save(variety_real=variety(_same(known, repeated)))


def counted(choices: int) -> list[int]:
    """1, 2, 4, … draws, to `choices`."""
    return [2**power for power in range(choices.bit_length())]


def _through(tokenizer: ImageTokenizer, images: Tensor) -> Tensor:
    """Pictures as their symbols tell them."""
    with torch.inference_mode():
        return tokenizer.decode(tokenizer.quantizer(tokenizer.encode(images)).codes).clamp(-1, 1)


def _retrieved(known: Captioned, words: Tensor) -> Tensor:
    """For each caption the first training picture that shows most of what it says."""
    asked, shown = told(words), told(known.words)
    agree = torch.stack([(one == shown).sum(1) for one in asked])  # (n, known)
    return known.images[agree.argmax(1)]


def _same(known: Captioned, words: Tensor) -> Tensor:
    """Training pictures for captions that are seen, (8, B, 3, S, S), by what they say; fewer are repeated."""
    asked, shown = told(words), told(known.words)
    columns = []
    for one in asked:
        rows = torch.nonzero((one == shown).all(1))[:, 0]
        columns.append(known.images[rows[torch.arange(SAMPLES) % len(rows)]] if len(rows) else known.images[:SAMPLES])
    return torch.stack(columns, dim=1)


def _save_swept(
    run: Run, rival: str, right: Callable[..., dict[str, float]], net: Rival, ask: Captioned, words: Tensor, seed: int
) -> None:
    """What draws show, and how varied they are, by strength of guidance; some pictures from the same chance at each."""
    found, varied, shown = [], [], []
    for strength in run.progress(STRENGTHS, f"guide {rival}"):
        found.append(right(strength, ask))
        generator = torch.Generator().manual_seed(seed)
        shown.append(kept(net.draw(words, strength, generator)))
        draws = net.draw(ask.words[:REPEATED].repeat(SAMPLES, 1), strength, generator)
        varied.append(variety(draws.view(SAMPLES, -1, *draws.shape[1:])))
    run.save(**{f"{key} {rival} by strength": np.array([one[key] for one in found]) for key in ATTRIBUTES})
    run.save(**{f"variety {rival}": np.array(varied), f"shown {rival}": np.stack(shown)})


def _save_ranked(
    run: Run,
    name: str,
    read: Callable[[Tensor], Tensor],
    near: Callable[[Tensor, Tensor], Tensor],
    draw: Callable[[Tensor], Tensor],
    ask: Captioned,
    choices: int,
) -> None:
    """The draw that the matcher likes best of 1, 2, 4, …, against the mean draw and against any right one."""
    words = ask.words[: (len(ask.words) + 1) // 2]
    draws = torch.stack([draw(words) for _ in range(choices)])
    scores = torch.stack([near(some, words) for some in draws])
    flags = torch.stack([(read(some) == told(words)).all(1) for some in draws]).double()
    counts = counted(choices)
    run.save(**{
        f"chosen {name}": np.array([reranked(flags[:n], scores[:n]).mean().item() for n in counts]),
        f"any {name}": np.array([flags[:n].amax(0).mean().item() for n in counts]),
        f"random {name}": flags.mean().item(),
    })  # fmt: skip
