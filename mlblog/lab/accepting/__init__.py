"""Accepting: keeping records under other code that computes the same."""
