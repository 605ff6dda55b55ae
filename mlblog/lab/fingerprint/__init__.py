"""Static, function-level fingerprints of first-party code."""

from mlblog.lab.fingerprint.code import Code, Node

__all__ = ["Code", "Node"]
