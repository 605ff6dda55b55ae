"""Architectures, one idea per file."""
