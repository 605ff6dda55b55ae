"""Renaming an experiment without orphaning its records."""
