"""The look of figures: one style, bands over seeds, labels at lines; frames, modules, sounds, networks to try.

Colours are those of Okabe and Ito, distinguishable with any colour vision, in an order that also keeps their
lightness apart; each has its own dash pattern, so that nothing depends on colour alone. Figures are drawn in
black on white: the press redraws them for a dark background.
"""

from mlblog.figures.attention import attention
from mlblog.figures.blocks import diagram
from mlblog.figures.extremes import extremes
from mlblog.figures.look import COLOURS, FACE, band, label_lines, reference, spread, style
from mlblog.figures.sequence import Frames, frames
from mlblog.figures.sound import Sound, sound, spectrogram
from mlblog.figures.trial import Trial, try_it

__all__ = [
    "COLOURS",
    "FACE",
    "Frames",
    "Sound",
    "Trial",
    "attention",
    "band",
    "diagram",
    "extremes",
    "frames",
    "label_lines",
    "reference",
    "sound",
    "spectrogram",
    "spread",
    "style",
    "try_it",
]
