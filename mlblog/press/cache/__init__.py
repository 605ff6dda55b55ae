"""Caches that persist between builds: outputs by key, and whole pages."""
