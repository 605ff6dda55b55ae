"""Observing: what a run reads and executes, and whether its manifest covers it."""
