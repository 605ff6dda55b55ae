"""An ML blog and its generator: posts whose every block ran, and whose every number names its run."""

__version__ = "0.1.0"
