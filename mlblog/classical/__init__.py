"""Classical methods in NumPy, one idea per file."""
