"""Static, function-level fingerprints of first-party code."""

from mlblog.lab.fingerprint.code import Code
from mlblog.lab.fingerprint.resolve import Node

__all__ = ["Code", "Node"]
