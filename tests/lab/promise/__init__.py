"""Attacks on the one promise: no record stays fresh when the code or data behind it means something else now."""
