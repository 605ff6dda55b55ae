"""Weekly goals: read, carried over, judged."""
