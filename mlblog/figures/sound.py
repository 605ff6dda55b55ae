"""A sound that readers play, with its spectrogram and a transcript."""

from __future__ import annotations

import base64
import html
import io
import wave
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mlblog.figures.look import COLOURS

RANGE, STEP = 60.0, 4.0  # of the shades, in dB below the loudest; a picture of few shades is a small file


@dataclass(frozen=True)
class Sound:
    """A picture and a sound.

    Attributes:
        still: the spectrogram.
        wav: the file that is played.
        transcript: what is heard, in words.
    """

    still: Figure
    wav: bytes
    transcript: str

    def __repr__(self) -> str:
        return f"<a sound of {len(self.wav):,} bytes>"

    def _repr_html_(self) -> str:
        """The picture and the player, in a plain notebook."""
        drawn = io.BytesIO()
        self.still.savefig(drawn, format="png")
        picture, heard = (base64.b64encode(content).decode() for content in (drawn.getvalue(), self.wav))
        return (
            f'<img src="data:image/png;base64,{picture}"><p>'
            f'<audio controls src="data:audio/wav;base64,{heard}"></audio></p><p>{html.escape(self.transcript)}</p>'
        )


def sound(samples: np.ndarray, *, rate: int, transcript: str, title: str = "") -> Sound:
    """Draw the spectrogram of a sound and offer to play it; as the last line of a cell it is the cell's figure.

    The shades are powers in windows of about 20 ms, from the loudest down to 60 dB below it in steps of 4 dB.

    Args:
        samples: shape (T,), from -1 to 1; beyond that the sound is clipped.
        rate: samples a second.
        transcript: what is heard, for those who do not hear it.
        title: of the picture.

    Raises:
        ValueError: fewer samples than a window, a sample that is not finite, or no transcript.

    Example:
        >>> beep = sound(np.sin(np.arange(4000) / 2), rate=4000, transcript="A beep of 318 Hz.")
        >>> beep, beep.still.axes[0].get_ylabel()
        (<a sound of 8,044 bytes>, 'kHz')
    """
    samples = np.asarray(samples, dtype=float)
    window = 2 ** round(np.log2(rate / 50))
    if samples.ndim != 1 or len(samples) < window or not np.isfinite(samples).all():
        raise ValueError(f"samples must be finite and of shape (T,), T at least {window}, got {samples.shape}")
    if not transcript.strip():
        raise ValueError("a sound needs a transcript: what is heard, for those who do not hear it")
    figure, ax = plt.subplots(figsize=(5.6, 1.7))
    power = spectrogram(samples, window)
    shades = np.empty((*power.shape, 4))
    # see-through, so that they are right on any ground
    shades[..., :3] = to_rgb(COLOURS["blue"])
    decibels = 10 * np.log10(np.maximum(power / max(power.max(), 1e-30), 1e-30))
    shades[..., 3] = np.clip(1 + np.round(decibels / STEP) * STEP / RANGE, 0, 1)
    end = len(samples) / rate
    ax.imshow(shades, origin="lower", aspect="auto", interpolation="none", extent=(0, end, 0, rate / 2000))
    ax.set(xlabel="seconds", ylabel="kHz", title=title)
    ax.grid(visible=False)
    plt.close(figure)  # the cell would show it on its own as well
    return Sound(figure, _wav(samples, rate), " ".join(transcript.split()))


def spectrogram(samples: np.ndarray, window: int) -> np.ndarray:
    """Power by frequency and time, in Hann windows that overlap by half.

    Args:
        samples: shape (T,).
        window: samples of a window, W.

    Returns:
        Shape (W / 2 + 1, 1 + (T - W) // (W // 2)), from frequency 0 to half the sampling rate.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[:: window // 2]
    found: np.ndarray = np.abs(np.fft.rfft(frames * np.hanning(window + 1)[:-1], axis=1)).T ** 2
    return found


def _wav(samples: np.ndarray, rate: int) -> bytes:
    """A file of 16 bits a sample."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.rint(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return file.getvalue()
