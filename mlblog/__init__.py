"""An ML blog and its generator: posts whose blocks all ran, and whose numbers all link to their runs."""

__version__ = "0.1.0"
