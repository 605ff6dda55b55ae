"""Data that travels with the package or is generated from a seed, each source with its digest."""
