"""Mutants: edits to a project that may change what its experiments leave, by kind of edit."""
